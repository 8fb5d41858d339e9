"""The people who are in every population: fixed numbers, fixed facts, each there for a reason."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from carecord.catalogue import OPERATIONS
from carecord.catalogue.model import Operation
from carecord.catalogue.samples import sample_of
from carecord.catalogue.shapes import TENANCY_DESCRIPTION
from carecord.population import codes
from carecord.population.chance import seeded
from carecord.population.dates import clock
from carecord.population.entries import community, demographics, gp, hospital, letters
from carecord.population.entries.hospital import Stay
from carecord.population.entries.letters import Letter
from carecord.population.feeds import Demographics, Record
from carecord.population.history import Entry, History, Item
from carecord.population.organisations import Region, SourceSystem, fixed_systems
from carecord.population.people import FEMALE, MALE, Household, Person
from carecord.population.places import Address
from carecord.population.records import without_nulls
from carecord.population.stories import accidents, diabetes, everyday
from carecord.population.stories.story import Story

KNOWN_FILE = "known-people.json"
RESERVED = 100
"""Person numbers kept for known people; the others start after them."""

ORCHARD_CLOSE = Address("14 Orchard Close", "Hartley", "Eastvale", None, "ZZ99 3CZ", "Eastvale")
MILL_LANE = Address("27 Mill Lane", None, "Eastvale", None, "EV2 6QT", "Eastvale")
CANAL_WALK = Address("8 Canal Walk", "Hartley", "Eastvale", None, "EV4 1WB", "Eastvale")
TANNERY_ROW = Address("3 Tannery Place", None, "Eastvale", None, "EV1 9HJ", "Eastvale")

GP, ACUTE, COMMUNITY, ADULT_SOCIAL_CARE, CHILDREN = 1, 2, 3, 4, 5
MATERNITY, CHILD_HEALTH, CARE_PLANS = 8, 9, 10


@dataclass(frozen=True, slots=True)
class Known:
    """One known person, as the source systems have them."""

    number: int
    why: str
    sex: str
    born: date
    title: str
    forename: str
    surname: str
    nhs_number: str
    systems: tuple[int, ...]
    """Tenancies, each with one record."""
    address: Address = MILL_LANE
    middle_names: str | None = None
    previous_surname: str | None = None
    preferred_name: str | None = None
    marital_status: str = "S"
    samples: Callable[[Operation, Item], bool] | None = None
    """Which of the catalogue's samples are theirs."""
    stories: tuple[Story, ...] = ()
    local_numbers: tuple[tuple[int, str], ...] = ()
    """Local numbers that are fixed by the reference, by tenancy."""
    minor_numbers: tuple[tuple[int, str], ...] = ()
    told: Callable[[History], None] | None = None
    differences: tuple[tuple[int, tuple[tuple[str, str | None], ...]], ...] = ()
    """What one system has otherwise, by tenancy."""


def _adult_samples(operation: Operation, item: Item) -> bool:
    if operation.bundle.slug in ("maternity", "child-health") or operation.target == "ChildStatusList":
        return False
    if operation.bundle.slug == "community-mental-health":
        return item.get("CareSetting") == "Community"
    # The sample of a document is the discharge summary once more, and that of its content a mere beginning.
    return operation.target not in ("DocumentsList", "content")


def _mental_health_samples(operation: Operation, item: Item) -> bool:
    return operation.bundle.slug == "community-mental-health" and item.get("CareSetting") != "Community"


def _samples_of(*slugs: str) -> Callable[[Operation, Item], bool]:
    return lambda operation, item: operation.bundle.slug in slugs


def _child_protection(operation: Operation, item: Item) -> bool:
    return operation.target == "ChildStatusList"


