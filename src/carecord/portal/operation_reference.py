"""What the API reference says of an operation: its call, parameters, fields, samples and errors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import msgspec

from carecord.bundles_api.index_operations import IndexOperation
from carecord.bundles_api.openapi import (
    describe_path_parameter,
    further_media_types,
    path_parameter_names,
    refusals_of,
    scopes_of,
)
from carecord.bundles_api.parameters import (
    PAGE_SIZE,
    PAGE_SIZE_LIMIT,
    Takes,
    parameters_of,
)
from carecord.catalogue.model import (
    ComposedOperation,
    Field,
    Holds,
    Kind,
    ListOperation,
    Operation,
    SearchOperation,
    Section,
    SingleOperation,
    Source,
    WriteOperation,
)
from carecord.catalogue.samples import further_samples, sample_answer, sample_of
from carecord.kernel.errors import CareRecordError

_TYPES = {
    Kind.STRING: "text",
    Kind.INTEGER: "whole number",
    Kind.NUMBER: "number",
    Kind.BOOLEAN: "true or false",
    Kind.DAY: "day",
    Kind.LOCAL_DATE_TIME: "date and time",
    Kind.INSTANT: "date and time with offset",
    Kind.PAIR_OF_IDS: "pair of IDs",
    Kind.OBJECT: "object",
}
_LISTS = {"pair of IDs": "list of pairs of IDs"}
_HELD = {
    Holds.DECIMAL: "decimal, as text",
    Holds.DECIMAL_OR_TEXT: "decimal or words, as text",
    Holds.DAY: "day",
    Holds.LOCAL_DATE_TIME: "date and time",
    Holds.OBJECT: "object",
    Holds.BASE64: "base64, as text",
}


@dataclass(frozen=True)
class FieldRow:
    """A field of an item or a body; `name` is its way from the item, `depth` how deep it lies."""

    name: str
    depth: int
    type: str
    nullable: bool
    sortable: bool
    filterable: bool
    known: bool
    ours: bool
    description: str
    code_system: str | None
    code_system_uri: str | None
    values_name: str | None
    values: Mapping[str, str]
    dictionary: str | None


@dataclass(frozen=True)
class ParameterRow:
    """A parameter that is in the path, or that chooses the page."""

    name: str
    place: str
    takes: str
    description: str


@dataclass(frozen=True)
class FieldParameters:
    """The parameters that sort and filter by one field."""

    field: str
    takes: str
    sort: str | None
    filters: tuple[str, ...]


@dataclass(frozen=True)
class FurtherSampleText:
    """Another way to ask, as JSON to read."""

    title: str
    body: str
    answer: str


@dataclass(frozen=True)
class OperationReference:
    """All that a page tells of one operation."""

    operation: Operation

    @property
    def address(self) -> str:
        return address_of(self.operation)

    @property
    def known(self) -> bool:
        return self.operation.source is Source.KNOWN

    @property
    def fhir_types(self) -> list[str]:
        """The FHIR resource types that its rows become."""
        return (
            list(dict.fromkeys(one.type for one in self.operation.fhir)) if self.operation.submitted else []
        )

    @property
    def scopes(self) -> list[str]:
        return scopes_of(self.operation)

    @property
    def answers(self) -> str:
        """What an answer is, in a sentence."""
        operation = self.operation
        if isinstance(operation, ListOperation):
            return f"A page of rows in {operation.collection}, with the TotalItemCount of all pages."
        if isinstance(operation, SearchOperation):
            return (
                f"A page of what was found in {operation.collection}, with the TotalItemCount of all pages."
            )
        if isinstance(operation, SingleOperation):
            return "One row as an object, or 204 with no body where there is none."
        if isinstance(operation, ComposedOperation):
            return "One object, its sections filled from other operations at the time of reading."
        if isinstance(operation, IndexOperation):
            others = "".join(
                f", or {one} to a caller who accepts it" for one in further_media_types(operation)
            )
            return f"One object{others}."
        return "What became of the change."

    @cached_property
    def parameters(self) -> list[ParameterRow]:
        rows = [
            ParameterRow(name, "path", "text", describe_path_parameter(self.operation, name))
            for name in path_parameter_names(self.operation)
        ]
        if isinstance(self.operation, ListOperation):
            rows += [
                ParameterRow(
                    "PageNumber",
                    "query",
                    "from 1",
                    "Which page; 1 unless given. A page past the end is empty and tells the true total.",
                ),
                ParameterRow(
                    "PageSize",
                    "query",
                    f"1 to {PAGE_SIZE_LIMIT}",
                    f"Rows of a page; {PAGE_SIZE} unless given.",
                ),
            ]
        if isinstance(self.operation, IndexOperation):
            rows += [
                ParameterRow(one.name, "query", one.takes, f"{'Needed. ' if one.required else ''}{one.about}")
                for one in self.operation.query
            ]
        return rows

    @cached_property
    def field_parameters(self) -> list[FieldParameters]:
        if not isinstance(self.operation, ListOperation):
            return []
        by_field: dict[str, FieldParameters] = {}
        for parameter in parameters_of(self.operation):
            if parameter.leaf is None:
                continue
            name = parameter.leaf.name
            row = by_field.get(name, FieldParameters(name, type_of(parameter.leaf.field), None, ()))
            if parameter.takes is Takes.DIRECTION:
                row = FieldParameters(name, row.takes, parameter.name, row.filters)
            else:
                row = FieldParameters(name, row.takes, row.sort, (*row.filters, parameter.name))
            by_field[name] = row
        return list(by_field.values())

    @cached_property
    def order(self) -> str | None:
        """How rows are ordered when the caller does not sort."""
        for leaf, newest_first in self.operation.order:
            return f"{leaf.name}, {'newest first' if newest_first else 'in ascending order'}"
        return None

    @cached_property
    def fields(self) -> list[FieldRow]:
        return list(_rows(self.operation.item.fields, known=self.known))

    @cached_property
    def body_fields(self) -> list[FieldRow]:
        operation = self.operation
        if isinstance(operation, SearchOperation | WriteOperation) and operation.body is not None:
            return list(_rows(operation.body.fields, known=self.known))
        return []

    @property
    def sections(self) -> tuple[Section, ...]:
        return self.operation.sections if isinstance(self.operation, ComposedOperation) else ()

    @cached_property
    def sample_answer(self) -> str:
        return pretty(sample_answer(self.operation))

    @cached_property
    def sample_body(self) -> str | None:
        body = sample_of(self.operation).body
        return pretty(body) if body is not None else None

    @cached_property
    def further_samples(self) -> list[FurtherSampleText]:
        return [
            FurtherSampleText(one.title, pretty(one.body), pretty(sample_answer(self.operation, one.item)))
            for one in further_samples(self.operation)
        ]

    @property
    def refusals(self) -> tuple[type[CareRecordError], ...]:
        return refusals_of(self.operation)

    @cached_property
    def searched(self) -> str:
        """The words that a search for an operation looks through, in lower case."""
        operation = self.operation
        words = [
            operation.title,
            operation.bundle.name,
            operation.path,
            operation.operation_id,
            operation.summary,
        ]
        words += dict.fromkeys(row.name.rpartition(".")[2] for row in self.fields)
        return " ".join(words).lower()


def address_of(operation: Operation) -> str:
    """Where the reference tells of the operation."""
    return f"/reference/{operation.bundle.slug}/{operation.operation_id}"


def type_of(f: Field) -> str:
    """The type of a field in the words that the reference uses."""
    word = _HELD[f.holds] if f.holds else _TYPES[f.kind]
    if not f.repeats:
        return word
    return _LISTS.get(word) or (f"list of {word}s" if f.part else f"list of {word}")


def pretty(content: object) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()


class Searched(Protocol):
    """Something that a search may find by its words."""

    @property
    def searched(self) -> str: ...


def matches(reference: Searched, query: str) -> bool:
    """Whether every word of the query is somewhere in what is searched."""
    return all(word in reference.searched for word in query.lower().split())


def _rows(fields: Iterable[Field], *, known: bool, above: str = "", depth: int = 0) -> Iterable[FieldRow]:
    for f in fields:
        if not f.exposed:
            continue
        name = f"{above}{f.name}"
        yield FieldRow(
            name=name,
            depth=depth,
            type=type_of(f),
            nullable=f.nullable,
            sortable=f.sortable,
            filterable=f.filterable,
            known=f.source is Source.KNOWN and not known,
            ours=f.ours,
            description=f.description or "",
            code_system=f.code_system.rule if f.code_system else None,
            code_system_uri=f.code_system.uri if f.code_system else None,
            values_name=f.values.name.replace("_", " ") if f.values else None,
            values=f.values.meanings if f.values else {},
            dictionary=f.dictionary,
        )
        if f.part is not None:
            inner = f"{name}[]." if f.repeats else f"{name}."
            yield from _rows(f.part.fields, known=known, above=inner, depth=depth + 1)
