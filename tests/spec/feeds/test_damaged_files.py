"""Files that are cut, damaged, empty or of no known source: what came whole is kept, the rest is told."""

import gzip
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
import zstandard

from tests.spec.feeds.conftest import Feeds
from tests.support.sandpit import entry_line, patient_line, tenancy_line

HEADER = tenancy_line(1, "Millbrook Surgery (GP record)")
BROKEN_OFF = "breaks off or is damaged here; nothing after it is loaded"


def feed(rows: int) -> bytes:
    """A feed that compresses badly, so that a cut leaves whole lines before it."""
    letters = random.Random(7)
    lines: list[dict[str, Any]] = [HEADER, patient_line("P1")]
    for row in range(rows):
        noise = "".join(letters.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=400))
        item = {"Date": "2021-11-04T00:00:00", "Rubric": "ASPIRIN disp tabs 75mg", "Dosage": noise}
        lines.append(entry_line("P1", "GpRepeatMedicationsList", item, SourceItemId=f"M{row}"))
    return b"\n".join(json.dumps(line).encode() for line in lines)


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda content: content,
    "gzip": gzip.compress,
    "zstd": lambda content: zstandard.ZstdCompressor(write_checksum=True).compress(content),
    "gzip in several members": lambda content: gzip.compress(content[:5000]) + gzip.compress(content[5000:]),
    "zstd in several frames": lambda content: (
        zstandard.ZstdCompressor(write_checksum=True).compress(content[:5000])
        + zstandard.ZstdCompressor(write_checksum=True).compress(content[5000:])
    ),
    "with a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "with Windows line ends": lambda content: content.replace(b"\n", b"\r\n"),
    "with blank lines": lambda content: b"\n \n" + content.replace(b"\n", b"\n\n") + b"\n\n",
}


@pytest.mark.parametrize("form", COMPRESSED)
def test_each_form_of_a_file_loads_the_same(feeds: Feeds, form: str) -> None:
    loaded = feeds.load_bytes(COMPRESSED[form](feed(30)))

    assert (loaded.lines, loaded.patients, loaded.entries, loaded.rejected) == (32, 1, 30, 0)
    assert len(feeds.items()) == 30


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_what_came_before_a_cut_is_kept(feeds: Feeds, form: str) -> None:
    whole = COMPRESSED[form](feed(2000))

    loaded = feeds.load_bytes(whole[: len(whole) // 2])

    kept = len(feeds.items())
    assert 0 < kept == loaded.entries < 2000
    assert feeds.refused(loaded) == [(kept + 3, "file", BROKEN_OFF)]

    again = feeds.load_bytes(whole)

    assert (again.entries_added, again.entries_changed, again.rejected) == (2000 - kept, 0, 0)
    assert again.rejects is None


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_a_damaged_file_is_told_and_never_half_a_line_of_it_stored(feeds: Feeds, form: str) -> None:
    content = bytearray(COMPRESSED[form](feed(2000)))
    content[len(content) // 2 : len(content) // 2 + 64] = bytes(64)

    loaded = feeds.load_bytes(bytes(content))

    assert loaded.rejected >= 1
    assert [field for _, field, _ in feeds.refused(loaded)][-1] == "file"
    assert all(len(item["Dosage"]) == 400 for item in feeds.items())


def test_a_plain_file_cut_within_a_line_costs_that_line(feeds: Feeds) -> None:
    loaded = feeds.load_bytes(feed(10)[:-20])

    assert feeds.refused(loaded) == [(12, "line", "must be one JSON object")]
    assert len(feeds.items()) == 9


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", gzip.compress(b"", mtime=0), b"\xef\xbb\xbf"])
def test_an_empty_file_is_told(feeds: Feeds, content: bytes) -> None:
    loaded = feeds.load_bytes(content)

    assert feeds.refused(loaded) == [(1, "Tenancy", "must be named by the first line; the file is empty")]
    assert loaded.lines == 0


NO_HEADER = "must be named by the first line; nothing of this file is loaded"


@pytest.mark.parametrize(
    ("first", "field", "rule"),
    [
        (patient_line("P0"), "Tenancy", NO_HEADER),
        (
            {"Tenancy": {"TenancyId": 1, "TenancyDescription": "Millbrook"}},
            "Tenancy.SystemKind",
            "must be given",
        ),
        (
            {"Tenancy": {"TenancyId": "1", "TenancyDescription": "Millbrook", "SystemKind": "GP"}},
            "Tenancy.TenancyId",
            "expected `int`, got `str`",
        ),
        ({"Tenancy": {"TenancyId": 0}}, "Tenancy.TenancyId", "expected `int` >= 1"),
        (b"{", "line", "must be one JSON object"),
    ],
)
def test_a_file_of_no_known_source_is_not_loaded(feeds: Feeds, first: Any, field: str, rule: str) -> None:
    loaded = feeds.load(first, patient_line("P1"))

    expected = {(1, field, rule), (1, "Tenancy", NO_HEADER)}
    assert set(feeds.refused(loaded)) == expected
    assert feeds.value("SELECT count(*) FROM patient_index.patient_record") == 0


def test_a_second_header_of_the_same_source_costs_one_line(feeds: Feeds) -> None:
    loaded = feeds.load(HEADER, patient_line("P1"), HEADER, patient_line("P2"))

    assert feeds.refused(loaded) == [(3, "Tenancy", "must stand on the first line and nowhere else")]
    assert loaded.patients == 2


def test_a_header_of_another_source_ends_the_file(feeds: Feeds) -> None:
    """Two feeds in one file: the second one's patients must not become the first one's."""
    loaded = feeds.load(HEADER, patient_line("P1"), tenancy_line(2), patient_line("P2"))

    assert feeds.refused(loaded) == [
        (3, "Tenancy", "is another source than the first line's; nothing from here on is loaded")
    ]
    rows = feeds.connection.execute(
        "SELECT tenancy_id, source_key FROM patient_index.patient_record"
    ).fetchall()
    assert rows == [(1, "P1")]


def test_a_source_may_be_renamed_by_a_later_feed(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1"))

    feeds.load(tenancy_line(1, "Millbrook Medical Centre"), patient_line("P1"))

    assert feeds.value("SELECT description FROM patient_index.tenancy") == "Millbrook Medical Centre"
    assert feeds.value("SELECT count(*) FROM patient_index.patient_record") == 1


def test_one_file_may_serve_two_sources_one_after_the_other(feeds: Feeds) -> None:
    """The same name for the file and for the patient, another tenancy: another record."""
    feeds.load(HEADER, patient_line("P1"))

    feeds.load(tenancy_line(2), patient_line("P1"))

    rows = feeds.connection.execute(
        "SELECT tenancy_id, source_key FROM patient_index.patient_record ORDER BY 1"
    ).fetchall()
    assert rows == [(1, "P1"), (2, "P1")]


def test_the_reject_file_of_an_earlier_run_goes_when_nothing_is_refused(feeds: Feeds) -> None:
    first = feeds.load(HEADER, b"{", patient_line("P1"))
    assert first.rejects is not None
    assert first.rejects.exists()

    second = feeds.load(HEADER, patient_line("P1"))

    assert second.rejects is None
    assert not first.rejects.exists()


def test_each_load_is_kept_with_what_became_of_it(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1"), b"{", patient_line("P2"), name="millbrook.ndjson")

    row = feeds.connection.execute(
        "SELECT file_name, tenancy_id, lines, patients, entries, rejected, ended_at > started_at"
        " FROM ingest.load"
    ).fetchone()
    assert row == ("millbrook.ndjson", 1, 4, 2, 0, 1, True)
