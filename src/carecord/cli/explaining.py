"""`carecord index explain`: why two records are linked, or are not."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from carecord.cli.terminal import failing_clearly, open_database, out
from carecord.kernel.settings import Settings
from carecord.patient_index.explaining import Explanation, explain, waterfall

_OUTCOMES = {
    "link": "would be linked",
    "review": "would be put before a steward",
    "apart": "would stay apart",
}


def command(
    patient_detail_id: Annotated[int, typer.Argument(help="A record.")],
    other_patient_detail_id: Annotated[int, typer.Argument(help="Another.")],
    picture: Annotated[
        Path | None, typer.Option(help="Write the weights as a waterfall, an SVG file.")
    ] = None,
) -> None:
    """Show what each comparison of two records added, what stopped them, and every decision on them."""
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        found = explain(connection, patient_detail_id, other_patient_detail_id)
    _print(found)
    if picture is not None:
        picture.write_text(waterfall(found.pair), encoding="utf-8")


def _print(found: Explanation) -> None:
    a, b = found.patient_detail_ids
    table = Table(title=f"Records {a} and {b}, model {found.pair.model}")
    for heading in ("compared", "found", "bits", "against a relative"):
        table.add_column(heading, justify="right" if heading in ("bits", "against a relative") else "left")
    table.add_row("", "before anything is compared", f"{found.pair.prior:+.1f}", "")
    for one in found.pair.contributions:
        table.add_row(one.trait, one.found, f"{one.weight:+.1f}", f"{one.relative_weight:+.1f}")
    table.add_section()
    table.add_row("", "weight", f"{found.pair.weight:+.1f}", f"{found.pair.relative_weight:+.1f}")
    table.add_row("", "linked from", f"{found.pair.join:+.1f}", f"{found.pair.relative_join:+.1f}")
    out.print(table)
    for words in found.pair.guards:
        out.print(f"Guard: {words}.")
    out.print(
        f"By weights and guards alone the pair {_OUTCOMES[found.pair.outcome]}. "
        f"The records are {'' if found.one_person else 'not '}linked as one person."
    )
    for stored in found.decisions:
        past = f", superseded {stored.superseded_at:%d %b %Y %H:%M}" if stored.superseded_at else ""
        by = f"{stored.decided_by}, {stored.decided_at:%d %b %Y %H:%M}"
        out.print(f"Decision: {stored.decision} by {by}{past}{f': {stored.reason}' if stored.reason else ''}")
