"""One parameter with its modifier and values, as a term: tokens, texts, references, ranges and composites."""

from collections.abc import Callable, Sequence

from carecord.fhir_api import definitions
from carecord.fhir_api.definitions import Parameter
from carecord.fhir_api.indexing import both_of, either_of, fold, parameters_of
from carecord.fhir_api.searching.keys import NARROWING_LETTERS, token_of
from carecord.fhir_api.searching.literals import (
    BadValue,
    Measure,
    Span,
    measure_of,
    prefixed,
    span_of,
    split,
    unescape,
)
from carecord.fhir_api.searching.model import (
    AllOf,
    AnyOf,
    Composites,
    Dates,
    Ids,
    Links,
    Match,
    Never,
    Numbers,
    Part,
    Prefix,
    Quantities,
    Range,
    Term,
    Texts,
    Tokens,
    Unit,
    Updated,
)
from carecord.fhir_api.searching.references import is_link, reference_term
from carecord.fhir_api.searching.slots import Slots, UnknownModifier

MOST_VALUES = 500
"""Alternatives of one parameter."""


_BROAD = frozenset(
    {
        "_security",
        "_tag",
        "active",
        "category",
        "class",
        "clinical-status",
        "deceased",
        "gender",
        "intent",
        "lifecycle-status",
        "status",
        "type",
        "verification-status",
    }
)
"""Token parameters of which any one value is likely to be many resources'."""


def term_of(slots: Slots, type_name: str, parameter: Parameter, modifier: str | None, text: str) -> Term:
    """What the parameter asks; raises `UnknownModifier`, or `BadValue` for a value that breaks its rule."""
    either = either_of(type_name, parameter.code)
    if either:
        every = [term_of(slots, type_name, one, modifier, text) for one in _named(type_name, either)]
        return _either(slots, every, absent=modifier == "missing" and text == "true")
    if modifier == "missing":
        return _missing(slots, type_name, parameter, text)
    values = split(text, ",")
    if len(values) > MOST_VALUES:
        raise BadValue(f"at most {MOST_VALUES} values may stand in one parameter")
    if not all(values):
        raise BadValue("a value is empty")
    make = _MAKERS.get((parameter.type, modifier))
    if parameter.code in _COLUMNS and modifier is None:
        make = _COLUMNS[parameter.code]
    elif parameter.code in _COLUMNS or (make is None and parameter.type != "reference"):
        raise UnknownModifier(modifier)
    if make is None:
        return reference_term(slots, type_name, parameter, modifier, [unescape(one) for one in values])
    return make(slots, type_name, parameter, values)


def _named(type_name: str, codes: Sequence[str]) -> list[Parameter]:
    return [parameters_of(type_name)[code] for code in codes]


def _either(slots: Slots, terms: Sequence[Term], *, absent: bool) -> Term:
    """What parameters are asked that stand for one together: any of them, or that none has a value."""
    tokens = [term for term in terms if isinstance(term, Tokens)]
    if len(tokens) < len(terms):
        return AllOf(tuple(terms)) if absent else AnyOf(tuple(terms))
    together = slots.add_tokens(token for term in tokens for token in slots.values[term.slot])
    return Tokens(together, negated=tokens[0].negated, broad=tokens[0].broad)


def _missing(slots: Slots, type_name: str, parameter: Parameter, text: str) -> Term:
    if parameter.code in _COLUMNS:
        raise UnknownModifier("missing")
    if text not in ("true", "false"):
        raise BadValue("with :missing it is true or false")
    both = both_of(type_name, parameter.code)
    if both:
        parts = tuple(_missing(slots, type_name, one, text) for one in _named(type_name, both))
        return AnyOf(parts) if text == "true" else AllOf(parts)
    tokens = slots.add_tokens([token_of(type_name, parameter.code)])
    if is_link(type_name, parameter):
        return Links(tokens, negated=text == "true")
    return Tokens(tokens, negated=text == "true", broad=True)


def _ids(slots: Slots, type_name: str, parameter: Parameter, values: Sequence[str]) -> Term:
    return Ids(slots.add(tuple(dict.fromkeys(map(unescape, values)))))


def _updated(slots: Slots, type_name: str, parameter: Parameter, values: Sequence[str]) -> Term:
    ranges = tuple(_date_range(slots, value)[0] for value in values)
    return Updated(ranges, of_patients=type_name == "Patient")


