"""A port that several server processes listen on."""

import pickle
import socket
from collections.abc import Iterator

import pytest

from carecord.cli.shared_port import DEALS_OUT, SharedPort

pytestmark = pytest.mark.skipif(not DEALS_OUT, reason="only Linux deals connections out")

CALLERS = 64


@pytest.fixture
def port() -> Iterator[SharedPort]:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    with SharedPort.of(bound) as port:
        yield port


def test_who_it_is_sent_to_listens_for_itself_and_each_gets_some_of_many_callers(port: SharedPort) -> None:
    first, second = (pickle.loads(pickle.dumps(port)) for _ in range(2))
    with first, second:
        for one in (first, second):
            one.listen(CALLERS)
            one.setblocking(False)
        callers = [socket.create_connection(port.getsockname()) for _ in range(CALLERS)]
        accepted = [_accepted(one) for one in (first, second)]
        for caller in callers:
            caller.close()
    assert sum(accepted) == CALLERS
    # That one gets all has a chance of one in 2 to the 63rd.
    assert min(accepted) > 0


def test_it_is_taken_to_everybody_else(port: SharedPort) -> None:
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(port.getsockname())


def _accepted(listening: socket.socket) -> int:
    found = 0
    while True:
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return found
        found += 1
