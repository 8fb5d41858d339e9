"""What comes along: the references that `_include` follows from what is shown, and `_revinclude` to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.pq.abc import PGresult

from carecord.fhir_api.definitions import SERVED
from carecord.fhir_api.indexing import parameters_of
from carecord.fhir_api.kept import Kept
from carecord.fhir_api.searching.model import Include, Search
from carecord.fhir_api.searching.rows import kept

MOST_INCLUDED = 1000

Named = tuple[str, str]
"""A resource by type and ID."""


@dataclass(frozen=True, slots=True)
class Along:
    """One step from resources to what they refer to, or to what refers to them."""

    reverse: bool
    values: Mapping[str, Any]

    @classmethod
    def of(cls, search: Search, named: Sequence[Named], *, reverse: bool, first: bool) -> "Along | None":
        """None where nothing is to be followed: after the first step only what iterates goes on."""
        asked = search.revincludes if reverse else search.includes
        asked = tuple(one for one in asked if first or one.iterate)
        types = sorted({type_name for type_name, _ in named})
        expand = _ways_to if reverse else _ways_from
        ways = sorted({way for one in asked for type_name in types for way in expand(one, type_name)})
        if not ways:
            return None
        sources, parameters, targets = zip(*ways, strict=True)
        return cls(
            reverse,
            {
                "types": [type_name for type_name, _ in named],
                "ids": [one for _, one in named],
                "sources": sources,
                "parameters": parameters,
                "targets": targets,
            },
        )


def along_rows(answer: PGresult) -> Iterator[Kept]:
    """The rows of a step: type, ID and what is kept."""
    for row in range(answer.ntuples):
        yield kept(answer, row, (answer.get_value(row, 0) or b"").decode(), 1, 2)


def _ways_from(include: Include, type_name: str) -> Iterator[tuple[str, str, str]]:
    """The source, parameter and target (empty for any) of what an include follows from this type."""
    if include.source not in ("*", type_name):
        return
    if include.parameter != "*":
        yield type_name, include.parameter, include.target or ""
        return
    for code, parameter in parameters_of(type_name).items():
        if parameter.type == "reference":
            yield type_name, code, include.target or ""


def _ways_to(include: Include, type_name: str) -> Iterator[tuple[str, str, str]]:
    """The same of what refers to this type."""
    if include.target not in (None, type_name):
        return
    for source in SERVED if include.source == "*" else (include.source,):
        for code, parameter in parameters_of(source).items():
            if parameter.type != "reference" or include.parameter not in ("*", code):
                continue
            if not parameter.targets or type_name in parameter.targets:
                yield source, code, type_name