# Tokens and addresses ----------------------------------------------------------------------------


def _token_form(value: str) -> str:
    """What follows the `=` in a token: as sent, or with any system where none is named."""
    parts = [unescape(one) for one in split(value, "|")]
    if len(parts) == 1:
        return f"*|{parts[0]}"
    if len(parts) > 2 or not any(parts):
        raise BadValue("a token is code, system|code, |code or system|")
    return "|".join(parts)


def _codes(slots: Slots, type_name: str, parameter: Parameter, values: Sequence[str]) -> Term:
    code = parameter.code
    tokens = slots.add_tokens(token_of(type_name, code, f"={_token_form(one)}") for one in values)
    return Tokens(tokens, broad=code in _BROAD)


def _not_codes(slots: Slots, type_name: str, parameter: Parameter, values: Sequence[str]) -> Term:
    found = _codes(slots, type_name, parameter, values)
    assert isinstance(found, Tokens)
    return Tokens(found.slot, negated=True)


def _in_value_set(slots: Slots, type_name: str, parameter: Parameter, values: Sequence[str]) -> Term:
    tokens: list[int] = []
    for url in map(unescape, values):
        listed = definitions.value_set(url)
        if listed is None:
            raise BadValue("the value set is not one that this server holds")
        tokens += [
            token_of(type_name, parameter.code, f"={system}|{code}")
            for system, codes in listed.items()
            for code in codes
        ]
    return Tokens(slots.add_tokens(tokens))


def _not_in_value_set(slots: Slots, type_name: str, parameter: Parameter, values: Sequence[str]) -> Term:
    found = _in_value_set(slots, type_name, parameter, values)
    assert isinstance(found, Tokens)
    return Tokens(found.slot, negated=True)


def _of_type(slots: Slots, type_name: str, parameter: Parameter, values: Sequence[str]) -> Term:
    tokens = []
    for value in values:
        parts = [unescape(one) for one in split(value, "|")]
        if len(parts) != 3 or not all(parts):
            raise BadValue("with :of-type it is system|code|value")
        tokens.append(token_of(type_name, f"{parameter.code}:of-type", f"={'|'.join(parts)}"))
    return Tokens(slots.add_tokens(tokens))


def _uris(slots: Slots, type_name: str, parameter: Parameter, values: Sequence[str]) -> Term:
    code = parameter.code
    return Tokens(slots.add_tokens(token_of(type_name, code, f"={unescape(one)}") for one in values))


# Texts -------------------------------------------------------------------------------------------


def _texts(match: Match) -> Callable[[Slots, str, Parameter, Sequence[str]], Term]:
    def make(slots: Slots, type_name: str, parameter: Parameter, values: Sequence[str]) -> Term:
        asked = [unescape(one) for one in values]
        folded = [fold(one) for one in asked]
        if not all(folded):
            raise BadValue("a value is blank")
        sent = tuple(asked if match is Match.EXACT else folded)
        code = parameter.code
        if match is Match.WORD_STARTS:
            return Texts(f"{code}:text", match, slots.add(sent))
        narrowing = None
        if match is Match.EXACT or (
            match is Match.STARTS and all(len(one) >= NARROWING_LETTERS for one in folded)
        ):
            narrowing = slots.add_tokens(
                token_of(type_name, code, f"~{one[:NARROWING_LETTERS]}") for one in folded
            )
        return Texts(f"{code}:exact" if match is Match.EXACT else code, match, slots.add(sent), narrowing)

    return make


# Ranges ------------------------------------------------------------------------------------------


def _date_range(slots: Slots, value: str) -> tuple[Range, Span]:
    prefix, rest = prefixed(value)
    span = span_of(rest)
    if prefix is Prefix.ABOUT:
        span = span.widened(slots.now)
    return Range(prefix, slots.add(span.low), slots.add(span.high)), span


def _dates(slots: Slots, type_name: str, parameter: Parameter, values: Sequence[str]) -> Term:
    found = [_date_range(slots, value) for value in values]
    days = [span.day if one.prefix is Prefix.EQUAL else None for one, span in found]
    narrowing = None
    if all(days):
        narrowing = slots.add_tokens(token_of(type_name, parameter.code, f"={day}") for day in days)
    return Dates(parameter.code, tuple(one for one, _ in found), narrowing)


