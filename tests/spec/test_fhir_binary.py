"""Binary: the bytes themselves for those who accept their media type, the resource for all others."""

import base64
from collections.abc import Iterator

import pytest

from carecord.db.embedded import Held
from tests.support.fhir import FHIRClient, Json, fhir_of_a_module

BYTES = b"%PDF-1.7 made up"


@pytest.fixture(scope="module")
def fhir(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FHIRClient]:
    with fhir_of_a_module(migrated_template, tmp_path_factory.mktemp("fhir")) as client:
        yield client


@pytest.fixture
def binary(fhir: FHIRClient) -> Json:
    data = base64.b64encode(BYTES).decode()
    return fhir.create({"resourceType": "Binary", "contentType": "application/pdf", "data": data})


@pytest.mark.parametrize(
    "accept", ["application/pdf", "image/png, application/pdf;q=0.5", "application/pdf, text/*"]
)
def test_who_accepts_its_media_type_is_given_the_bytes_to_keep(
    fhir: FHIRClient, binary: Json, accept: str
) -> None:
    answer = fhir.get(f"/Binary/{binary['id']}", accept=accept)

    assert (answer.status_code, answer.content) == (200, BYTES)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize(
    "accept", ["*/*", "application/fhir+json", "application/fhir+json, application/pdf;q=0.1"]
)
def test_who_accepts_a_resource_is_given_the_resource(fhir: FHIRClient, binary: Json, accept: str) -> None:
    answer = fhir.get(f"/Binary/{binary['id']}", accept=accept)

    assert answer.json() == binary


def test_what_is_neither_a_resource_nor_the_bytes_is_not_acceptable(fhir: FHIRClient, binary: Json) -> None:
    for path in (f"/Binary/{binary['id']}", "/Patient/1"):
        answer = fhir.get(path, accept="image/png")

        assert answer.status_code == 406
        assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_media_type_that_would_break_the_header_is_given_as_a_resource_alone(fhir: FHIRClient) -> None:
    odd = fhir.create({"resourceType": "Binary", "contentType": "text/html x", "data": "AAAA"})

    answer = fhir.get(f"/Binary/{odd['id']}", accept="text/*")

    assert answer.status_code == 406
