"""The reference as Markdown: `python -m carecord.portal.markdown FOLDER` writes it anew."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from carecord.access.scopes import SCOPES_BESIDES
from carecord.bundles_api.index_operations import INDEX_OPERATIONS, PATIENT_INDEX
from carecord.bundles_api.openapi import REFUSALS
from carecord.catalogue import BUNDLES, operations_of
from carecord.catalogue.model import Bundle, Operation
from carecord.kernel.settings import Settings
from carecord.portal.fhir_markdown import fhir_pages
from carecord.portal.markdown_text import json_block, page, table, yes
from carecord.portal.operation_reference import FieldRow, OperationReference

FAMILIES: Mapping[Bundle, Sequence[Operation]] = {
    **{bundle: operations_of(bundle) for bundle in BUNDLES},
    PATIENT_INDEX: INDEX_OPERATIONS,
}
_PAGES = ("PageNumber", "PageSize")
"""Parameters that every list has: no page says them again."""


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {
        "README.md": _contents(),
        **{f"{bundle.slug}.md": _bundle(bundle, operations) for bundle, operations in FAMILIES.items()},
        **fhir_pages(),
        "errors.md": _errors(),
        "scopes.md": _scopes(),
        "settings.md": _settings(),
    }


def write(folder: Path) -> None:
    """Write every page, and remove the pages that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    written = pages()
    for file in folder.glob("*.md"):
        if file.name not in written:
            file.unlink()
    for name, text in written.items():
        (folder / name).write_text(text)


def _contents() -> str:
    bundles = [
        [f"[{bundle.name}]({bundle.slug}.md)", f"{bundle.tagline}.", str(len(operations))]
        for bundle, operations in FAMILIES.items()
    ]
    return page(
        "# Reference",
        "What the declarations say. The same, with code samples and search, is served at `/reference`.",
        table(["Bundle", "Holds", "Operations"], bundles),
        "The same record as [FHIR R4](fhir.md).",
        "Besides: [errors](errors.md), [scopes](scopes.md), [settings](settings.md).",
    )


def _bundle(bundle: Bundle, operations: Iterable[Operation]) -> str:
    parts = [f"# {bundle.name}", f"{bundle.tagline}.", f"Scope `{bundle.scope}`."]
    for operation in operations:
        parts += _operation(OperationReference(operation))
    return page(*parts)


def _operation(reference: OperationReference) -> Iterable[str]:
    operation = reference.operation
    scopes = " and ".join(f"`{scope}`" for scope in reference.scopes)
    yield f"## {operation.title}"
    yield operation.summary
    yield f"`{operation.method} {operation.path}`"
    yield "\n".join(
        [
            f"- Operation id: `{operation.operation_id}` ({operation.source.value})",
            f"- Answers: {reference.answers}",
            *([f"- Order: {reference.order}"] if reference.order else []),
            f"- Scopes: {scopes}",
            *(f"- `{row.name}`: {row.description}" for row in reference.parameters if row.name not in _PAGES),
            f"- Errors: {', '.join(str(refusal.status) for refusal in reference.refusals)}",
        ]
    )
    if operation.note:
        yield operation.note
    if reference.body_fields:
        yield "### Body"
        yield _fields(reference.body_fields, with_parameters=False)
    yield "### Fields"
    yield _fields(reference.fields, with_parameters=operation.kind == "list")
    if reference.sections:
        yield "### Sections"
        yield table(
            ["Section", "Rows in", "Rows are those of"],
            [[f"`{one.name}`", f"`{one.array}`", one.of.title] for one in reference.sections],
        )
    if reference.sample_body:
        yield "### Sample body"
        yield json_block(reference.sample_body)
    yield "### Sample answer"
    yield json_block(reference.sample_answer)
    for further in reference.further_samples:
        yield f"### {further.title}"
        yield json_block(further.body)
        yield json_block(further.answer)


def _fields(rows: Iterable[FieldRow], *, with_parameters: bool) -> str:
    headings = ["Field", "Type", "Null", *(["Sort", "Filter"] if with_parameters else []), "About"]
    return table(
        headings,
        [
            [
                f"`{row.name}`",
                row.type,
                yes(row.nullable),
                *([yes(row.sortable), yes(row.filterable)] if with_parameters else []),
                _about(row),
            ]
            for row in rows
        ],
    )


def _about(row: FieldRow) -> str:
    said = [row.description]
    if row.code_system:
        said.append(f"Holds {row.code_system}.")
    if row.values:
        said.append(_values(row.values))
    if row.dictionary:
        said.append(f"NHS Data Dictionary: {row.dictionary}.")
    return " ".join(one for one in said if one)


def _values(values: Mapping[str, str]) -> str:
    return "; ".join(
        f"`{code}`" + (f" {meaning}" if code.lower() != meaning else "") for code, meaning in values.items()
    )


def _errors() -> str:
    return page(
        "# Errors",
        "Every error is an `application/problem+json` object (RFC 9457). `errors` names each field at fault "
        "and the rule it broke; `traceId` finds the call in the log.",
        table(
            ["Status", "Title", "When"],
            [[str(one.status), one.title, (one.__doc__ or "").strip()] for one in REFUSALS],
        ),
    )


def _scopes() -> str:
    rows = [
        [
            f"[{bundle.name}]({bundle.slug}.md)",
            f"`{bundle.scope}`",
            f"`{bundle.restricted_scope}`",
            ", ".join(one.title for one in operations if one.restricted),
        ]
        for bundle, operations in FAMILIES.items()
    ]
    return page(
        "# Scopes",
        "A client holds scopes, and its tokens carry some or all of them. A restricted operation needs both.",
        table(["Bundle", "Scope", "Restricted scope", "Restricted operations"], rows),
        "Besides, of no bundle:",
        table(["Scope", "Lets a client"], [[f"`{scope}`", words] for scope, words in SCOPES_BESIDES.items()]),
    )


def _settings() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        # A setting whose default is worked out from the machine says in its text what it is.
        default = "" if field.default_factory or field.default in (None, "") else f"`{field.default}`"
        variable = "DATABASE_URL" if name == "database_url" else f"CARECORD_{name.upper()}"
        rows.append([f"`{variable}`", default, field.description or ""])
    return page(
        "# Settings",
        "Read once from the environment when a process starts.",
        table(["Variable", "Default", "Meaning"], rows),
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]))