def _number_range(slots: Slots, value: str) -> Range:
    prefix, rest = prefixed(value)
    measure = measure_of(rest)
    return _range(slots, prefix, measure.widened() if prefix is Prefix.ABOUT else measure)


def _range(slots: Slots, prefix: Prefix, measure: Measure) -> Range:
    return Range(prefix, slots.add(measure.low), slots.add(measure.high), slots.add(measure.exact))


def _numbers(slots: Slots, type_name: str, parameter: Parameter, values: Sequence[str]) -> Term:
    return Numbers(parameter.code, tuple(_number_range(slots, one) for one in values))


def _quantity(slots: Slots, value: str) -> tuple[Range, Unit]:
    number, *unit = split(value, "|")
    if unit and len(unit) != 2:
        raise BadValue("a quantity is number, number|system|code or number||code")
    system, code = [unescape(one) for one in unit] or ("", "")
    found = _number_range(slots, number)
    if system and code:
        return found, Unit(system_and_code=slots.add(f"{system}|{code}"))
    if system:
        return found, Unit(system=slots.add(f"{system}|"))
    return found, Unit(code=slots.add(code)) if code else Unit()


def _quantities(slots: Slots, type_name: str, parameter: Parameter, values: Sequence[str]) -> Term:
    return Quantities(parameter.code, tuple(_quantity(slots, one) for one in values))


# Composites --------------------------------------------------------------------------------------


def _composites(slots: Slots, type_name: str, parameter: Parameter, values: Sequence[str]) -> Term:
    kinds = [component.type for component in parameter.components]
    divided = [_divided(value, len(kinds)) for value in values]
    both = _named(type_name, both_of(type_name, parameter.code))
    if both:
        return one_of([_of_parts(slots, type_name, both, parts) for parts in divided])
    alternatives = [tuple(_part(slots, *one) for one in zip(kinds, parts, strict=True)) for parts in divided]
    narrowing = None
    if kinds[0] == "token":
        first = parameter.components[0].code
        narrowing = slots.add_tokens(
            token_of(type_name, first, f"={_token_form(split(value, '$')[0])}") for value in values
        )
    return Composites(parameter.code, tuple(alternatives), narrowing)


def _of_parts(slots: Slots, type_name: str, both: Sequence[Parameter], parts: Sequence[str]) -> Term:
    """A composite of the resource itself: each part is what another parameter asks."""
    asked = zip(both, parts, strict=True)
    return AllOf(tuple(term_of(slots, type_name, one, None, part) for one, part in asked))


def _divided(value: str, count: int) -> list[str]:
    parts = split(value, "$")
    if len(parts) != count or not all(parts):
        raise BadValue(f"a composite of {count} parts has a $ between them, and no part is empty")
    return parts


def _part(slots: Slots, kind: str, text: str) -> Part:
    match kind:
        case "token":
            form = _token_form(text)
            return Part("system" if form.endswith("|") else kind, slot=slots.add(form))
        case "date":
            return Part(kind, range=_date_range(slots, text)[0])
        case "number":
            return Part(kind, range=_number_range(slots, text))
        case "quantity":
            found, unit = _quantity(slots, text)
            return Part(kind, range=found, unit=unit)
        case "string":
            return Part(kind, slot=slots.add(fold(unescape(text))))
        case _:
            return Part(kind, slot=slots.add(unescape(text)))


_MAKERS: dict[tuple[str, str | None], Callable[[Slots, str, Parameter, Sequence[str]], Term]] = {
    ("token", None): _codes,
    ("token", "not"): _not_codes,
    ("token", "in"): _in_value_set,
    ("token", "not-in"): _not_in_value_set,
    ("token", "of-type"): _of_type,
    ("token", "text"): _texts(Match.WORD_STARTS),
    ("uri", None): _uris,
    ("string", None): _texts(Match.STARTS),
    ("string", "exact"): _texts(Match.EXACT),
    ("string", "contains"): _texts(Match.CONTAINS),
    ("date", None): _dates,
    ("number", None): _numbers,
    ("quantity", None): _quantities,
    ("composite", None): _composites,
}
_COLUMNS: dict[str, Callable[[Slots, str, Parameter, Sequence[str]], Term]] = {
    "_id": _ids,
    "_lastUpdated": _updated,
}


def one_of(terms: Sequence[Term]) -> Term:
    """A term that any of these fulfils."""
    if not terms:
        return Never()
    return terms[0] if len(terms) == 1 else AnyOf(tuple(terms))
