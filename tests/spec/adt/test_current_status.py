"""Where the patient is now: in a stay that has begun, else on an emergency visit, else expected soon."""

from datetime import datetime
from typing import Any

import pytest

from carecord.kernel import local_time
from tests.support.samples import sample_line
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

SAME = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17"}
Line = dict[str, Any]


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_time, "now", lambda: datetime.fromisoformat("2026-11-01T12:00:00"))


def stay(
    spell: str = "SP1", began: str = "2026-10-30T09:00:00", status: str = "Admitted", **fields: Any
) -> Line:
    told = {"SpellNumber": spell, "AdmissionDate": began, "DischargeDate": None, "Status": status}
    return sample_line("P-1", "AdmissionsList", **(told | {"ExpectedDischargeDate": None} | fields))


def move(at: str, kind: str = "Ward transfer", spell: str = "SP1", **fields: Any) -> Line:
    told: Line = {"SpellNumber": spell, "MovementDate": at, "MovementType": kind}
    nowhere = dict.fromkeys(
        ("ToWardCode", "ToWardDesc", "ToBay", "ToBed", "SiteDesc", "ToConsultantName", "ToSpecialtyDesc")
    )
    return sample_line("P-1", "TransfersList", **(nowhere | told | fields))


def visit(arrived: str, left: str | None = None, **fields: Any) -> Line:
    times = {"ArrivalDate": arrived, "DepartureDate": left, "ConclusionDate": None}
    return sample_line("P-1", "EdAttendancesList", **(times | fields))


def load(sandpit: Sandpit, *lines: Line, tenancy_id: int = 2) -> None:
    loaded = sandpit.load(
        tenancy_line(tenancy_id, f"Hospital {tenancy_id}"), patient_line("P-1", **SAME), *lines
    )
    assert loaded.rejects is None, loaded.rejects.read_text()


def status_of(sandpit: Sandpit, tenancy_id: int = 2) -> Any:
    path = f"/adt/patients/{sandpit.detail_id(tenancy_id, 'P-1')}/current-inpatient-status"
    answer = sandpit.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_one_who_never_was_in_hospital_is_answered_all_the_same(sandpit: Sandpit) -> None:
    load(sandpit)

    status = status_of(sandpit)

    assert {name: value for name, value in status.items() if value is not None} == {
        "IsInpatient": "No",
        "Status": "Not in hospital",
        "AsAtDate": "2026-11-01T12:00:00",
        "TenancyDescription": "",
    }


def test_one_who_went_home_is_told_of_by_the_source_of_the_last_stay(sandpit: Sandpit) -> None:
    load(sandpit, stay(began="2020-01-01T00:00:00", status="Discharged", DischargeDate="2020-01-02T00:00:00"))
    load(
        sandpit,
        stay(began="2021-01-01T00:00:00", status="Discharged", DischargeDate="2021-01-02T00:00:00"),
        tenancy_id=11,
    )

    status = status_of(sandpit)

    assert (status["IsInpatient"], status["Status"]) == ("No", "Not in hospital")
    assert (status["TenancyDescription"], status["WardDesc"], status["SpellNumber"]) == (
        "Hospital 11",
        None,
        None,
    )


def test_an_open_stay_is_answered_with_its_place(sandpit: Sandpit) -> None:
    load(sandpit, stay(ExpectedDischargeDate="2026-11-04"))

    sample = sample_line("P-1", "AdmissionsList")["Item"]
    same = ("AdmissionMethodDesc", "WardCode", "WardDesc", "Bay", "Bed", "SiteCode", "SiteDesc")
    same += ("ConsultantName", "SpecialtyDesc")
    assert status_of(sandpit) == {
        "IsInpatient": "Yes",
        "Status": "Admitted",
        "SpellNumber": "SP1",
        "AdmissionDate": "2026-10-30T09:00:00",
        "WardTelephone": None,
        "ExpectedDischargeDate": "2026-11-04",
        "InfectionControlAlert": None,
        "LastMovementDate": None,
        "AsAtDate": "2026-11-01T12:00:00",
        "TenancyDescription": "Hospital 2",
    } | {name: sample[name] for name in same}


WARD = {"ToWardCode": "6A", "ToWardDesc": "Ward 6A", "ToBay": "1", "ToBed": "3"}
PLACE = ("WardDesc", "Bay", "Bed", "Status", "LastMovementDate")
BEGAN = {"WardCode": "AMU", "WardDesc": "Acute unit", "Bay": "A", "Bed": "7"}
DAY = "2026-10-31T"
MOVES: dict[str, tuple[list[Line], tuple[Any, ...]]] = {
    "a ward transfer": (
        [move(f"{DAY}10:00:00", **WARD)],
        ("Ward 6A", "1", "3", "Admitted", f"{DAY}10:00:00"),
    ),
    "a bed move on the ward": (
        [move(f"{DAY}10:00:00", "Bed move", ToBed="9")],
        ("Acute unit", "A", "9", "Admitted", f"{DAY}10:00:00"),
    ),
    "the last of two": (
        [move(f"{DAY}11:00:00", "Bed move", ToBay="2", ToBed="4"), move(f"{DAY}10:00:00", **WARD)],
        ("Ward 6A", "2", "4", "Admitted", f"{DAY}11:00:00"),
    ),
    "a ward that tells no bed leaves none": (
        [move(f"{DAY}10:00:00", ToWardDesc="Theatre")],
        ("Theatre", None, None, "Admitted", f"{DAY}10:00:00"),
    ),
    "leave": (
        [move(f"{DAY}10:00:00", "Leave start")],
        ("Acute unit", "A", "7", "On leave", f"{DAY}10:00:00"),
    ),
    "back from leave": (
        [move(f"{DAY}10:00:00", "Leave start"), move(f"{DAY}20:00:00", "Leave end")],
        ("Acute unit", "A", "7", "Admitted", f"{DAY}20:00:00"),
    ),
    "a transfer taken back": (
        [
            move(f"{DAY}10:00:00", **WARD),
            move(f"{DAY}10:30:00", "Cancelled", ToWardCode="AMU", ToWardDesc="Acute unit", ToBed="7"),
        ],
        ("Acute unit", None, "7", "Admitted", f"{DAY}10:30:00"),
    ),
    "a move of another stay": (
        [move(f"{DAY}10:00:00", spell="SP9", **WARD)],
        ("Acute unit", "A", "7", "Admitted", None),
    ),
}


