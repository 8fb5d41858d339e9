"""Forms and preferences, patches and conditions of a call: what headers say, and what is refused."""

import pytest

from carecord.fhir_api.bundle_entries import has_condition, renamed
from carecord.fhir_api.negotiation import Preferences, preferences_of
from carecord.fhir_api.paging_links import Pages
from carecord.fhir_api.preconditions import expected_version
from carecord.kernel.errors import BadRequest, NotAcceptable


@pytest.mark.parametrize(
    ("accept", "xml"),
    [
        ("", False),
        ("*/*", False),
        ("application/fhir+json", False),
        ("application/xml", True),
        ("application/fhir+xml; fhirVersion=4.0", True),
        ("application/fhir+json; fhirVersion=3.0, application/fhir+xml", True),
        ("text/html, application/xml;q=0.9, */*;q=0.8", True),
        ("application/fhir+xml;q=0.2, application/fhir+json;q=0.9", False),
        ("application/fhir+xml;q=0, */*", False),
        ("application/fhir+ndjson", False),
    ],
)
def test_accept_chooses_the_form(accept: str, *, xml: bool) -> None:
    assert preferences_of([], {b"accept": accept.encode()}).xml is xml


@pytest.mark.parametrize("accept", ["text/csv", "application/fhir+json; fhirVersion=5.0", "image/*"])
def test_a_form_that_cannot_be_given_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        preferences_of([], {b"accept": accept.encode()})


def test_prefer_is_read_as_rfc_7240_has_it() -> None:
    prefer = b'return=minimal; foo, Handling="strict", respond-async'

    assert preferences_of([], {b"prefer": prefer}) == Preferences(
        returns="minimal", strict=True, respond_async=True
    )
    assert preferences_of([], {b"prefer": b"return=everything"}) == Preferences()


@pytest.mark.parametrize(
    ("header", "version"),
    [(None, None), ("*", None), ('W/"3"', "3"), ('"12"', "12"), ('W/"3.1763890000123"', "3.1763890000123")],
)
def test_if_match_names_a_version(header: str | None, version: str | None) -> None:
    assert expected_version(header) == version


@pytest.mark.parametrize("header", ["3", 'W/"three"', 'W/"3", W/"4"', ""])
def test_an_if_match_that_names_none_is_refused(header: str) -> None:
    with pytest.raises(BadRequest):
        expected_version(header)


def test_only_elements_that_name_resources_are_renamed_and_only_what_changes_is_copied() -> None:
    resource = {
        "identifier": [{"value": "urn:uuid:1"}],
        "subject": {"reference": "urn:uuid:1"},
        "code": {"text": "urn:uuid:1"},
        "extension": [{"url": "http://a.example", "valueUri": "urn:uuid:1"}],
    }

    def rename(name: str, text: str) -> str:
        return "Patient/7" if text == "urn:uuid:1" else text

    made = renamed(resource, rename)

    assert made == resource | {
        "subject": {"reference": "Patient/7"},
        "extension": [{"url": "http://a.example", "valueUri": "Patient/7"}],
    }
    assert made["identifier"] is resource["identifier"]
    assert resource["subject"] == {"reference": "urn:uuid:1"}
    assert renamed(made, rename) is made
    assert not has_condition(made)
    assert has_condition({"entry": [{"subject": {"reference": "Patient?identifier=1"}}]})


def test_what_a_page_link_holds_cannot_be_read_or_made_by_others(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    sealed = Pages(folder).seal("one", {"asked": [["name", "secret-word"]]})

    assert "secret-word" not in sealed
    # Every process of the folder has the same key.
    assert Pages(folder).open("one", sealed) == {"asked": [["name", "secret-word"]]}
    assert (folder / "pages.key").stat().st_mode & 0o077 == 0
    for client, text in (("other", sealed), ("one", sealed[:-8] + "AAAAAA=="), ("one", ""), ("one", "é")):
        with pytest.raises(BadRequest):
            Pages(folder).open(client, text)
    with pytest.raises(BadRequest):
        Pages(tmp_path_factory.mktemp("others")).open("one", sealed)
