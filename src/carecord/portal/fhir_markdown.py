"""The FHIR face as Markdown: a page of what holds for all of it, and one for each resource type."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from carecord.kernel.settings import Settings
from carecord.portal.fhir_elements import MadeOf
from carecord.portal.fhir_reference import FHIRFaceReference, FHIRReference, OperationRow
from carecord.portal.fhir_samples import sample_resource
from carecord.portal.markdown_text import json_block, page, table


def fhir_pages() -> dict[str, str]:
    """Every page by its file name."""
    # No page tells of an address that hangs on a setting, or of a folder.
    face = FHIRFaceReference(Settings(data=Path("unused")))
    return {"fhir.md": _face(face), **{_file(one.type): _type(one) for one in face.types.values()}}


def _face(face: FHIRFaceReference) -> str:
    groups = [
        part
        for heading, types in face.groups
        for part in (
            f"## {heading}",
            table(
                ["Type", "About", "Interactions", "Search parameters"],
                [
                    [f"[{one.type}]({_file(one.type)})", one.about, one.in_short, str(len(one.parameters))]
                    for one in types
                ],
            ),
        )
    ]
    return page(
        "# FHIR R4",
        f"R4 ({face.statement['fhirVersion']}), as the CapabilityStatement states it."
        " [How to call it](../../how-to/call-fhir.md), [what is kept where](../fhir.md).",
        face.rest["documentation"],
        f"Formats: {_codes(face.statement['format'])}. Patches: {_codes(face.statement['patchFormat'])}."
        f" At the base: {' and '.join(one['code'] for one in face.rest['interaction'])}.",
        _operations(face.operations),
        *groups,
    )


def _type(reference: FHIRReference) -> str:
    return page(*_parts_of(reference))


def _parts_of(reference: FHIRReference) -> Iterator[str]:
    yield f"# {reference.type}"
    yield f"{reference.about}. {reference.kept}"
    facts = []
    if reference.profiles:
        facts.append(f"- Profiles: {_codes(reference.profiles)}")
    if reference.restricted_scopes:
        facts.append(f"- Scopes for restricted rows: {_codes(reference.restricted_scopes)}")
    if reference.conditions:
        facts.append(f"- Conditions: {'; '.join(reference.conditions)}")
    if facts:
        yield "\n".join(facts)
    yield "## Interactions"
    yield table(
        ["Interaction", "Call", "Scope", "About"],
        [
            [f"`{one.code}`", f"`{one.method} {one.path}`", f"`{one.scope}`", one.about]
            for one in reference.interactions
        ],
    )
    if reference.operations:
        yield "## Operations"
        yield _operations(reference.operations)
    yield "## Search parameters"
    yield table(
        ["Parameter", "Type", "Finds", "Expression"],
        [
            [f"`{one.name}`", one.type, one.about, f"`{one.expression}`" if one.expression else ""]
            for one in reference.parameters
        ],
    )
    if reference.includes:
        yield f"`_include`: {_codes(reference.includes)}."
        yield f"`_revinclude`: {_codes(reference.revincludes)}."
    sample = sample_resource(reference)
    if sample is not None:
        yield "## Sample resource"
        yield f"Made of the sample row of {sample.operation.title}."
        yield json_block(sample.text)
    if reference.made_of:
        yield "## Which field stands where"
        for one in reference.made_of:
            yield from _made_of(one)


def _made_of(made_of: MadeOf) -> Iterator[str]:
    operation, declared = made_of.operation, made_of.declared
    yield f"### {made_of.title}"
    said = [
        f"Made of the rows of [{operation.title}]({operation.bundle.slug}.md)"
        + (f", where: {declared.when}." if declared.when else "."),
        f"Status: {declared.status}." if declared.status else "",
        f"Note: {declared.note}." if declared.note else "",
    ]
    yield " ".join(one for one in said if one)
    if made_of.rows:
        yield table(
            ["Element", "Holds"],
            [
                [f"`{one.element}`", f"`{one.field}`" if one.field else f"always `{one.always}`"]
                for one in made_of.rows
            ],
        )
    if made_of.left_out:
        yield "Fields that stand in no resource:"
        yield "\n".join(f"- `{name}`: {reason}" for name, reason in made_of.left_out)


def _operations(rows: Iterable[OperationRow]) -> str:
    return table(
        ["Operation", "Call", "About"],
        [
            [f"`${one.name}`", ", ".join(f"`{methods} {path}`" for methods, path in one.calls), one.about]
            for one in rows
        ],
    )


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _file(type_name: str) -> str:
    return f"fhir-{type_name.lower()}.md"
