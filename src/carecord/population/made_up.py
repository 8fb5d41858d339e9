"""A whole made-up population, written household by household so that its size costs no memory."""

import json
from collections.abc import Callable
from pathlib import Path

from carecord.kernel.errors import BadRequest, FieldError
from carecord.population.chance import seeded
from carecord.population.feeds import Feeds, Written
from carecord.population.history import History
from carecord.population.households import households
from carecord.population.known import KNOWN_FILE, RESERVED, TAKEN, known_people, known_records
from carecord.population.numbers import MOST_PEOPLE
from carecord.population.organisations import region
from carecord.population.people import Household, Person
from carecord.population.records import records
from carecord.population.stories import STORIES
from carecord.population.worklists import Worklists


def write(people: int, *, seed: int, out: Path, on_progress: Callable[[int], None] | None = None) -> Written:
    """Write the feeds of so many people and the known ones, and the files that say who is who.

    The same numbers give the same bytes. `on_progress` is told how many people are written. Raises BadRequest
    where there are more people than NHS numbers kept for tests.
    """
    if people > MOST_PEOPLE:
        rule = f"must not be more than {MOST_PEOPLE:,}: the NHS numbers kept for tests end there"
        raise BadRequest("There are too few NHS numbers.", errors=[FieldError("people", rule)])
    area = region(people)
    worklists = Worklists()
    with Feeds(out, area.systems()) as feeds:
        known = list(known_records(area))
        for _, of_person in known:
            for record in of_person:
                feeds.write(record)
                worklists.offer(record)
        (out / KNOWN_FILE).write_text(json.dumps(known_people(known), indent=1) + "\n", encoding="utf-8")
        for household in households(people, seed=seed, region=area, taken=TAKEN, first=RESERVED + 1):
            for person in household.people:
                for record in records(tell(person, household, seed=seed)):
                    feeds.write(record)
                    worklists.offer(record)
            feeds.written.people += len(household.people)
            if on_progress:
                on_progress(feeds.written.people)
        for system, worklist in worklists.lines():
            feeds.write_worklist(system, worklist)
    feeds.written.people += len(known)
    return feeds.written


def tell(person: Person, household: Household, *, seed: int) -> History:
    """Everything that happened to one person. It depends on the seed and the person, and on nobody else."""
    history = History(person, household, seeded(seed, "person", person.number))
    for story in STORIES:
        if history.chance(story.chance(person)):
            history.told.add(story.name)
            story.tell(history)
    return history
