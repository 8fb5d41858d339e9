"""`carecord demo`: the main job done once before your eyes, over HTTP, then the sandpit stays up."""

import json
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table

from carecord.access.token_endpoint import TOKEN_PATH
from carecord.catalogue.acute import ACUTE_INPATIENT_EPISODES
from carecord.catalogue.alerts import ALERTS
from carecord.catalogue.demographics import FIND_PATIENT
from carecord.catalogue.gp import GP_REPEAT_MEDICATIONS
from carecord.cli import sandpit, sandpit_fhir
from carecord.cli.sandpit import Credentials, Holding
from carecord.cli.terminal import failing_clearly, open_database, out
from carecord.fhir_api.addresses import BASE_PATH as FHIR_PATH
from carecord.kernel.settings import Settings

READ = (GP_REPEAT_MEDICATIONS, ACUTE_INPATIENT_EPISODES, ALERTS)
"""The collections that the demonstration reads through each linked detail ID."""

SYSTEMS = 5
_SHOWN_LINES = 14

Answers = dict[int, dict[str, Any]]
"""What each patient detail ID answered, by collection."""


class StepFailed(Exception):
    """A step of the demonstration did not hold."""


def demo(
    people: Annotated[int, typer.Option(min=0, help="How many made-up people.")] = 2000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same people.")] = 1,
    port: Annotated[int, typer.Option(help="Port of the sandpit.")] = 8080,
    once: Annotated[
        bool, typer.Option("--once", help="End after the main job; status 0 if each step held.")
    ] = False,
) -> None:
    """Start the sandpit, do the main job once with each request and answer shown, and stay up."""
    settings = Settings(port=port)
    _end_in_order_when_told_to()
    with failing_clearly(), open_database(settings) as database:
        out.rule("[bold]carecord: the sandpit[/]")
        with database.connect() as connection:
            sandpit.fill(settings, connection, Holding(people, seed))
            client = sandpit.credentials(settings, connection)
            with sandpit.serving(settings) as server:
                try:
                    Demonstration(settings, client, connection).run()
                except StepFailed as failure:
                    out.print(f"\n[bold red]✗ {failure}[/]")
                    raise typer.Exit(1) from failure
                if not once:
                    sandpit_fhir.tell_how_to_call(settings, connection)
                    _stay_up(settings, client, server)


def _end_in_order_when_told_to() -> None:
    """A closed terminal or a `kill` ends the server and the database too, as Ctrl-C does."""
    for told in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(told) is not signal.SIG_IGN:
            signal.signal(told, lambda number, _: sys.exit(128 + number))


