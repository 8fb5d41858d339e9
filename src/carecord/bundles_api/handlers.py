"""Which function answers which operation: the kinds answer alike, and what does not fit has its own."""

from collections.abc import Mapping

from carecord.bundles_api.face import Handler
from carecord.bundles_api.lists import answer_list, answer_newest
from carecord.catalogue import OPERATIONS
from carecord.catalogue.model import ListOperation, Operation, SingleOperation

_OWN: Mapping[Operation, Handler] = {}


def handlers() -> dict[Operation, Handler]:
    """Every operation that the bundles API answers, with its handler."""
    found: dict[Operation, Handler] = dict(_OWN)
    for operation in OPERATIONS:
        if operation in found or not operation.submitted:
            continue
        if isinstance(operation, ListOperation):
            found[operation] = answer_list
        elif isinstance(operation, SingleOperation):
            found[operation] = answer_newest
    return found
