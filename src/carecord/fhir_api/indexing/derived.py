"""Search parameters that other parameters answer together: for these alone nothing is kept."""

from collections.abc import Mapping

_OF_OBSERVATION = "Observation"

_EITHER: Mapping[tuple[str, str], tuple[str, ...]] = {
    (_OF_OBSERVATION, f"combo-{code}"): (code, f"component-{code}")
    for code in (
        "code",
        "code-value-concept",
        "code-value-quantity",
        "data-absent-reason",
        "value-concept",
        "value-quantity",
    )
}
_BOTH: Mapping[tuple[str, str], tuple[str, ...]] = {
    (_OF_OBSERVATION, f"code-{value}"): ("code", value)
    for value in ("value-concept", "value-date", "value-quantity")
}


def either_of(type_name: str, code: str) -> tuple[str, ...]:
    """The parameters that find between them what this one does, which is kept under theirs."""
    return _EITHER.get((type_name, code), ())


def both_of(type_name: str, code: str) -> tuple[str, ...]:
    """Of a composite of the resource itself: the parameters that find each of its parts."""
    return _BOTH.get((type_name, code), ())


def is_derived(type_name: str, code: str) -> bool:
    return (type_name, code) in _EITHER or (type_name, code) in _BOTH
