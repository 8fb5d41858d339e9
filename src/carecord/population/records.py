"""From one person's history to the records that source systems hold, mistakes included."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from carecord.population.dates import AS_AT, between, clock, plus
from carecord.population.entries import demographics
from carecord.population.feeds import Demographics, Record
from carecord.population.history import Entry, History
from carecord.population.mistakes import RATES, Rates, with_mistakes
from carecord.population.numbers import scattered
from carecord.population.organisations import SourceSystem
from carecord.population.people import Person

DUPLICATE_BLOCK = 4_000_000
"""Added to a person's number for the second record that one system made of them."""

FORMER_BLOCK = 2_000_000
"""Added for a local number that somebody had before."""

IDENTIFIER_TYPES = {
    "GP": "GP number",
    "Acute": "Hospital number",
    "Maternity": "Hospital number",
    "Adult social care": "Social care number",
    "Children's social care": "Social care number",
}

STANDING_ALONE = frozenset(
    {"EncountersResult", "EdAttendancesList", "OutpatientAppointmentsList", "GpImmunisationsList"}
)
"""Collections whose rows name no other row, and may be found under a second record of the same patient."""


def source_patient_id(number: int, system: SourceSystem) -> str:
    """The source system's own key of a record: never shown, never changed."""
    return f"{system.slug[0].upper()}{scattered(number, by=system.tenancy_id):07}"


def local_number(number: int, system: SourceSystem) -> str:
    """The number that a system's users know a patient by."""
    return f"{system.prefix}{scattered(number, by=system.tenancy_id + 500):07}"


def records(history: History) -> Iterator[Record]:
    """A record of every system that has something to say, and the duplicates that some made."""
    for system in list(history.entries):
        yield from _records(history, system)


def _records(history: History, system: SourceSystem) -> Iterator[Record]:
    person, rng, rates = history.person, history.rng, RATES[system.kind]
    number = local_number(person.number, system)
    updated = between(max(person.born, plus(AS_AT, days=-1500)), plus(person.until, days=-1), rng)
    right = demographics.patient(person, number=number)
    twins = history.household.twins_of(person)
    sent = [Demographics(with_mistakes(right, person, rates, rng, twins=twins), clock(updated, 8, 15))]
    minor: tuple[str, ...] = ()
    kind = IDENTIFIER_TYPES.get(system.kind, "Other")
    if rng.random() < rates.number_changed:
        earlier = max(person.born, plus(updated, days=-400))
        former = local_number(person.number + FORMER_BLOCK, system)
        sent.insert(0, Demographics(sent[0].patient | {"PatientNumber": former}, clock(earlier, 8, 15)))
        demographics.identifier(history, system, kind, former, since=earlier, ended=updated)
    elif rng.random() < rates.merged:
        minor = (local_number(person.number + FORMER_BLOCK, system),)
        demographics.identifier(history, system, kind, minor[0], since=person.born, merged_into=number)
    entries = history.entries[system]
    if rng.random() < rates.duplicate:
        mine = tuple(entry for entry in entries if entry.collection not in STANDING_ALONE)
        others = tuple(entry for entry in entries if entry.collection in STANDING_ALONE)
        again = with_mistakes(right, person, rates, rng, twins=twins)
        again["PatientNumber"] = local_number(person.number + DUPLICATE_BLOCK, system)
        yield _record(
            person,
            system,
            [Demographics(again, sent[-1].updated)],
            others,
            number=person.number + DUPLICATE_BLOCK,
        )
        entries = list(mine)
    record = _record(person, system, sent, tuple(_revised(entries, rates, rng)), number=person.number)
    yield replace(record, minor_numbers=minor)


def _record(
    person: Person, system: SourceSystem, sent: list[Demographics], entries: tuple[Entry, ...], *, number: int
) -> Record:
    return Record(
        system=system,
        source_patient_id=source_patient_id(number, system),
        person=str(person.number),
        sent=tuple(without_nulls(one) for one in sent),
        entries=entries,
    )


def without_nulls(sent: Demographics) -> Demographics:
    """What a feed may leave out, left out."""
    return replace(sent, patient={name: value for name, value in sent.patient.items() if value is not None})


def _revised(entries: list[Entry], rates: Rates, rng: Random) -> Iterator[Entry]:
    """The entries as they came over time: a few results preliminary first, a few encounters taken back."""
    for entry in entries:
        if entry.collection == "GpTestResultsList" and entry.item and rng.random() < rates.result_corrected:
            yield replace(entry, updated=entry.item["Date"], item=entry.item | {"ResultStatus": "P"})
        yield entry
        if entry.collection == "EncountersResult" and rng.random() < rates.entry_taken_back:
            yield Entry(entry.collection, entry.source_item_id, None, None)
