"""Answers that are remembered for a short, stated time, so that a change of rights is seen within it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Ask once, remember the answer for `ttl_s` seconds. Callers who ask the same at once share one question.

    "There is none" (None) is not remembered: a key that is made now counts now. The oldest answer goes
    when `most` are held.
    """

    def __init__(
        self,
        ask: Callable[[K], Awaitable[V | None]],
        *,
        ttl_s: float,
        most: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._ttl_s = ttl_s
        self._most = most
        self._clock = clock
        self._held: dict[K, tuple[float, V]] = {}
        self._asked: dict[K, asyncio.Task[V | None]] = {}

    async def get(self, key: K) -> V | None:
        held = self._held.get(key)
        if held is not None and self._clock() < held[0]:
            return held[1]
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.create_task(self._find(key))
        # One caller that goes away must not take the answer from the others.
        return await asyncio.shield(asked)

    def forget(self) -> None:
        """Ask afresh from now on."""
        self._held.clear()

    async def _find(self, key: K) -> V | None:
        # The time counts from before the question: the answer may be as old as that.
        until = self._clock() + self._ttl_s
        try:
            answer = await self._ask(key)
        finally:
            del self._asked[key]
        self._held.pop(key, None)
        if answer is not None:
            while len(self._held) >= self._most:
                del self._held[next(iter(self._held))]
            self._held[key] = (until, answer)
        return answer
