"""What the OpenAPI document says is what happens: calls made up from it, right and wrong ones, keep to it.

`CARECORD_TEST_EXAMPLES=100` makes a longer look of it, at the limits of every parameter of every operation.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from carecord.app import Process
from carecord.bundles_api.index_operations import AS_OF, EXPLANATION, OTHER_PATIENT_DETAIL_ID, PATIENT_INDEX
from carecord.catalogue import BUNDLES
from carecord.catalogue.demographics import FIND_PATIENT
from carecord.catalogue.documents import DOCUMENT_CONTENT
from carecord.catalogue.pathology import ORDER_DETAILS
from carecord.catalogue.samples import sample_of
from carecord.catalogue.worklists import WORKLIST_BEHAVIOUR, WORKLIST_DATA
from carecord.cli.clients import all_read_scopes
from carecord.db.embedded import Held
from carecord.kernel.settings import Settings
from tests.support.live_server import serve
from tests.support.postgres import new_database
from tests.support.samples import load_every_kind_of_row
from tests.support.sandpit import Sandpit, open_sandpit

LONG = "CARECORD_TEST_EXAMPLES" in os.environ
EXAMPLES = os.environ.get("CARECORD_TEST_EXAMPLES", "2")

# Which criteria a worklist takes is told by its behaviour, not by the document.
# Nor can it tell which times are yet to come, or come twice in autumn.
REFUSES_SOME = "checks.positive_data_acceptance.enabled = false"

FORMATS = '''"""Formats that schemathesis does not know, and how integers are written."""

import datetime

import schemathesis
from hypothesis import strategies as st

times = st.datetimes(min_value=datetime.datetime(1000, 1, 1))
schemathesis.openapi.format("date-time-local", times.map(lambda time: time.isoformat(timespec="seconds")))
schemathesis.openapi.format("nhs-number", st.sampled_from(["9990123454", "999 012 3454"]))


@schemathesis.hook
def map_body(context, body):
    """To JSON Schema 1.0 is an integer; whoever writes an integer as JSON writes 1."""
    if isinstance(body, dict):
        return {name: map_body(context, value) for name, value in body.items()}
    if isinstance(body, list):
        return [map_body(context, value) for value in body]
    return int(body) if isinstance(body, float) and body.is_integer() else body
'''


@dataclass(frozen=True, slots=True)
class Target:
    """A live server with a patient who has a row of every kind, and a folder with the settings to call it."""

    address: str
    folder: Path

    def call(self, *options: str) -> None:
        """Let schemathesis make calls; fails with its report when an answer is not as the document says."""
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "schemathesis.cli",
                *("--config-file", "schemathesis.toml", "--no-color"),
                *("run", f"{self.address}/openapi.json"),
                *("--generation-deterministic", "--no-shrink"),
                *options,
            ],
            cwd=self.folder,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "formats", "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]


@pytest.fixture(scope="module")
def target(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("schemathesis")
    with new_database(migrated_template) as database, open_sandpit(database, folder) as sandpit:
        for tenancy_id in (1, 2):
            load_every_kind_of_row(sandpit, tenancy_id)
        made = Settings(data=folder / "data", database_url=database.url, browse_by_surname=True)
        with serve(Process(made, database)) as address:
            (folder / "formats.py").write_text(FORMATS)
            (folder / "schemathesis.toml").write_text(configuration(sandpit, address))
            yield Target(address, folder)


def configuration(sandpit: Sandpit, address: str) -> str:
    """Token and key, and for each word of a path a value that is there."""
    families = (*BUNDLES, PATIENT_INDEX)
    secret = sandpit.add_client("caller", scopes=[*all_read_scopes(), PATIENT_INDEX.scope])
    key = sandpit.subscribe("caller", bundles=[one.slug for one in families]).primary_key
    given = sandpit.headers_of("caller", secret, key)
    headers = "\n".join(f'{name} = "{value}"' for name, value in given.items())
    values = {
        ORDER_DETAILS: ("documentId", sample_of(ORDER_DETAILS).item["DocumentInformation"]["DocumentId"]),
        DOCUMENT_CONTENT: ("documentId", sample_of(DOCUMENT_CONTENT).item["DocumentId"]),
        WORKLIST_BEHAVIOUR: ("worklistId", "WL-DN-HART"),
        WORKLIST_DATA: ("worklistId", "WL-DN-HART"),
        EXPLANATION: (OTHER_PATIENT_DETAIL_ID, sandpit.detail_id(2, "P")),
    }
    operations = "".join(
        f"""
[[operations]]
include-operation-id = "{operation.operation_id}"
{REFUSES_SOME if operation is WORKLIST_DATA else ""}
[operations.parameters]
"path.{name}" = "{value}"
"""
        for operation, (name, value) in values.items()
    )
    return f"""
base-url = "{address}"
[headers]
{headers}
[parameters]
"path.patientDetailId" = "{sandpit.detail_id(1, "P")}"
{operations}
[[operations]]
include-operation-id = "{AS_OF.operation_id}"
{REFUSES_SOME}
"""


def test_calls_of_every_operation_keep_to_the_document(target: Target) -> None:
    target.call("--phases", "examples,fuzzing" if LONG else "fuzzing", "--max-examples", EXAMPLES)


def test_calls_at_the_limits_of_every_parameter_keep_to_the_document(target: Target) -> None:
    looked_at = (FIND_PATIENT, DOCUMENT_CONTENT, WORKLIST_DATA)
    chosen = [f"--include-operation-id={operation.operation_id}" for operation in looked_at]
    target.call("--phases", "coverage", *([] if LONG else chosen))
