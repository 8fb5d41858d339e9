"""From a search's parameters to what it asks: names, modifiers, chains and `_has`; how it is to be shown."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from carecord.fhir_api.definitions import SERVED, Parameter
from carecord.fhir_api.indexing import parameters_of
from carecord.fhir_api.searching.literals import LONGEST_VALUE, BadValue
from carecord.fhir_api.searching.matching import one_of, term_of
from carecord.fhir_api.searching.model import Chain, Having, Search, Shape, Term
from carecord.fhir_api.searching.ordering import default_order
from carecord.fhir_api.searching.references import is_of_person
from carecord.fhir_api.searching.showing import SHOWING, Showing
from carecord.fhir_api.searching.slots import Slots, UnknownModifier, UnknownParameter
from carecord.kernel.errors import BadRequest, FieldError

DEEPEST = 5
"""References that one chain or `_has` follows, one after another."""
MOST_FOLLOWED = 200
"""References that all chains and `_has` of a search follow, each type that one may refer to counted."""
MOST_PARAMETERS = 60
DEFAULT_COUNT = 20

_OF_THE_FACE = ("_format", "_pretty")
_ALL_LINKED = "getAllLinkedPatients"
_SPEAKABLE = re.compile(r"[A-Za-z0-9_:.\-]{1,128}")
_CHAIN = re.compile(r"(?P<code>[A-Za-z0-9_-]+)(?::(?P<target>[A-Z][A-Za-z]+))?\.(?P<rest>.+)")
_HAS = re.compile(r"_has:(?P<source>[A-Z][A-Za-z]+):(?P<code>[A-Za-z0-9_-]+):(?P<rest>.+)")


def parse(
    type_name: str,
    pairs: Iterable[tuple[str, str]],
    *,
    strict: bool,
    base: str = "",
    now: datetime | None = None,
    prefix: str = "v",
) -> Search:
    """The search; BadRequest names the parameter and the rule that it breaks, never its value.

    A parameter that is not known is an error if strict, else it is left out and named in the warnings. A
    modifier that a known one does not take is an error in any case (R4 §3.1.1.4.4): others would be found.
    """
    slots = Slots(prefix=prefix, now=now or datetime.now(UTC), base=base)
    showing = Showing(type_name)
    terms: list[Term] = []
    used: list[tuple[str, str]] = []
    warnings: list[str] = []
    all_linked = False
    for name, value in _checked(pairs):
        if name in _OF_THE_FACE:
            continue
        try:
            if name.partition(":")[0] in SHOWING:
                showing.take(name, value)
            elif name.rpartition(".")[2] == _ALL_LINKED and _takes_all_linked(type_name, name):
                all_linked = _boolean(value) or all_linked
            else:
                terms.append(_term(slots, type_name, name, value, depth=0))
            used.append((name, value))
        except UnknownParameter as error:
            if strict:
                raise _bad(name, str(error)) from None
            warnings.append(f"The parameter {_spoken(name)} was left out: {error}.")
        except UnknownModifier as error:
            raise _bad(name, f"{_spoken(str(error))} is no modifier that it takes") from None
        except BadValue as error:
            raise _bad(name, str(error)) from None
    shape = Shape(
        type_name,
        tuple(terms),
        showing.sort or default_order(type_name, terms),
        all_linked=all_linked and type_name == "Patient",
    )
    return Search(
        shape=shape,
        values=slots.values,
        count=DEFAULT_COUNT if showing.count is None else showing.count,
        total=showing.total,
        summary=showing.summary,
        elements=tuple(showing.elements),
        includes=tuple(showing.includes),
        revincludes=tuple(showing.revincludes),
        used=tuple(used),
        warnings=tuple(warnings),
    )


def _checked(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    found = list(pairs)
    if len(found) > MOST_PARAMETERS:
        raise BadRequest(f"A search has at most {MOST_PARAMETERS} parameters.")
    for name, value in found:
        if not value.strip():
            raise _bad(name, "it has no value")
        if len(value) > LONGEST_VALUE:
            raise _bad(name, f"its value is longer than {LONGEST_VALUE} characters")
        if not value.isprintable():
            raise _bad(name, "its value holds a control character")
    return found


def _term(slots: Slots, type_name: str, name: str, value: str, *, depth: int) -> Term:
    if depth > DEEPEST:
        raise BadValue(f"it follows more than {DEEPEST} references")
    having = _HAS.fullmatch(name)
    if having is not None:
        return _having(slots, type_name, having, value, depth=depth)
    chain = _CHAIN.fullmatch(name)
    if chain is not None:
        return _chain(slots, type_name, chain, value, depth=depth)
    code, _, modifier = name.partition(":")
    return term_of(slots, type_name, _parameter(type_name, code), modifier or None, value)


def _chain(slots: Slots, type_name: str, found: re.Match[str], value: str, *, depth: int) -> Term:
    parameter = _reference(type_name, found["code"])
    targets = [one for one in SERVED if one in parameter.targets] if parameter.targets else list(SERVED)
    if parameter.code == "patient" and "Patient" in targets:
        targets = ["Patient"]
    if found["target"] is not None:
        if found["target"] not in targets:
            raise UnknownModifier(found["target"])
        targets = [found["target"]]
    terms: list[Term] = []
    for target in targets:
        try:
            inner = _term(slots, target, found["rest"], value, depth=depth + 1)
        except UnknownParameter:
            # Of several targets those count that have the parameter.
            continue
        _count_followed(slots)
        of_person = target == "Patient" and is_of_person(type_name, parameter.code)
        terms.append(Chain(type_name, parameter.code, target, inner, of_person))
    if not terms:
        raise UnknownParameter(f"what {parameter.code} of {type_name} refers to has no such parameter")
    return one_of(terms)


def _having(slots: Slots, type_name: str, found: re.Match[str], value: str, *, depth: int) -> Term:
    source = found["source"]
    if source not in SERVED:
        raise UnknownParameter("this server has no such resource type")
    parameter = _reference(source, found["code"])
    if parameter.targets and type_name not in parameter.targets:
        raise UnknownParameter(f"{parameter.code} of {source} does not refer to {type_name}")
    inner = _term(slots, source, found["rest"], value, depth=depth + 1)
    _count_followed(slots)
    of_person = type_name == "Patient" and is_of_person(source, parameter.code)
    return Having(type_name, source, parameter.code, inner, of_person)


def _count_followed(slots: Slots) -> None:
    slots.followed += 1
    if slots.followed > MOST_FOLLOWED:
        raise BadValue("it follows references to too many types: name them, as in subject:Patient.name")


def _parameter(type_name: str, code: str) -> Parameter:
    found = parameters_of(type_name).get(code)
    if found is None:
        raise UnknownParameter(f"{type_name} is not searched by it")
    return found


def _reference(type_name: str, code: str) -> Parameter:
    found = _parameter(type_name, code)
    if found.type != "reference":
        raise UnknownParameter(f"{code} of {type_name} is no reference")
    return found


def _takes_all_linked(type_name: str, name: str) -> bool:
    """Bare on Patient, or of the patient elsewhere, where everyone linked counts anyway."""
    if type_name == "Patient":
        return name == _ALL_LINKED
    way = name.rpartition(".")[0].partition(":")[0]
    return is_of_person(type_name, way)


def _boolean(value: str) -> bool:
    if value not in ("true", "false"):
        raise BadValue("it is true or false")
    return value == "true"


def _bad(name: str, rule: str) -> BadRequest:
    spoken = _spoken(name)
    return BadRequest(f"{spoken}: {rule}.", errors=[FieldError(spoken, rule)])


def _spoken(name: str) -> str:
    """A name fit for an error: what a caller puts before the equals sign may be anything."""
    return name if _SPEAKABLE.fullmatch(name) else "(a name that no parameter has)"
