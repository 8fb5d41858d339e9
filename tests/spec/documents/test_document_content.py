"""One document: as JSON, or its bytes as what they are, never as something a browser would run."""

import base64
from typing import Any

import pytest

from carecord.bundles_api.documents import choose_media_type
from tests.support.samples import sample_line
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

PDF = b"%PDF-1.7\nmade up\n"
SAME = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17"}


def content(document_id: str = "DOC-1", **fields: Any) -> dict[str, Any]:
    told = {"DocumentId": document_id, "Content": base64.b64encode(PDF).decode(), "SizeBytes": len(PDF)}
    return sample_line("P-1", "content", **(told | fields))


def load(sandpit: Sandpit, *lines: dict[str, Any]) -> None:
    loaded = sandpit.load(tenancy_line(2), patient_line("P-1", **SAME), *lines)
    assert loaded.rejects is None, loaded.rejects.read_text()


def path(sandpit: Sandpit, document_id: str = "DOC-1") -> str:
    return f"/documents/patients/{sandpit.detail_id(2, 'P-1')}/documents/{document_id}/content"


def test_by_itself_it_is_json_with_the_bytes_as_base64(sandpit: Sandpit) -> None:
    load(sandpit, content())

    answer = sandpit.get(path(sandpit))

    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert base64.b64decode(answer.json()["Content"]) == PDF


def test_to_one_who_accepts_its_type_it_is_the_bytes(sandpit: Sandpit) -> None:
    load(sandpit, content(MimeType="application/pdf", FileName="letter.pdf"))

    answer = sandpit.get(path(sandpit), headers={"Accept": "application/pdf"})

    assert (answer.status_code, answer.content) == (200, PDF)
    assert {
        name: answer.headers[name]
        for name in ("content-type", "content-disposition", "x-content-type-options", "cache-control", "vary")
    } == {
        "content-type": "application/pdf",
        "content-disposition": "attachment; filename=\"letter.pdf\"; filename*=UTF-8''letter.pdf",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "vary": "Accept",
    }


def test_to_one_who_accepts_neither_it_is_not_given(sandpit: Sandpit) -> None:
    load(sandpit, content(MimeType="application/pdf"))

    answer = sandpit.get(path(sandpit), headers={"Accept": "image/png"})

    assert answer.status_code == 406


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/*", "application/json"),
        ("application/pdf", "application/pdf"),
        ("application/pdf, */*;q=0.1", "application/pdf"),
        ("application/json;q=0.5, application/pdf", "application/pdf"),
        ("application/json, application/pdf;q=0.5", "application/json"),
        ("APPLICATION/PDF", "application/pdf"),
        ("*/*, application/json;q=0", "application/pdf"),
        ("text/html, image/*", None),
        ("application/json;q=0", None),
        ("application/pdf;q=nonsense", None),
        (",,;;", None),
    ],
)
def test_what_is_given_follows_what_is_accepted(accept: str, chosen: str | None) -> None:
    assert choose_media_type(accept, "application/pdf") == chosen


@pytest.mark.parametrize(
    ("stored", "plain"),
    [
        ("letter 1.pdf", "letter 1.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\letters\\new.pdf", "new.pdf"),
        ('a"b\r\nSet-Cookie: x=1.pdf', "a_b__Set-Cookie_ x_1.pdf"),
        ("Überweisung.pdf", "_berweisung.pdf"),
        (".htaccess", "htaccess"),
        ("...", "document"),
        (None, "document"),
    ],
)
def test_its_file_name_can_be_misread_by_no_header_or_folder(
    sandpit: Sandpit, stored: str | None, plain: str
) -> None:
    load(sandpit, content(FileName=stored, MimeType="application/pdf"))

    answer = sandpit.get(path(sandpit), headers={"Accept": "application/pdf"})

    disposition = answer.headers["content-disposition"]
    assert disposition.startswith(f'attachment; filename="{plain}"; filename*=UTF-8')
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("stored", ["text/html\r\nX-Made-Up: 1", "not a type", "a/b; charset=utf-8; x=y"])
def test_a_type_that_is_none_is_given_as_plain_bytes(sandpit: Sandpit, stored: str) -> None:
    load(sandpit, content(MimeType=stored))

    answer = sandpit.get(path(sandpit), headers={"Accept": "application/octet-stream"})

    assert (answer.headers["content-type"], answer.content) == ("application/octet-stream", PDF)


def test_a_page_of_html_is_not_run_as_ours(sandpit: Sandpit) -> None:
    load(sandpit, content(MimeType="text/html"))

    answer = sandpit.get(path(sandpit), headers={"Accept": "text/html"})

    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"].startswith("attachment")


def test_a_document_of_another_patient_is_not_found_by_this_one(sandpit: Sandpit) -> None:
    load(sandpit, content())
    sandpit.load(tenancy_line(2), patient_line("P-2"))

    other = f"/documents/patients/{sandpit.detail_id(2, 'P-2')}/documents/DOC-1/content"

    assert sandpit.get(other).status_code == 404
    assert sandpit.get(path(sandpit, "DOC-2")).status_code == 404


def test_any_linked_id_gives_it(sandpit: Sandpit) -> None:
    load(sandpit, content())
    sandpit.load(tenancy_line(1), patient_line("P-1", **SAME))

    answer = sandpit.get(f"/documents/patients/{sandpit.detail_id(1, 'P-1')}/documents/DOC-1/content")

    assert answer.json() == sandpit.get(path(sandpit)).json()


def test_a_restricted_one_is_not_found_without_the_restricted_scope(sandpit: Sandpit) -> None:
    load(
        sandpit,
        content(),
        sample_line("P-1", "DocumentsList", DocumentId="DOC-1", Confidentiality="Restricted"),
    )
    secret = sandpit.add_client("plain", scopes=["documents.read"])
    headers = sandpit.headers_of("plain", secret, sandpit.subscribe("plain").primary_key)

    assert sandpit.get(path(sandpit), headers=headers).status_code == 404
    assert sandpit.get(path(sandpit)).status_code == 200
