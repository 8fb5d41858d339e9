"""How often a subscription may call: a token bucket for each, held in this process alone."""

import math
import time
from collections.abc import Callable

from carecord.kernel.errors import TooManyRequests

_MINUTE_S = 60.0


class RateLimit:
    """At most `calls_per_minute` calls at once, given back evenly over a minute; 0 for no limit.

    Each process counts for itself: with several workers a subscription gets its rate from each of them.
    """

    def __init__(self, calls_per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = _MINUTE_S / calls_per_minute if calls_per_minute else 0.0
        self._clock = clock
        # The bucket as one number: when it will be full again (the generic cell rate algorithm).
        self._full_at: dict[str, float] = {}

    def check_rate(self, subscription: str) -> None:
        """Count one call, or raise `TooManyRequests` with the seconds to wait in Retry-After."""
        if not self._interval_s:
            return
        now = self._clock()
        full_at = max(self._full_at.get(subscription, now), now) + self._interval_s
        wait_s = full_at - now - _MINUTE_S
        # A rounding error of many additions must not cost a caller its last call of the minute.
        if wait_s > self._interval_s * 1e-6:
            raise TooManyRequests(reason="rate_exceeded", headers={"Retry-After": str(math.ceil(wait_s))})
        self._full_at[subscription] = full_at
