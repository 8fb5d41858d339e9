"""A subscription is held to its rate, and an answer is remembered for as long as stated and no longer."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from carecord.access.rate_limit import RateLimit
from carecord.access.remembered import Remembered
from carecord.kernel.errors import TooManyRequests


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Directory:
    """Answers from a dict, and counts how often it was asked."""

    def __init__(self, **entries: str) -> None:
        self.entries = entries
        self.asked = 0

    async def find(self, key: str) -> str | None:
        self.asked += 1
        await asyncio.sleep(0)
        return self.entries.get(key)


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


def calls_let_through(limit: RateLimit, subscription: str, calls: int) -> int:
    for number in range(calls):
        try:
            limit.check_rate(subscription)
        except TooManyRequests:
            return number
    return calls


def test_a_minutes_calls_may_come_at_once_and_no_more() -> None:
    assert calls_let_through(RateLimit(600, clock=Clock()), "a", 1000) == 600


def test_a_refused_caller_is_told_when_to_come_again_and_then_gets_in() -> None:
    clock = Clock()
    limit = RateLimit(20, clock=clock)
    calls_let_through(limit, "a", 20)
    with pytest.raises(TooManyRequests) as refused:
        limit.check_rate("a")
    assert refused.value.headers == {"Retry-After": "3"}
    clock.now += 3
    limit.check_rate("a")
    with pytest.raises(TooManyRequests):
        limit.check_rate("a")


def test_calls_come_back_evenly_and_never_more_than_a_minutes() -> None:
    clock = Clock()
    limit = RateLimit(60, clock=clock)
    calls_let_through(limit, "a", 60)
    clock.now += 30
    assert calls_let_through(limit, "a", 100) == 30
    clock.now += 3600
    assert calls_let_through(limit, "a", 100) == 60


def test_one_subscription_does_not_use_up_anothers_calls() -> None:
    limit = RateLimit(5, clock=Clock())
    assert calls_let_through(limit, "a", 9) == calls_let_through(limit, "b", 9) == 5


def test_no_limit_is_no_limit() -> None:
    assert calls_let_through(RateLimit(0, clock=Clock()), "a", 10_000) == 10_000


def test_an_answer_is_remembered_for_the_stated_time() -> None:
    async def act() -> None:
        clock, directory = Clock(), Directory(a="first")
        remembered = Remembered(directory.find, ttl_s=15, clock=clock)
        assert await remembered.get("a") == "first"
        directory.entries["a"] = "second"
        clock.now += 14.9
        assert await remembered.get("a") == "first"
        clock.now += 0.1
        assert await remembered.get("a") == "second"
        assert directory.asked == 2

    run(act())


def test_what_is_not_there_is_asked_for_again() -> None:
    async def act() -> None:
        directory = Directory()
        remembered = Remembered(directory.find, ttl_s=15, clock=Clock())
        assert await remembered.get("a") is None
        directory.entries["a"] = "now"
        assert await remembered.get("a") == "now"

    run(act())


def test_an_answer_that_is_gone_after_its_time_is_forgotten() -> None:
    async def act() -> None:
        clock, directory = Clock(), Directory(a="first")
        remembered = Remembered(directory.find, ttl_s=15, clock=clock)
        await remembered.get("a")
        directory.entries.clear()
        clock.now += 15
        assert await remembered.get("a") is None

    run(act())


def test_callers_at_once_share_one_question_and_one_may_go_away() -> None:
    async def act() -> None:
        directory = Directory(a="first")
        remembered = Remembered(directory.find, ttl_s=15, clock=Clock())
        callers = [asyncio.create_task(remembered.get("a")) for _ in range(10)]
        await asyncio.sleep(0)
        callers[0].cancel()
        answers = await asyncio.gather(*callers, return_exceptions=True)
        assert answers[1:] == ["first"] * 9
        assert directory.asked == 1

    run(act())


def test_a_failed_question_reaches_each_who_asked_and_is_asked_again() -> None:
    async def act() -> None:
        answers = iter([OSError("gone"), "back"])

        async def ask(key: str) -> str | None:
            await asyncio.sleep(0)
            answer = next(answers)
            if isinstance(answer, OSError):
                raise answer
            return answer

        remembered = Remembered(ask, ttl_s=15, clock=Clock())
        failed = await asyncio.gather(remembered.get("a"), remembered.get("a"), return_exceptions=True)
        assert [type(error) for error in failed] == [OSError, OSError]
        assert await remembered.get("a") == "back"

    run(act())


def test_the_memory_has_a_bound_and_the_oldest_goes_first() -> None:
    async def act() -> None:
        directory = Directory(a="1", b="2", c="3")
        remembered = Remembered(directory.find, ttl_s=15, most=2, clock=Clock())
        for key in ("a", "b", "c", "b", "a"):
            await remembered.get(key)
        assert directory.asked == 4

    run(act())
