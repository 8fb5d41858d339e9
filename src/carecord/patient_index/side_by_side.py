"""The two sides of a review task as a steward compares them, and what they add up to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from carecord.catalogue.value_lists import GENDER, NHS_NUMBER_STATUS
from carecord.kernel.sql import load_queries
from carecord.patient_index.explaining import PairExplained, explain_pair
from carecord.patient_index.linking import read_identity
from carecord.patient_index.reviewing import ReviewTask, parse_task_id
from carecord.patient_index.scoring import Model, model_in_force

queries = load_queries(__package__, "reviewing.sql")

_LOCAL_NUMBER = "local number"
_FIELDS = {
    "NHS number": ("NhsNumber", "NhsNumberVerificationStatus"),
    _LOCAL_NUMBER: ("PatientNumber",),
    "surname": ("Surname",),
    "former surname": ("PreviousSurname",),
    "forename": ("Forename",),
    "middle names": ("MiddleNames",),
    "preferred name": ("PreferredName",),
    "date of birth": ("DateOfBirth",),
    "date of death": ("DateOfDeath",),
    "gender": ("Gender",),
    "address": tuple(f"AddressLine{line}" for line in range(1, 6)),
    "postcode": ("PostCode",),
    "home telephone": ("HomeTelephone",),
    "mobile": ("MobileTelephone",),
    "practice": ("GPPracticeCode", "GPPracticeName"),
}
_CODES = {"Gender": GENDER.meanings, "NhsNumberVerificationStatus": NHS_NUMBER_STATUS.meanings}
_WHEREABOUTS = frozenset({"address", "postcode", "home telephone", "mobile", "practice"})
WITHHELD = "withheld"
"""Where a person is protected: how well the record agrees is told, not where the patient is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One trait of both sides, as their sources have it."""

    trait: str
    left: str
    right: str

    @property
    def differs(self) -> bool:
        """Both say something that a patient has one of, and not the same."""
        both = bool(self.left and self.right) and self.trait != _LOCAL_NUMBER
        return both and self.left.casefold() != self.right.casefold()


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Two records, or one before and after it turned into somebody else. Holds values of patients'."""

    headings: tuple[str, str]
    lines: tuple[Line, ...]
    explained: PairExplained


def set_side_by_side(
    connection: Connection[Any], task: ReviewTask, *, model: Model | None = None
) -> SideBySide:
    """Both sides of a task. Whoever shows them writes down first that they were looked at."""
    sides = {
        row[0]: row
        for row in connection.execute(queries.sides_of_records, {"ids": list(task.records)}).fetchall()
    }
    right = sides[task.records[-1]]
    if task.asks == "overlay":
        _, number = parse_task_id(task.task_id)
        left = connection.execute(queries.side_before_overlay, {"overlay_id": number}).fetchone()
        assert left is not None
        headings = (f"{left[0]} before\n{left[1]}", f"{right[0]} now\n{right[1]}")
    else:
        left = sides[task.records[0]]
        headings = (f"{left[0]}{_beside(task, 0)}\n{left[1]}", f"{right[0]}{_beside(task, 1)}\n{right[1]}")
    sides_told = [_Side(one[2] or {}, is_protected=one[4]) for one in (left, right)]
    lines = [Line(trait, *(side.told(trait) for side in sides_told)) for trait in _FIELDS]
    return SideBySide(
        headings=headings,
        lines=tuple(line for line in lines if line.left or line.right),
        explained=explain_pair(model or model_in_force(), read_identity(left[3]), read_identity(right[3])),
    )


def _beside(task: ReviewTask, side: int) -> str:
    fellows = task.fellows[side]
    return f", linked with {fellows} other{'s' if fellows > 1 else ''}" if fellows else ""


@dataclass(frozen=True, slots=True)
class _Side:
    """What a source says of a patient, by JSON name."""

    demographics: Mapping[str, Any]
    is_protected: bool

    def told(self, trait: str) -> str:
        said = ", ".join(
            _CODES.get(name, {}).get(value := str(self.demographics[name]), value)
            for name in _FIELDS[trait]
            if self.demographics.get(name)
        )
        is_withheld = self.is_protected or self.demographics.get("SensitiveAddress") == "Yes"
        return WITHHELD if said and trait in _WHEREABOUTS and is_withheld else said
