"""`carecord catalogue`: what can be asked, in the terminal."""

from typing import Annotated

import typer
from rich.table import Table

from carecord.catalogue import BUNDLES, operations_by_id, operations_of
from carecord.catalogue.model import Operation
from carecord.catalogue.samples import sample_of
from carecord.cli.terminal import err, out

app = typer.Typer(help="What can be asked.", invoke_without_command=True)


@app.callback()
def list_operations(context: typer.Context) -> None:
    """List every bundle and its operations."""
    if context.invoked_subcommand is not None:
        return
    for bundle in BUNDLES:
        table = Table(title=f"{bundle.name} — {bundle.tagline}", title_justify="left", expand=True)
        table.add_column("title", ratio=3)
        table.add_column("call", ratio=5, overflow="fold")
        table.add_column("kind")
        table.add_column("fields", justify="right")
        for operation in operations_of(bundle):
            table.add_row(
                operation.title + (" [dim](restricted)[/]" if operation.restricted else ""),
                f"{operation.method} {operation.path}\n[dim]{operation.operation_id}[/]",
                operation.kind,
                str(len(operation.leaves)),
            )
        out.print(table)


@app.command("show")
def show(operation: Annotated[str, typer.Argument(help="An operation id, or the start of one.")]) -> None:
    """Show one operation: its call, its fields and a sample."""
    found = _find(operation)
    heading = Table(box=None, show_header=False)
    heading.add_row("operation", found.operation_id)
    heading.add_row("call", f"{found.method} {found.path}")
    heading.add_row("about", found.summary)
    heading.add_row("answers", found.kind + (f", in {found.collection}" if found.collection else ""))
    heading.add_row("scope", found.scope + (f" and {found.restricted_scope}" if found.restricted else ""))
    heading.add_row("source", found.source.value)
    if found.note:
        heading.add_row("note", found.note)
    out.print(f"[bold]{found.title}[/]")
    out.print(heading)
    fields = Table()
    for column in ("field", "type", "null", "sort", "filter", "about"):
        fields.add_column(column, overflow="fold")
    for leaf in found.leaves:
        f = leaf.field
        about = [f.description or ""]
        about += [f"one of {', '.join(f.values.meanings)}"] if f.values else []
        about += [f"{f.code_system.name} code"] if f.code_system else []
        about += ["not shown in this API"] if not leaf.exposed else []
        fields.add_row(
            leaf.name,
            f.kind.value + (f" ({f.holds.value})" if f.holds else ""),
            "yes" if f.nullable else "",
            "yes" if f.sortable else "",
            "yes" if f.filterable else "",
            "; ".join(part for part in about if part),
        )
    out.print(fields)
    out.print_json(data=sample_of(found).item)


def _find(text: str) -> Operation:
    if text in operations_by_id:
        return operations_by_id[text]
    near = [one for name, one in operations_by_id.items() if text.lower() in name.lower()]
    if len(near) == 1:
        return near[0]
    if near:
        err.print(f"[bold red]Which one?[/] {', '.join(one.operation_id for one in near)}", soft_wrap=True)
    else:
        err.print("[bold red]No operation has this id.[/] `carecord catalogue` lists them.", soft_wrap=True)
    raise typer.Exit(1)
