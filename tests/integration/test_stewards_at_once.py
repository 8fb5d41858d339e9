"""Two stewards at one task, and a steward beside a load: each on a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg

from carecord.kernel.errors import Conflict
from carecord.patient_index.reviewing import Answer, Signed, answer_task
from tests.support.sandpit import Sandpit
from tests.support.stewards import ANOTHER_NUMBER, DORIS, ONE_NUMBER, Index


def at_once(*work: Callable[[], str]) -> list[str]:
    """All started at one moment; what each said."""
    barrier = Barrier(len(work))

    def start(one: Callable[[], str]) -> str:
        barrier.wait(timeout=60)
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(start, work))


def test_of_two_stewards_at_once_one_is_obeyed_and_the_other_told(
    sandpit: Sandpit, connection: psycopg.Connection[Any]
) -> None:
    index = Index(sandpit, connection)
    index.load(a1=ONE_NUMBER, b2=ANOTHER_NUMBER)
    (task,) = index.tasks()

    def steward(answer: Answer, name: str) -> str:
        signed = Signed(decided_by=name, reason="sure of it")
        with sandpit.database.connect() as own:
            try:
                with own.transaction():
                    answer_task(own, task.task_id, answer, signed)
            except Conflict as refusal:
                return refusal.detail
        return answer

    outcomes = at_once(
        lambda: steward("same", "jones"),
        lambda: steward("different", "smith"),
        lambda: steward("same", "khan"),
    )

    told = f"Task {task.task_id} no longer waits: it is decided, or has become idle."
    (obeyed,) = (one for one in outcomes if one != told)
    assert index.persons() == ({"a1 b2"} if obeyed == "same" else {"a1", "b2"})
    words = connection.execute(
        "SELECT count(*) FROM patient_index.link_decision WHERE rule = 'steward'"
    ).fetchone()
    assert words == (1,)


def test_a_load_beside_a_steward_does_not_undo_the_word(
    sandpit: Sandpit, connection: psycopg.Connection[Any]
) -> None:
    index = Index(sandpit, connection)
    index.load(a1=DORIS, b2=DORIS)

    def steward() -> str:
        index.answer(("a1", "b2"), "different")
        return "said"

    def load() -> str:
        for title in ("Mrs", "Ms", "Dr"):
            Index(sandpit, connection).load(b2=DORIS | {"Title": title}, c3=DORIS | {"Title": title})
        return "loaded"

    assert at_once(steward, load) == ["said", "loaded"]
    (person_of_a,) = (person for person in index.persons() if "a1" in person)
    assert "b2" not in person_of_a