def _doris(history: History) -> None:
    """What the samples leave open: the letter itself, an earlier stay, the district nurses."""
    summary = Letter(
        "DS",
        "Discharge summary",
        "Inpatient discharge summary",
        "Dr S Iqbal",
        "Foundation doctor",
        "General internal medicine",
        ("Community-acquired pneumonia.", "Treated with doxycycline, improved.", "GP to repeat chest X-ray."),
    )
    seen = Letter(
        "CLIN",
        "Clinic letter",
        "Cardiology clinic letter",
        "Mr L Byrne",
        "Consultant",
        "Cardiology",
        ("Seen for palpitations.", "Please continue bisoprolol; monitor for a week."),
    )
    for system, letter, document_id, when in (
        (history.acute, summary, "DS-2031187-1", "2024-01-12T11:30:00"),
        (history.gp, seen, "GP-774512", "2024-02-20T00:00:00"),
    ):
        as_sent = letters.rendered(history, letter, document_id)
        letters.content(history, system, letter.title, document_id, when, rendered_as=as_sent)
    hospital.stay(
        history,
        date(2018, 11, 6),
        Stay(
            specialty="110",
            reason=codes.OSTEOARTHRITIS,
            diagnosis=codes.OSTEOARTHRITIS,
            nights=4,
            method=hospital.WAITING_LIST,
            drugs=(hospital.Drug("Paracetamol 500mg tablets", "1000", "mg", "Four times a day"),),
            summary="Left hip replaced, walking with a stick",
            plan="Clinic at six weeks",
        ),
    )
    hospital.clinic(history, "320", date(2024, 5, 16), "Palpitations, follow-up")
    team = community.DISTRICT_NURSES
    community.caseload(history, team, "R-559120", date(2024, 1, 13))
    community.care_plan(
        history,
        team,
        "Community nursing care plan",
        "Recovery after chest infection",
        date(2024, 1, 15),
        (("Breathless on stairs", "Walk to the shop again", "Weekly visit, inhaler check"),),
    )
    community.risk(
        history,
        date(2024, 1, 15),
        "Falls",
        "Moderate",
        details="Two falls since autumn",
        plan="Pendant alarm, grab rails",
        team=team,
    )


def _refuses(history: History) -> None:
    demographics.sharing(
        history, history.gp, "Refused", date(2022, 6, 14), reason="Does not want the record shared"
    )
    gp.problem(history, codes.DEPRESSION, date(2019, 3, 4))
    gp.repeat(history, codes.SERTRALINE, date(2019, 3, 11))


def _in_hospital_only(history: History) -> None:
    demographics.addresses(history, history.acute)
    history.add(
        history.acute,
        "EdAttendancesList",
        {
            "AttendanceId": "ED7790001",
            "ArrivalDate": "2025-08-16T22:41:00",
            "DepartureDate": "2025-08-17T01:05:00",
            "DepartmentType": "01 Consultant-led, all facilities",
            "SiteCode": "RZ901",
            "SiteDesc": "Eastvale General Hospital",
            "AttendanceCategory": "Unplanned first",
            "ChiefComplaintDesc": "Cut hand",
            "DiagnosisDesc": "Laceration of hand",
            "TreatmentsDesc": "Wound closed",
            "ClinicianName": "Dr T Ruiz",
        },
        key="ED7790001",
        updated="2025-08-17T01:05:00",
    )


