"""`carecord index evaluate`: a set of known truth through the real arrival path."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
import typer
from psycopg import connect, sql
from rich.progress import Progress
from rich.table import Table

from carecord.cli.terminal import err, failing_clearly, open_database, out
from carecord.db.migrate import migrate
from carecord.kernel.errors import FieldError, SetUpError, Unprocessable
from carecord.kernel.settings import Settings
from carecord.patient_index.evaluating import Evaluation, Figures, Labelled, evaluate
from carecord.patient_index.normalise import identity_of
from carecord.patient_index.scoring import DEFAULT_MODEL, load_model

SCRATCH = "carecord_index_evaluation"

COLUMNS = {
    "person": "person_id",
    "source": "source",
    "NhsNumber": "nhs_number",
    "Forename": "forename",
    "MiddleNames": "middle_name",
    "Surname": "surname",
    "DateOfBirth": "dob",
    "Gender": "sex",
    "PostCode": "postcode",
    "AddressLine1": "address_line",
    "MobileTelephone": "mobile",
}
"""What a record is made of, and the column that holds it unless an option names another."""
UNVERIFIED = "02"
_NOT_NAME = re.compile(r"[\s,]+")
_TITLES = frozenset(
    ["of", "the", "baron", "sir", "earl", "baronet", "lord", "lady", "viscount", "duke", "marquess", "bt"]
)
INFANT_BORN_SINCE = "2025-11"


def command(
    files: Annotated[list[Path], typer.Argument(help="Parquet or CSV, one record a row.", exists=True)],
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=COLUMN[+COLUMN]: which columns hold PERSON, SOURCE or a field of demographics."
        ),
    ] = None,
    person_pattern: Annotated[
        str | None, typer.Option(help="The part of PERSON that names the person, a regular expression.")
    ] = None,
    model: Annotated[str, typer.Option(help="A model of the patient index.")] = DEFAULT_MODEL,
    at_once: Annotated[int, typer.Option(help="Records filed in one transaction.", min=1)] = 1,
    limit_persons: Annotated[int, typer.Option(help="Only one person in so many; all with 1.", min=1)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """File the records of a set of known truth into a scratch database, and say how well they were linked."""
    with failing_clearly(), open_database(Settings(), migrated=False) as database:
        rows = [row for file in files for row in _rows(file)]
        records = _labelled(
            rows, _mapping(column or []), re.compile(person_pattern) if person_pattern else None
        )
        if limit_persons > 1:
            kept = set(sorted({r.person for r in records})[::limit_persons])
            records = [r for r in records if r.person in kept]
        base = database.url
        with connect(base, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(SCRATCH)))
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(SCRATCH)))
        scratch = _with_name(base, SCRATCH)
        try:
            migrate(scratch)
            with connect(scratch, autocommit=True) as connection, Progress(console=err) as progress:
                task = progress.add_task("Filing", total=len(records))
                result = evaluate(
                    connection,
                    records,
                    model=load_model(model),
                    at_once=at_once,
                    on_progress=lambda done: progress.update(task, completed=done),
                )
        finally:
            with connect(base, autocommit=True) as admin:
                admin.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(SCRATCH))
                )
    if as_json:
        out.print_json(msgspec.json.encode(result.as_json()).decode())
    else:
        _print(result)


def _with_name(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _mapping(options: list[str]) -> dict[str, list[str]]:
    found = {name: [column] for name, column in COLUMNS.items()}
    for option in options:
        name, _, columns = option.partition("=")
        name = {"PERSON": "person", "SOURCE": "source"}.get(name, name)
        if name not in (*COLUMNS, "HomeTelephone", "PreviousSurname", "FullName") or not columns:
            raise Unprocessable(
                "An option is not understood.", errors=[FieldError("column", "must be NAME=COLUMN")]
            )
        found[name] = columns.split("+")
    return found


def _labelled(rows: list[dict[str, Any]], mapping: dict[str, list[str]], pattern: Any) -> list[Labelled]:
    fields = [name for name in mapping if name not in ("person", "source")]
    if rows and any(column not in rows[0] for column in mapping["person"]):
        raise Unprocessable(
            "The file does not say who is who.", errors=[FieldError("person", "is a column that is missing")]
        )
    records = []
    for row in rows:
        sent = {name: _text(row, mapping[name]) for name in fields}
        if "FullName" in sent:
            sent["MiddleNames"] = _between(sent["FullName"], sent["Forename"], sent["Surname"])
        identity = identity_of({**sent, "NhsNumberVerificationStatus": UNVERIFIED})
        person = _text(row, mapping["person"]) or ""
        if pattern is not None and (part := pattern.search(person)):
            person = part.group(part.lastindex or 0)
        source = _text(row, mapping["source"]) or "all"
        strata = {"source": source, "sex": identity.sex or "not known"}
        if identity.birth and identity.birth >= INFANT_BORN_SINCE.replace("-", ""):
            strata["age"] = "under 1"
        records.append(Labelled(identity, person, source, strata))
    return records


def _between(full_name: str | None, *known: str | None) -> str | None:
    """The names of a full name that are neither forename, surname nor title."""
    words = _NOT_NAME.split((full_name or "").lower())
    taken = {word for name in known for word in _NOT_NAME.split((name or "").lower())} | _TITLES
    return " ".join(word for word in words if word and word not in taken and not word[0].isdigit()) or None


def _text(row: dict[str, Any], columns: list[str]) -> str | None:
    return " ".join(str(row[column]).strip() for column in columns if row.get(column)) or None


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    if file.suffix.lower() in (".parquet", ".pq"):
        try:
            from pyarrow.parquet import read_table
        except ImportError as error:
            raise SetUpError("Parquet is read with pyarrow: install carecord[linkage].") from error
        yield from read_table(file).to_pylist()
    else:
        with file.open(encoding="utf-8-sig", newline="") as table:
            yield from csv.DictReader(table, skipinitialspace=True)


def _print(result: Evaluation) -> None:
    table = Table(title=f"{result.records:,} records of {result.persons:,} persons, model {result.model}")
    for heading in ("", "precision", "recall", "F1", "false links", "true pairs"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, figures in (
        ("all", result.overall),
        ("NHS number and date of birth", result.baseline),
        *result.strata.items(),
    ):
        table.add_row(name, *_cells(figures))
    out.print(table)
    out.print(
        f"Groups that mix people {result.overall.mixed_groups}; recall with review "
        f"{result.recall_with_review:.5f}; review tasks {result.review_tasks} "
        f"({result.as_json()['review_per_100k']} per 100,000 records); "
        f"blocking recall {result.blocking_recall:.5f}."
    )
    times = ", ".join(f"{name} {value} ms" for name, value in result.arrival_ms.items())
    out.print(f"{result.records_per_s:,} records a second; an arrival: {times}.")


def _cells(figures: Figures) -> list[str]:
    return [
        f"{figures.precision:.5f}",
        f"{figures.recall:.5f}",
        f"{figures.f1:.5f}",
        f"{figures.false_links:,}",
        f"{figures.true_pairs:,}",
    ]
