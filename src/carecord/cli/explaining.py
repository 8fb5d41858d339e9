"""`carecord index explain`: why two records are linked, or are not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from carecord.access.audit import AuditEvent, EventName, record
from carecord.bundles_api.link_answers import encode, explanation_answer
from carecord.cli.reviewing import Looking
from carecord.cli.terminal import failing_clearly, open_database, out
from carecord.kernel.errors import BadRequest
from carecord.kernel.local_time import UK
from carecord.kernel.settings import Settings
from carecord.patient_index.between_groups import Link
from carecord.patient_index.explaining import (
    Explanation,
    Guard,
    PairExplained,
    StoredDecision,
    explain,
)
from carecord.patient_index.seeing import Viewer, reading_at_once
from carecord.patient_index.waterfall import waterfall

SeeSealed = Annotated[bool, typer.Option("--sealed", help="Show sealed decisions too. The audit marks it.")]

_OUTCOMES = {
    "link": "[green]linked[/]",
    "review": "[yellow]a question to a steward[/]",
    "apart": "[red]kept apart[/]",
}
TIME = "%-d %b %Y %H:%M:%S"


def command(
    patient_detail_id: Annotated[int, typer.Argument(help="A record.")],
    other_patient_detail_id: Annotated[int, typer.Argument(help="Another.")],
    by: Looking,
    picture: Annotated[
        Path | None, typer.Option(help="Write the weights as a waterfall, an SVG file.", dir_okay=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    sealed: SeeSealed = False,
) -> None:
    """Show what each comparison of two records added, why they are linked or not, and every decision.

    It shows degrees of agreement and no patient's details. The audit keeps who looked.
    """
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        with reading_at_once(connection):
            found = explain(
                connection,
                patient_detail_id,
                other_patient_detail_id,
                viewer=Viewer(may_see_sealed=sealed),
            )
        record(
            connection,
            AuditEvent(
                event=EventName.LINK_EXPLAINED,
                user_id=by,
                patient_detail_ids=found.patient_detail_ids,
                restricted=sealed,
            ),
        )
        if picture is not None:
            _write(picture, found)
    if as_json:
        out.print(encode(explanation_answer(found)).decode(), soft_wrap=True, markup=False)
    else:
        _print(found)
        if picture is not None:
            out.print(f"The picture is in {escape(str(picture))}.", soft_wrap=True)


def _write(picture: Path, found: Explanation) -> None:
    a, b = found.patient_detail_ids
    try:
        picture.write_text(waterfall(found.pair, title=f"Records {a} and {b}"), encoding="utf-8")
    except OSError as error:
        raise BadRequest(f"{picture} cannot be written: {error.strerror}.") from error


def _print(found: Explanation) -> None:
    (a, b), pair = found.records, found.pair
    out.print(
        f"Records [bold]{a.patient_detail_id}[/] ({escape(a.source)}) and "
        f"[bold]{b.patient_detail_id}[/] ({escape(b.source)}) are "
        f"{'[bold green]one patient' if found.one_person else '[bold]two patients'}[/]."
    )
    for why in found.why:
        pairs = ", ".join(f"{x}–{y}" for x, y in why.pairs)
        out.print(f"  • {_sentence(why.words)}{f' ({pairs})' if pairs else ''}", markup=False)
    if len(found.path) > 1:
        out.print("\n[bold]The links that lead from one to the other[/]")
        out.print(links_table(found.path))
    out.print("\n[bold]What each comparison adds, in bits[/], against two strangers and two of one family")
    out.print(_weights_table(pair))
    if pair.not_compared:
        traits = ", ".join(trait.replace("_", " ") for trait in pair.not_compared)
        out.print(f"Nothing to compare: {traits}.", style="dim")
    for guard in pair.guards:
        out.print(f"[bold red]Guard:[/] {escape(guard.words)}.")
    if pair.certain and not pair.guards:
        out.print("NHS number and date of birth agree and the forename fits: the rule before all weights.")
    out.print(f"By weights and guards alone, with model {pair.model}: {_OUTCOMES[pair.outcome]}.")
    if found.decisions:
        out.print("\n[bold]Every decision on these two, the newest first[/]")
        out.print(_decisions_table(found.decisions))
    else:
        out.print("Nothing has been decided on these two.", style="dim")


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _weights_table(pair: PairExplained) -> Table:
    bars = pair.thresholds
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("found")
    table.add_column("strangers", justify="right")
    table.add_column("(rarity)", justify="right", style="dim")
    table.add_column("relatives", justify="right")
    table.add_row("before anything is compared", _bits(pair.prior), "", "")
    for one in pair.contributions:
        rarity = f"{one.rarity:+.1f}" if abs(one.rarity) >= 0.05 else ""
        table.add_row(one.found, _bits(one.weight), rarity, _bits(one.relative_weight))
    table.add_section()
    table.add_row(
        Text("in all", style="bold"),
        Text(f"{pair.weight:+.1f}", style="bold"),
        "",
        Text(f"{pair.relative_weight:+.1f}", style="bold"),
    )
    for words, strangers, relatives in (
        ("linked from", bars.join, bars.relative_join),
        ("stays linked from", bars.stay, bars.relative_stay),
        ("a steward is asked from", bars.review, bars.relative_review),
    ):
        table.add_row(Text(words, style="dim"), f"{strangers:+.1f}", "", f"{relatives:+.1f}", style="dim")
    return table


def _bits(bits: float) -> Text:
    style = "green" if bits >= 0.05 else "red" if bits <= -0.05 else "dim"
    return Text(f"{bits:+.1f}", style=style)


def links_table(links: Sequence[Link]) -> Table:
    """Links in force, a row each."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("records", "by", "rule", "since"):
        table.add_column(heading)
    table.add_column("weight", justify="right")
    for link in links:
        table.add_row(
            f"{link.record_a} – {link.record_b}",
            escape(link.decided_by),
            link.rule,
            f"{link.decided_at.astimezone(UK):{TIME}}",
            "" if link.weight is None else f"{link.weight:+.1f}",
        )
    return table


def _decisions_table(decisions: tuple[StoredDecision, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("decided", "what", "by", "rule, weight and model then", "why"):
        table.add_column(heading, overflow="fold")
    for one in decisions:
        ended = "" if one.superseded_at is None else f"\nuntil {one.superseded_at.astimezone(UK):{TIME}}"
        table.add_row(
            f"{one.decided_at.astimezone(UK):{TIME}}{ended}",
            Text(one.decision, style="bold" if one.in_force else "")
            + Text("\nin force" if one.in_force else "", style="green")
            + Text("\nsealed" if one.sealed else "", style="magenta"),
            escape(one.decided_by),
            escape(_basis(one)),
            escape(_reasons(one)),
            style="" if one.in_force else "dim",
        )
    return table


def _basis(one: StoredDecision) -> str:
    if one.weight is None or one.relative_weight is None:
        return one.rule
    return f"{one.rule}: {one.weight:+.1f}, against relatives {one.relative_weight:+.1f}\n{one.model}"


def _reasons(one: StoredDecision) -> str:
    said = [one.reason or "", *_words(one.guards)]
    if one.withdrawn_by is not None:
        said.append(f"taken back by {one.withdrawn_by}: {one.withdrawal_reason or ''}")
    return "\n".join(text for text in said if text)


def _words(guards: tuple[Guard, ...]) -> list[str]:
    return [guard.words for guard in guards]