KNOWN = (
    Known(
        1,
        "known to five source systems; the person of the reference's examples",
        FEMALE,
        date(1946, 5, 17),
        "Mrs",
        "Doris",
        "Heritage",
        "9990123454",
        (GP, ACUTE, COMMUNITY, ADULT_SOCIAL_CARE, CARE_PLANS),
        address=ORCHARD_CLOSE,
        middle_names="May",
        previous_surname="Archer",
        preferred_name="Dot",
        marital_status="W",
        samples=_adult_samples,
        stories=(diabetes.STORY,),
        told=_doris,
        local_numbers=((ACUTE, "E104477"),),
        minor_numbers=((ACUTE, "E098112"),),
    ),
    Known(
        2,
        "a mother with a pregnancy and a birth; maternity has her under her former surname",
        FEMALE,
        date(1993, 8, 30),
        "Mrs",
        "Aisha",
        "Heritage",
        "9991002006",
        (GP, ACUTE, MATERNITY),
        marital_status="M",
        previous_surname="Rahman",
        samples=_samples_of("maternity"),
        stories=(everyday.STORY,),
        differences=((MATERNITY, (("Surname", "Rahman"), ("PreviousSurname", None))),),
    ),
    Known(
        3,
        "her baby, in the hospital's record still without a forename",
        MALE,
        date(2024, 2, 11),
        "Master",
        "Noah",
        "Heritage",
        "9992311886",
        (GP, ACUTE, CHILD_HEALTH),
        marital_status="8",
        samples=_samples_of("child-health"),
        stories=(everyday.STORY,),
        differences=((ACUTE, (("Forename", "BABY"), ("Title", None))),),
    ),
    Known(
        4,
        "a mental health history, which is restricted",
        MALE,
        date(1988, 11, 2),
        "Mr",
        "Callum",
        "Heritage",
        "9994040405",
        (GP, COMMUNITY),
        address=TANNERY_ROW,
        samples=_mental_health_samples,
        stories=(everyday.STORY,),
    ),
    Known(
        5,
        "the first of twins of one sex and one initial, whose records must not be linked",
        FEMALE,
        date(2019, 6, 21),
        "Miss",
        "Ella",
        "Calder",
        "9990050015",
        (GP, CHILD_HEALTH),
        address=CANAL_WALK,
        marital_status="8",
        stories=(everyday.STORY,),
        differences=((CHILD_HEALTH, (("Forename", "TWIN ONE"),)),),
    ),
    Known(
        6,
        "the second of the twins",
        FEMALE,
        date(2019, 6, 21),
        "Miss",
        "Elsa",
        "Calder",
        "9990060010",
        (GP, CHILD_HEALTH),
        address=CANAL_WALK,
        marital_status="8",
        stories=(everyday.STORY,),
        differences=(
            (
                CHILD_HEALTH,
                (("Forename", "TWIN TWO"), ("NhsNumber", None), ("NhsNumberVerificationStatus", "07")),
            ),
        ),
    ),
    Known(
        7,
        "a merged record: an old hospital number lives on as a minor number",
        FEMALE,
        date(1957, 1, 9),
        "Mrs",
        "Gwen",
        "Pritchard",
        "9990070016",
        (GP, ACUTE),
        marital_status="M",
        stories=(everyday.STORY,),
        local_numbers=((ACUTE, "E200700"),),
        minor_numbers=((ACUTE, "E199007"),),
    ),
    Known(
        8,
        "a restricted record: refused to share the GP record",
        MALE,
        date(1971, 10, 23),
        "Mr",
        "Samuel",
        "Whitlow",
        "9990080011",
        (GP, ACUTE),
        address=TANNERY_ROW,
        stories=(accidents.INJURY,),
        told=_refuses,
    ),
    Known(
        9,
        "a record with no entries",
        FEMALE,
        date(1999, 4, 12),
        "Ms",
        "Pearl",
        "Ashdown",
        "9990090017",
        (GP,),
    ),
    Known(
        10,
        "one record, linked to no other, with entries; no NHS number",
        MALE,
        date(1963, 7, 28),
        "Mr",
        "Victor",
        "Nash",
        "",
        (ACUTE,),
        address=CANAL_WALK,
        told=_in_hospital_only,
    ),
    Known(
        11,
        "a child with a child protection plan",
        FEMALE,
        date(2016, 12, 5),
        "Miss",
        "Tia",
        "Rowntree",
        "9990110018",
        (GP, CHILDREN, CHILD_HEALTH),
        address=MILL_LANE,
        marital_status="8",
        samples=_child_protection,
        stories=(everyday.STORY,),
    ),
)

TAKEN = frozenset(known.nhs_number for known in KNOWN)


def known_records(region: Region) -> Iterator[tuple[Known, list[Record]]]:
    """The known people with their records."""
    for known in KNOWN:
        yield known, list(_records(known, region))


def known_people(found: list[tuple[Known, list[Record]]]) -> list[dict[str, Any]]:
    """What the file beside the feeds says of them."""
    return [
        {
            "Name": f"{known.forename} {known.surname}",
            "Why": known.why,
            "NhsNumber": known.nhs_number or None,
            "DateOfBirth": known.born.isoformat(),
            "Person": str(known.number),
            "Records": [
                {"TenancyId": record.system.tenancy_id, "SourcePatientId": record.source_patient_id}
                for record in records
            ],
        }
        for known, records in found
    ]


def source_patient_id(known: Known, system: SourceSystem) -> str:
    """Short and plain, as no other record's is."""
    return f"KNOWN-{known.number:02}-{system.tenancy_id:02}"


