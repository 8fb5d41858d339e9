"""What indexing remembers of texts has an end, however long the texts that clients send."""

from carecord.fhir_api.indexing.texts import LONGEST_KNOWN, remembering


def test_short_texts_are_remembered_and_long_ones_are_not() -> None:
    made = remembering(lambda *texts: object())
    short, long = "x" * LONGEST_KNOWN, "x" * (LONGEST_KNOWN + 1)

    assert made(short) is made(short)
    assert made("name", short) is made("name", short)
    for texts in ((long,), ("name", long), ("name", long, "code")):
        assert made(*texts) is not made(*texts)
