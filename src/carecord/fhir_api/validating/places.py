"""Where in a resource the walk is, and what it has found: paths are spelled only for what is wrong."""

from typing import Any

from carecord.fhir_api.kept import Json
from carecord.fhir_api.outcomes import Issue, Severity

Place = tuple[Any, str, int]
"""The place of the object around (None at the root), the element's name, and its index or -1."""

MOST_ISSUES = 100
"""More than these help nobody, and a body could be made to have millions."""


class EnoughError(Exception):
    """So much is wrong that looking further tells nothing new."""


def spelled(place: Place) -> str:
    """The place in FHIRPath: `Patient.name[0].given[1]`."""
    around, name, index = place
    own = name if index < 0 else f"{name}[{index}]"
    return f"{spelled(around)}.{own}" if around is not None else own


class Examination:
    """One resource under examination, with those that it contains, and what is found in it."""

    __slots__ = ("_contained", "issues", "pending", "resource", "root")

    def __init__(self, root: Json) -> None:
        self.root = root
        """The outermost resource: what `#id` is looked for in."""
        self.resource = root
        """The resource that the walk is in: %resource of FHIRPath."""
        self.issues: list[Issue] = []
        self.pending: list[tuple[Any, Any, Json, Place]] = []
        """Invariants to be tried once the structure is known to be right: rule, node, %resource, place."""

        self._contained: tuple[Json, dict[str, str]] | None = None

    def type_contained(self, wanted: str) -> str | None:
        """The type of what the outermost resource contains under this ID; None where there is none."""
        if self._contained is None or self._contained[0] is not self.root:
            contained = self.root.get("contained")
            # What is contained may itself be wrong, which is told where it stands.
            types = {
                one["id"]: str(one.get("resourceType"))
                for one in (contained if type(contained) is list else ())
                if type(one) is dict and type(one.get("id")) is str
            }
            self._contained = (self.root, types)
        return self._contained[1].get(wanted)

    def error(self, place: Place, code: str, said: str) -> None:
        self.add("error", place, code, said)

    def add(self, severity: Severity, place: Place, code: str, said: str) -> None:
        path = spelled(place)
        self.issues.append(Issue(severity, code, f"{path} {said}.", path))
        if len(self.issues) >= MOST_ISSUES:
            raise EnoughError