def _records(known: Known, region: Region) -> Iterator[Record]:
    person = _person(known, region)
    history = History(person, Household(0, (person,)), seeded("known", known.number))
    _samples(known, history)
    for story in known.stories:
        story.tell(history)
    _without_refusals(history)
    if known.told:
        known.told(history)
    systems = {**fixed_systems(), GP: region.practices[0].system}
    # A known person is known to exactly the systems that are written down: what other systems
    # would have sent, the laboratory's reports for one, came through the hospital here.
    kept: dict[int, list[Entry]] = {tenancy_id: [] for tenancy_id in known.systems}
    for system, entries in history.entries.items():
        kept.get(system.tenancy_id, kept[known.systems[min(1, len(known.systems) - 1)]]).extend(entries)
    for tenancy_id in known.systems:
        system = systems[tenancy_id]
        number = dict(known.local_numbers).get(
            tenancy_id, f"{system.prefix}9{known.number:03}{tenancy_id:02}"
        )
        patient = demographics.patient(person, number=number)
        if not known.nhs_number:
            patient |= {"NhsNumber": None, "NhsNumberVerificationStatus": "07"}
        patient |= dict(dict(known.differences).get(tenancy_id, ()))
        minor = dict(known.minor_numbers).get(tenancy_id)
        if minor and known.samples is not _adult_samples:
            owner = History(person, history.household, history.rng)
            demographics.identifier(
                owner, system, "Hospital number", minor, since=date(2001, 3, 6), merged_into=number
            )
            kept[tenancy_id].extend(replace(entry, source_item_id="ID-1") for entry in owner.entries[system])
        yield Record(
            system=system,
            source_patient_id=source_patient_id(known, system),
            person=str(known.number),
            sent=(without_nulls(Demographics(patient, "2024-01-09T08:15:22")),),
            entries=tuple(kept[tenancy_id]),
            minor_numbers=(minor,) if minor else (),
        )


def _without_refusals(history: History) -> None:
    """Who of them refuses to share is written down above; the dice of a story do not decide it."""
    for system, entries in history.entries.items():
        history.entries[system] = [
            entry
            for entry in entries
            if entry.collection != "SharingStatusList" or not entry.item or entry.item["Status"] != "Refused"
        ]


def _person(known: Known, region: Region) -> Person:
    practice = region.practices[0]
    doris = known.number == 1
    return Person(
        number=known.number,
        household=0,
        role="child" if known.marital_status == "8" else "adult",
        sex=known.sex,
        born=known.born,
        died=None,
        title=known.title,
        forename=known.forename,
        middle_names=known.middle_names,
        surname=known.surname,
        previous_surname=known.previous_surname,
        preferred_name=known.preferred_name,
        ethnic_category="A",
        origin="british",
        language="en",
        religion="Church of England" if doris else None,
        marital_status=known.marital_status,
        address=known.address,
        moved_in=max(known.born, date(2009, 8, 1)),
        previous_address=None,
        home_telephone="01999 555014" if doris else None,
        mobile_telephone=f"07700 900{122 + known.number}" if known.marital_status != "8" else None,
        email=None,
        nhs_number=known.nhs_number,
        practice=practice,
        doctor=practice.doctors[0],
    )


def _samples(known: Known, history: History) -> None:
    """The catalogue's samples that are this person's, as entries of the systems they would come from."""
    if known.samples is None:
        return
    systems = {system.description: system for system in (*fixed_systems().values(), history.gp)}
    for operation in OPERATIONS:
        if not operation.submitted or operation.target == "details":
            continue
        sample = sample_of(operation).item
        item = _as_submitted(sample, operation)
        if known.samples(operation, item):
            system = systems.get(_tenancy(sample) or "", history.acute)
            key = _row_key(operation, item)
            history.add(system, operation.target, item, key=key, updated=clock(date(2024, 3, 14), 9))


def _tenancy(value: Any) -> str | None:
    """The source that a sample names, at whatever depth."""
    if isinstance(value, dict):
        named = value.get(TENANCY_DESCRIPTION)
        return named or next(filter(None, map(_tenancy, value.values())), None)
    return next(filter(None, map(_tenancy, value)), None) if isinstance(value, list) else None


def _row_key(operation: Operation, item: Item) -> str:
    """One id for the rows that one entry of a store is, through whichever collection it comes."""
    if operation.store is None:
        raise AssertionError(operation.operation_id)
    if "SpellNumber" in item and operation.store.name == "hospital_spell":
        return str(item["SpellNumber"])
    if operation.store.name == "alert":
        return f"alert-{item['SubType'].lower()}"
    return f"{operation.store.name}-{operation.target}"


def _as_submitted(value: Any, operation: Operation) -> Any:
    """The sample without nulls and without what only the server knows; of a composed view its own fields."""
    names = {leaf.path[0].name for leaf in operation.leaves}
    item: Item = _pruned({name: inner for name, inner in value.items() if name in names})
    return item


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _pruned(v) for k, v in value.items() if v is not None and k != TENANCY_DESCRIPTION}
    return [_pruned(inner) for inner in value] if isinstance(value, list) else value
