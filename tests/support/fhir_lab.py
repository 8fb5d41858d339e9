"""A laboratory for SEKMET: takes each urgent order on the server, and reports results, until it is ended.

Run as `python -m tests.support.fhir_lab SETTINGS PEER`. What it sends is made by SEKMET's own workflows.
"""

import sys
import time
from typing import Any

from sekmet.config import load_settings
from sekmet.context import AppContext
from sekmet.workflows.registry import run_workflow

URGENT = "stat"
"""The others are filled by the scenarios that place them."""

_STEPS = ("orders.accept", "orders.collect_specimen", "orders.lab_result")


def main(settings: str, peer: str) -> None:
    context = AppContext(load_settings(settings))
    client = context.peer_client(peer)
    seen: set[str] = set()
    while True:
        found = client.search("Task", {"status": "requested", "_include": "Task:focus"}).raise_for_status()
        orders = [one["resource"] for one in (found.resource or {}).get("entry", [])]
        for order in orders:
            if order.get("priority") == URGENT and "focus" not in order and order["id"] not in seen:
                seen.add(order["id"])
                _fill(context, peer, order)
        time.sleep(0.2)


def _fill(context: Any, peer: str, order: dict[str, Any]) -> None:
    for step in _STEPS:
        run_workflow(context, step, peer, {"service_request": order["id"]})


if __name__ == "__main__":
    main(*sys.argv[1:])