@pytest.mark.parametrize(("moves", "place"), MOVES.values(), ids=MOVES)
def test_the_place_follows_the_moves(sandpit: Sandpit, moves: list[Line], place: tuple[Any, ...]) -> None:
    load(sandpit, stay(**BEGAN), *moves)

    status = status_of(sandpit)

    assert tuple(status[name] for name in PLACE) == place


def test_a_move_of_another_hospital_with_the_same_spell_number_changes_nothing(sandpit: Sandpit) -> None:
    load(sandpit, stay(**BEGAN))
    load(sandpit, move(f"{DAY}10:00:00", **WARD), tenancy_id=11)

    assert status_of(sandpit)["WardDesc"] == "Acute unit"


def test_a_move_to_another_site_takes_no_code_along_that_is_not_its_own(sandpit: Sandpit) -> None:
    load(sandpit, stay(SiteCode="RZ901", SiteDesc="Eastvale"), move(f"{DAY}10:00:00", SiteDesc="Northvale"))

    status = status_of(sandpit)

    assert (status["SiteCode"], status["SiteDesc"]) == (None, "Northvale")


GONE = {"DischargeDate": "2026-10-31T09:00:00"}
CASES: dict[str, tuple[list[Line], tuple[str, str, str | None]]] = {
    "on leave": ([stay(status="On leave")], ("Yes", "On leave", "SP1")),
    "cancelled": ([stay(status="Cancelled")], ("No", "Not in hospital", None)),
    "discharged": ([stay(status="Discharged", **GONE)], ("No", "Not in hospital", None)),
    "discharged but still said to be in": ([stay(**GONE)], ("No", "Not in hospital", None)),
    "two open stays": ([stay(), stay("SP2", "2026-10-31T09:00:00")], ("Yes", "Admitted", "SP2")),
    "expected this evening": (
        [stay(began="2026-11-01T18:00:00", status="Planned")],
        ("No", "Expected", "SP1"),
    ),
    "expected since yesterday noon": (
        [stay(began="2026-10-31T12:00:00", status="Planned")],
        ("No", "Expected", "SP1"),
    ),
    "never came": ([stay(began="2026-10-30T12:00:00", status="Planned")], ("No", "Not in hospital", None)),
    "to begin this evening": ([stay(began="2026-11-01T18:00:00")], ("No", "Not in hospital", None)),
    "in the emergency department": (
        [visit("2026-11-01T08:00:00")],
        ("No", "In emergency department", None),
    ),
    "left the emergency department": (
        [visit("2026-11-01T08:00:00", "2026-11-01T11:00:00")],
        ("No", "Not in hospital", None),
    ),
    "an emergency visit that nobody closed": (
        [visit("2026-10-20T08:00:00")],
        ("No", "Not in hospital", None),
    ),
    "concluded": (
        [visit("2026-11-01T08:00:00", ConclusionDate="2026-11-01T10:00:00")],
        ("No", "Not in hospital", None),
    ),
    "a visit before what is expected": (
        [visit("2026-11-01T08:00:00"), stay(began="2026-11-01T18:00:00", status="Planned")],
        ("No", "In emergency department", None),
    ),
    "a stay before a visit": ([visit("2026-11-01T08:00:00"), stay()], ("Yes", "Admitted", "SP1")),
}


@pytest.mark.parametrize(("lines", "expected"), CASES.values(), ids=CASES)
def test_what_counts(sandpit: Sandpit, lines: list[Line], expected: tuple[str, str, str | None]) -> None:
    load(sandpit, *lines)

    status = status_of(sandpit)

    assert (status["IsInpatient"], status["Status"], status["SpellNumber"]) == expected


def test_any_linked_id_tells_the_same(sandpit: Sandpit) -> None:
    load(sandpit, stay())
    load(sandpit, tenancy_id=1)

    assert status_of(sandpit, 1) == status_of(sandpit, 2)


def test_an_emergency_visit_that_is_not_shared_is_not_told_of(sandpit: Sandpit) -> None:
    load(
        sandpit,
        visit("2026-11-01T08:00:00"),
        sample_line("P-1", "SharingStatusList", Status="Refused", Scope="Acute"),
    )

    assert status_of(sandpit)["Status"] == "Not in hospital"
