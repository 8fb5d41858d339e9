"""Clients that submit, and what they need of the sandpit."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.support.sandpit import Sandpit, tenancy_line

WRITE = "data-submission.write"
GP, TRUST, OTHER = 1, 2, 3
"""Source systems that the sandpit knows."""


class Submitter:
    """A client of Data Submission."""

    def __init__(
        self, sandpit: Sandpit, client_id: str, *, tenancies: list[int] | None, scopes: tuple[str, ...] = ()
    ) -> None:
        secret = sandpit.add_client(client_id, scopes=[WRITE, *scopes], tenancies=tenancies)
        key = sandpit.subscribe(client_id).primary_key
        self.sandpit = sandpit
        self.client_id = client_id
        self.headers = sandpit.headers_of(client_id, secret, key)

    def call(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        url = f"/data-submission/patients{path}"
        return self.sandpit.http.request(method, url, headers=self.headers, json=body)

    def create(self, **fields: Any) -> httpx2.Response:
        return self.call("POST", "", patient(**fields))

    def update(self, patient_detail_id: Any, **fields: Any) -> httpx2.Response:
        return self.call("PUT", f"/{patient_detail_id}", patient(**fields))

    def new_record(self, **fields: Any) -> int:
        """The patient detail ID of a record that this makes."""
        answer = self.create(**fields)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["PatientDetailId"])

    def submit(
        self,
        patient_detail_id: int,
        *items: dict[str, Any],
        to: str = "acute/DiagnosesSummaryList",
        **more: Any,
    ) -> httpx2.Response:
        return self.call("POST", f"/{patient_detail_id}/{to}", {"Items": list(items)} | more)

    def outcomes(self, *arguments: Any, **options: Any) -> list[str]:
        """What became of each item of a submission."""
        answer = self.submit(*arguments, **options)
        assert answer.status_code == 200, answer.text
        return [one["Outcome"] for one in answer.json()["ItemResults"]]


def patient(**fields: Any) -> dict[str, Any]:
    """A body of Create Patient; what is not given is that of a made-up patient whom nothing links."""
    return {
        "TenancyId": TRUST,
        "PatientNumber": "T-1",
        "Surname": "Testperson",
        "DateOfBirth": "1970-01-01",
    } | fields


def item(source_item_id: str | None = None, /, updated: str | None = None, **fields: Any) -> dict[str, Any]:
    """An item of a submission."""
    return {"SourceItemId": source_item_id, "SourceUpdatedDate": updated, "Item": fields}


def errors_of(answer: httpx2.Response) -> dict[str, str]:
    """The fields at fault and their rules, of a refusal."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    return {error["field"]: error["message"] for error in answer.json()["errors"]}


def total(sandpit: Sandpit, path: str) -> int:
    answer = sandpit.get(path)
    assert answer.status_code == 200, answer.text
    found: int = answer.json()["TotalItemCount"]
    return found


NewSubmitter = Callable[..., Submitter]


@pytest.fixture
def sources(sandpit: Sandpit) -> Sandpit:
    """The sandpit with three source systems and no patient."""
    sandpit.load(tenancy_line(GP, "Surgery"))
    sandpit.load(tenancy_line(TRUST, "Trust", "Acute"))
    sandpit.load(tenancy_line(OTHER, "Other trust", "Acute"))
    return sandpit


@pytest.fixture
def submitter(sources: Sandpit) -> NewSubmitter:
    """Makes clients that submit."""

    def make(client_id: str, *scopes: str, tenancies: list[int] | None = None) -> Submitter:
        return Submitter(sources, client_id, tenancies=tenancies, scopes=scopes)

    return make


@pytest.fixture
def trust(submitter: NewSubmitter) -> Submitter:
    """The client of the trust's systems: it may write for the trust alone."""
    return submitter("trust", tenancies=[TRUST])


@pytest.fixture
def engine(submitter: NewSubmitter) -> Submitter:
    """An integration engine: it may write for every source."""
    return submitter("engine")
