"""SEKMET, the black-box suite for FHIR servers: a hospital that works through the running server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from carecord.db.connect import Database
from tests.support.fhir_clients import add_fhir_client
from tests.support.served import Served

NOT_SERVED = {
    "billing_claim": "Coverage, Account, ChargeItem, Claim and ClaimResponse are not served",
    "messaging_adt_orders": "there is no $process-message",
    "subscription_roundtrip": "Subscription is not served",
    "subscription_backport_roundtrip": "Subscription is not served",
}
"""What these scenarios need and the server has not; SEKMET is not asked to run them."""

SCENARIOS = (
    "conformance_smoke",
    "adt_admit_transfer_discharge",
    "adt_merge_update",
    "appointment_book_cancel",
    "bulk_export_group",
    "clinical_documentation",
    "lab_order_to_result",
    "medication_order_dispense",
    "rad_order_imaging_report",
    # The server's side is to fill an order in this one: a laboratory of the test does it.
    "lab_order_peer_fills",
)


@pytest.fixture
def settings(served: Served, database: Database, tmp_path: Path) -> Path:
    """SEKMET's settings: our server is its peer `carecord`, to which it signs in as any client does."""
    client = add_fhir_client(database, "sekmet")
    peer = {
        "base_url": f"{served.url}/fhir/R4",
        "roles": ["lab-filler"],
        "auth": {
            "type": "client_credentials",
            "client_id": client.client_id,
            "client_secret": client.secret,
        },
    }
    (tmp_path / "sekmet").mkdir()
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump({"data_dir": str(tmp_path / "sekmet"), "peers": {"carecord": peer}}))
    return file


def test_every_scenario_is_run_or_said_to_need_what_is_not_served() -> None:
    library = Path(_package_folder()) / "scenarios" / "library"

    assert {one.stem for one in library.glob("*.yaml")} == {*SCENARIOS, *NOT_SERVED}


def test_a_hospital_registers_treats_orders_books_merges_and_exports(settings: Path) -> None:
    with laboratory(settings):
        results = run_scenarios(settings, *SCENARIOS)

    assert {name: troubles(result) for name, result in results.items()} == {name: [] for name in SCENARIOS}


def run_scenarios(settings: Path, *names: str) -> dict[str, dict[str, Any]]:
    """What came of each scenario, as SEKMET's own command reports it."""
    reports = settings.parent / "reports"
    command = [sys.executable, "-c", "from sekmet.cli import app; app()", "scenario", "run", *names]
    options = ["--peer", "carecord", "--no-serve", "--config", str(settings), "--report-dir", str(reports)]
    done = subprocess.run(
        [*command, *options], cwd=settings.parent, capture_output=True, text=True, timeout=240, check=False
    )
    (report,) = reports.glob("*/results.json")
    results = json.loads(report.read_text())
    assert len(results) == len(names), done.stdout + done.stderr
    return dict(zip(names, results, strict=True))


def troubles(result: dict[str, Any]) -> list[str]:
    """Every step that did not pass, skipped ones and mere warnings too."""
    found = [
        f"{step['name']}: {step['status']}: {step['message']}"
        for step in result["steps"]
        if step["status"] != "passed"
    ]
    return [*found, *([result["error"]] if result["error"] else [])]


@contextmanager
def laboratory(settings: Path) -> Iterator[None]:
    """A laboratory that fills the orders on the server, until the block ends."""
    folder = settings.parent / "lab"
    folder.mkdir()
    own = yaml.safe_load(settings.read_text()) | {"data_dir": str(folder)}
    file = folder / "settings.yaml"
    file.write_text(yaml.safe_dump(own))
    command = [sys.executable, "-m", "tests.support.fhir_lab", str(file), "carecord"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def _package_folder() -> str:
    import sekmet

    return str(Path(sekmet.__file__).parent)
