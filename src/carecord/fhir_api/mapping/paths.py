"""The paths of `Fhir` marks: `code.coding[snomed].code`, `activity[].detail.description`."""

import re
from dataclasses import dataclass

from carecord.catalogue.model import CatalogueError

_WORD = re.compile(r"([A-Za-z]+)(?:\[([^\]]*)\])?(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Step:
    """One element on the way. `selector` tells which of a list, by place or name; None for the only one.

    `each` is one for every row of the list that the field stands in.
    """

    name: str
    selector: str | None = None
    each: bool = False

    def __str__(self) -> str:
        return self.name if self.selector is None else f"{self.name}[{self.selector}]"


def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path; an extension's part (`extension[X:part]`) is a step of its own."""
    steps: list[Step] = []
    at = 0
    while at < len(path):
        found = _WORD.match(path, at)
        if found is None:
            raise CatalogueError(f"{path} is no path of an element")
        name, selector = found[1], found[2]
        if name == "extension" and selector and ":" in selector:
            whole, part = selector.split(":")
            steps += [Step(name, whole), Step(name, part)]
        else:
            each = selector is not None and (selector == "" or selector.endswith("*"))
            steps.append(Step(name, selector.removesuffix("*") if selector else selector, each=each))
        at = found.end()
    return tuple(steps)