class Demonstration:
    """The main job: token, Find Patient, reads through each linked ID, un-link, re-link."""

    def __init__(self, settings: Settings, client: Credentials, connection: psycopg.Connection[Any]) -> None:
        self._settings = settings
        self._client = client
        self._connection = connection
        self._headers: dict[str, str] = {}

    def run(self) -> None:
        self._link_what_an_earlier_run_left_apart()
        self._get_token()
        rows = self._find_patient()
        sources = {int(row["PatientDetailId"]): str(row["TenancyDescription"]) for row in rows}
        ids = list(sources)
        entries = self._entry_ids(ids)
        together = self._read_through(sources, show_answers=True)
        self._check(
            all(answer == together[ids[0]] for answer in together.values()),
            f"Each of the {len(ids)} detail IDs gave the same answer, {self._counts(together[ids[0]])}.",
        )
        leaving, staying = ids[1:3], [ids[0], *ids[3:]]
        self._unlink(leaving, staying)
        self._load_again()
        apart = self._read_through(sources)
        halves = [apart[leaving[0]], apart[staying[0]]]
        self._check(
            all(apart[one] == halves[0] for one in leaving)
            and all(apart[one] == halves[1] for one in staying),
            f"The two halves answer apart: {self._counts(halves[0])}; {self._counts(halves[1])}.",
        )
        self._check(
            all(
                halves[0][name]["TotalItemCount"] + halves[1][name]["TotalItemCount"]
                == together[ids[0]][name]["TotalItemCount"]
                for name in halves[0]
            )
            and halves[0] != halves[1],
            "Together they hold exactly what the whole held.",
        )
        self._check(
            self._entry_ids(ids) == entries,
            f"Every detail ID and each of their {len(entries)} entry IDs is what it was.",
        )
        self._relink(leaving, staying)
        again = self._read_through(sources)
        self._check(again == together, "Linked again, each detail ID answers for the whole person as before.")
        self._check(self._entry_ids(ids) == entries, "And still no ID has changed.")

    def _get_token(self) -> None:
        self._step("A token by client credentials")
        basic = b64encode(f"{self._client.client_id}:{self._client.client_secret}".encode()).decode()
        status, body = self._call(
            "POST",
            "/oauth2/token",
            headers={"Authorization": f"Basic {basic}"},
            form={"grant_type": "client_credentials"},
            show=lambda answer: answer | {"access_token": answer["access_token"][:24] + "…"},
        )
        self._check(status == 200, "A token was issued.")
        self._headers = {
            "Authorization": f"Bearer {body['access_token']}",
            "Ocp-Apim-Subscription-Key": self._client.primary_key,
        }

    def _find_patient(self) -> list[dict[str, Any]]:
        self._step(f"Find Patient, for a person known to {SYSTEMS} source systems")
        known = self._known_person()
        status, body = self._call(
            "POST",
            FIND_PATIENT.path,
            headers=self._headers,
            body={"AllTenancies": True, "NhsNumber": known["NhsNumber"], "DateOfBirth": known["DateOfBirth"]},
            show=_only_links,
        )
        self._check(status == 200, "Find Patient answered.")
        rows: list[dict[str, Any]] = body[str(FIND_PATIENT.collection)]
        ids = {row["PatientDetailId"] for row in rows}
        self._check(
            len(rows) >= SYSTEMS
            and all(
                {linked["PatientDetailId"] for linked in row["LinkedPatients"]}
                == ids - {row["PatientDetailId"]}
                for row in rows
            ),
            f"One row for each of {len(rows)} source records; each names the {len(rows) - 1} linked to it.",
        )
        return sorted(rows, key=lambda row: int(row["PatientDetailId"]))

    def _read_through(self, sources: dict[int, str], *, show_answers: bool = False) -> Answers:
        self._step(f"{', '.join(operation.title for operation in READ)}, through each detail ID")
        for operation in READ:
            out.print(f"[bold]GET {self._settings.base_url}{operation.path}[/]", soft_wrap=True, markup=True)
        answers: Answers = {}
        for patient_detail_id in sources:
            answers[patient_detail_id] = {}
            for operation in READ:
                path = operation.path.replace("{patientDetailId}", str(patient_detail_id))
                status, body = self._send("GET", path, headers=self._headers)
                self._check(status == 200, f"GET {path}: {status}", quiet=True)
                name = str(operation.collection)
                if show_answers and len(answers) == 1:
                    out.print(f"GET {path}")
                    self._show_answer(status, body | {name: body[name][:1]})
                answers[patient_detail_id][name] = body
        table = Table(box=None)
        table.add_column("ID", justify="right")
        table.add_column("record of", ratio=1)
        for operation in READ:
            table.add_column(operation.title, justify="right")
        for patient_detail_id, source in sources.items():
            counts = (body["TotalItemCount"] for body in answers[patient_detail_id].values())
            table.add_row(str(patient_detail_id), source, *map(str, counts))
        out.print(table)
        return answers

    def _unlink(self, leaving: list[int], staying: list[int]) -> None:
        self._step(f"Un-link {_listed(leaving)} from {_listed(staying)}: a lasting decision")
        self._command("index", "unlink", *map(str, leaving), "--reason", "Demonstration", "--by", "demo")

    def _load_again(self) -> None:
        self._step("Load a feed that knows the person again: the decision stands, nothing doubles")
        tenancies = {record["TenancyId"] for record in self._known_person()["Records"]}
        feeds = [
            feed
            for feed in sandpit.feeds_folder(self._settings).glob("*.ndjson*")
            if int(feed.name.split("-")[0]) in tenancies
        ]
        smallest = min(feeds, key=lambda feed: feed.stat().st_size)
        self._command("load", str(smallest), may_refuse=True)

    def _relink(self, leaving: list[int], staying: list[int]) -> None:
        self._step("Link the two halves again")
        self._command(
            "index", "link", str(leaving[0]), str(staying[0]), "--reason", "Demonstration", "--by", "demo"
        )

    def _link_what_an_earlier_run_left_apart(self) -> None:
        # By the records themselves: what else holds this NHS number need not be hers.
        ids = [
            row[0]
            for row in self._connection.execute(
                "SELECT min(patient_detail_id) FROM patient_index.patient_record"
                " WHERE source_key = ANY(%s) GROUP BY person_id ORDER BY 1",
                ([record["SourcePatientId"] for record in self._known_person()["Records"]],),
            )
        ]
        for other in ids[1:]:
            self._command(
                "index",
                "link",
                str(ids[0]),
                str(other),
                "--reason",
                "Left by an earlier demonstration",
                "--by",
                "demo",
            )

    def _known_person(self) -> dict[str, Any]:
        file = sandpit.feeds_folder(self._settings) / "known-people.json"
        people: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))
        return next(one for one in people if len(one["Records"]) == SYSTEMS)

    def _entry_ids(self, ids: list[int]) -> list[tuple[int, int]]:
        return self._connection.execute(
            "SELECT patient_detail_id, entry_id FROM clinical_store.entry"
            " WHERE patient_detail_id = ANY(%s) ORDER BY 1, 2",
            (ids,),
        ).fetchall()

    # How a step is shown.

    def _step(self, title: str) -> None:
        out.print()
        out.rule(f"[bold]{title}[/]", align="left")

    def _check(self, held: bool, what: str, *, quiet: bool = False) -> None:
        if not held:
            raise StepFailed(f"Did not hold: {what}")
        if not quiet:
            out.print(f"[green]✓[/] {what}", soft_wrap=True)

    @staticmethod
    def _counts(answer: dict[str, Any]) -> str:
        names = {str(operation.collection): operation.title.lower() for operation in READ}
        return ", ".join(f"{body['TotalItemCount']} {names[name]}" for name, body in answer.items())

    def _command(self, *words: str, may_refuse: bool = False) -> None:
        out.print(f"[bold]$ carecord {' '.join(words)}[/]", soft_wrap=True)
        done = subprocess.run(
            [sys.executable, "-m", "carecord", *words], capture_output=True, text=True, check=False
        )
        out.print(done.stdout.rstrip(), markup=False)
        allowed = (0, 3) if may_refuse else (0,)
        self._check(
            done.returncode in allowed, f"carecord {words[0]}: {done.stderr.strip()[-500:]}", quiet=True
        )

    def _call(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        body: dict[str, Any] | None = None,
        form: dict[str, str] | None = None,
        show: Callable[[dict[str, Any]], dict[str, Any]] = lambda answer: answer,
    ) -> tuple[int, dict[str, Any]]:
        sent = json.dumps(body) if body is not None else urllib.parse.urlencode(form or {})
        out.print(f"[bold]{method} {self._settings.base_url}{path}[/]\n{sent}", soft_wrap=True)
        status, answer = self._send(method, path, headers=headers, body=body, form=form)
        self._show_answer(status, show(answer) if status < 300 else answer)
        return status, answer

    def _show_answer(self, status: int, answer: dict[str, Any]) -> None:
        lines = json.dumps(answer, indent=1, ensure_ascii=False).splitlines()
        if len(lines) > _SHOWN_LINES:
            lines = [*lines[:_SHOWN_LINES], f" … {len(lines) - _SHOWN_LINES} more lines"]
        out.print(
            Panel(Syntax("\n".join(lines), "json", word_wrap=True), title=str(status), title_align="left")
        )

    def _send(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        body: dict[str, Any] | None = None,
        form: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        content = None
        if body is not None:
            content, headers = json.dumps(body).encode(), headers | {"Content-Type": "application/json"}
        elif form is not None:
            content = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(  # noqa: S310
            self._settings.base_url + path, data=content, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"{}")


def _only_links(answer: dict[str, Any]) -> dict[str, Any]:
    rows = answer[str(FIND_PATIENT.collection)]
    return {
        str(FIND_PATIENT.collection): [
            {
                "PatientDetailId": row["PatientDetailId"],
                "TenancyDescription": row["TenancyDescription"],
                "…": "…",
                "LinkedPatients": ", ".join(one["PatientDetailId"] for one in row["LinkedPatients"]),
            }
            for row in rows
        ],
        "TotalItemCount": answer["TotalItemCount"],
    }


def _listed(ids: list[int]) -> str:
    return ", ".join(map(str, ids))


def _stay_up(settings: Settings, client: Credentials, server: "subprocess.Popen[bytes]") -> None:
    out.print()
    out.rule("[bold]The sandpit is up; Ctrl-C ends it[/]", align="left")
    for what, value in (
        ("API reference", f"{settings.base_url}/"),
        ("OpenAPI", f"{settings.base_url}/openapi.json"),
        ("Postman", f"{settings.base_url}/postman/collection.json"),
        ("token URL", f"{settings.base_url}{TOKEN_PATH}"),
        ("FHIR base", f"{settings.base_url}{FHIR_PATH}"),
        ("secondary key", client.secondary_key),
        ("known people", str(sandpit.feeds_folder(settings) / "known-people.json")),
    ):
        out.print(f"{what:<15}{value}", soft_wrap=True, markup=False)
    _print_exports(
        "For the shell that you call from",
        {
            "CARECORD": settings.base_url,
            "CLIENT_ID": client.client_id,
            "CLIENT_SECRET": client.client_secret,
            "SUBSCRIPTION_KEY": client.primary_key,
        },
    )
    commands = shlex.quote(str(Path(sys.executable).parent))
    _print_exports(
        "To use the carecord command on this sandpit",
        {
            "CARECORD_DATA": shlex.quote(str(settings.data.absolute())),
            "PATH": f'{commands}:"$PATH"',
        },
    )
    try:
        server.wait()
    except KeyboardInterrupt:
        out.print("Stopping.")
        return
    raise typer.Exit(1)


def _print_exports(what_for: str, values: dict[str, str]) -> None:
    """Lines to paste into a shell: whole, however narrow the terminal."""
    out.print(f"\n{what_for}:\n")
    for name, value in values.items():
        out.print(f"  export {name}={value}", soft_wrap=True, markup=False)
