"""What can be asked: every operation of the bundles API, declared once and read by every stage."""

from functools import cache
from types import MappingProxyType

from carecord.catalogue import (
    acute,
    adt,
    alerts,
    care_plans,
    child_health,
    community_mental_health,
    data_submission,
    demographics,
    documents,
    gp,
    maternity,
    pathology,
    radiology,
    social_care,
    worklists,
)
from carecord.catalogue.model import (
    Bundle,
    CatalogueError,
    Differs,
    Equals,
    IsNotNull,
    IsNull,
    Operation,
    WithinMonths,
)

_MODULES = (
    demographics,
    alerts,
    gp,
    acute,
    adt,
    community_mental_health,
    pathology,
    radiology,
    documents,
    social_care,
    maternity,
    child_health,
    care_plans,
    worklists,
    data_submission,
)

OPERATIONS: tuple[Operation, ...] = tuple(
    value for module in _MODULES for value in vars(module).values() if isinstance(value, Operation)
)
BUNDLES: tuple[Bundle, ...] = tuple(dict.fromkeys(operation.bundle for operation in OPERATIONS))

operations_by_id = MappingProxyType({operation.operation_id: operation for operation in OPERATIONS})
submissions_by_target = MappingProxyType(
    {operation.target: operation for operation in OPERATIONS if operation.submitted}
)
"""What a feed may send rows under: the collection's name, or the last path word of a single row."""


def operations_of(bundle: Bundle) -> tuple[Operation, ...]:
    """The bundle's operations in the order of their declaration."""
    return tuple(operation for operation in OPERATIONS if operation.bundle is bundle)


@cache
def operations_of_store(name: str) -> tuple[Operation, ...]:
    """The operations that share the store, whether they read or submit its rows."""
    return tuple(operation for operation in OPERATIONS if operation.store and operation.store.name == name)


def _check_whole() -> None:
    """What no declaration can check alone; raises CatalogueError."""
    if len(operations_by_id) != len(OPERATIONS):
        raise CatalogueError("two operations have one operation id")
    routes = {(operation.method, operation.path) for operation in OPERATIONS}
    if len(routes) != len(OPERATIONS):
        raise CatalogueError("two operations have one method and path")
    submitted = [operation for operation in OPERATIONS if operation.submitted]
    if len(submissions_by_target) != len(submitted):
        raise CatalogueError("two operations are submitted under one name")
    for operation in OPERATIONS:
        rows = operation.store.rows if operation.store else None
        if isinstance(rows, IsNull | IsNotNull | Equals | Differs | WithinMonths):
            assert operation.store is not None
            known = {
                leaf.name for other in operations_of_store(operation.store.name) for leaf in other.leaves
            }
            if rows.field not in known:
                raise CatalogueError(f"{operation.operation_id}: its store has no field {rows.field}")


_check_whole()
