"""SMART scopes: read strictly, in both of their forms, and cut to what a client holds."""

import pytest

from carecord.access.smart_scopes import grants_of, grants_within, is_held, parse_scope


@pytest.mark.parametrize(
    ("scope", "second_form"),
    [
        ("system/Observation.rs", "system/Observation.rs"),
        ("patient/*.cruds", "patient/*.cruds"),
        ("user/Patient.r", "user/Patient.r"),
        ("system/*.read", "system/*.rs"),
        ("patient/Condition.write", "patient/Condition.cud"),
        ("user/*.*", "user/*.cruds"),
        (
            "patient/Observation.rs?category=laboratory",
            "patient/Observation.rs?category=laboratory",
        ),
        (
            "system/Observation.s?category=http://x|lab&code=a",
            "system/Observation.s?category=http%3A%2F%2Fx%7Clab&code=a",
        ),
    ],
)
def test_a_scope_is_taken_in_its_second_form(scope: str, second_form: str) -> None:
    assert str(parse_scope(scope)) == second_form


@pytest.mark.parametrize(
    "scope",
    [
        "system/Observation.",
        "system/Observation.sr",
        "system/Observation.rr",
        "system/observation.rs",
        "System/Observation.rs",
        "tenant/Observation.rs",
        "system/Observation.rs?",
        "system/Observation.rs?category",
        "system/Observation.rs?a=1&a=2&a=3&a=4&a=5&a=6&a=7&a=8&a=9",
        "system/Observation",
        "system/Observation.rs system/*.rs",
        "gp.read",
        "launch/patient",
        "",
    ],
)
def test_what_is_not_quite_a_scope_is_none(scope: str) -> None:
    assert parse_scope(scope) is None


@pytest.mark.parametrize(
    ("scope", "held", "is_so"),
    [
        ("system/Observation.rs", "system/*.cruds", True),
        ("patient/Observation.r", "system/*.rs", True),
        ("user/Observation.r", "patient/*.rs", False),
        ("system/Observation.cruds", "system/*.rs", False),
        ("system/*.rs", "system/Observation.rs", False),
        ("system/Observation.rs?category=laboratory", "system/Observation.rs", True),
        ("system/Observation.rs", "system/Observation.rs?category=laboratory", False),
        ("system/Observation.read", "system/Observation.rs", True),
        ("gp.read", "gp.read", True),
        ("gp.read", "system/*.cruds", False),
        ("system/Rubbish.xx", "system/*.cruds", False),
    ],
)
def test_a_client_may_ask_for_what_it_holds_and_for_less(scope: str, held: str, *, is_so: bool) -> None:
    assert is_held(scope, [held]) is is_so


def test_a_token_grants_no_more_than_its_client_holds_by_then() -> None:
    asked = ["system/*.cruds", "gp.read"]
    held = ["system/*.rs", "system/Observation.c?category=laboratory"]

    assert [str(one) for one in grants_within(asked, held)] == [
        "system/*.rs",
        "system/Observation.c?category=laboratory",
    ]
    assert grants_within(["system/*.rs"], ["patient/*.rs"]) == ()
    assert grants_within(["patient/Patient.r"], ["system/Observation.r"]) == ()


def test_the_order_of_scopes_makes_no_difference() -> None:
    scopes = ["system/Patient.r", "system/Condition.r", "user/*.s"]

    assert grants_of(scopes) == grants_of(reversed(scopes))
