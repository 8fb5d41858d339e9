"""Which records are worth comparing: those that share one of a record's blocking keys."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from carecord.patient_index.normalise import Identity
from carecord.patient_index.short_forms import full_form
from carecord.patient_index.sounds import sound

SHORTEST_PART = 3
_KEY_BYTES = 8

Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Traits:
    """What the rules are made of: names by their sound, and days written either way round."""

    identity: Identity
    forename: str | None
    middle: str | None
    surnames: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    """Forename with each surname, in the order of the alphabet: swapped names are the same pair."""
    day: str | None
    """Eight digits with the smaller of day and month first: 3 April and 4 March are one."""

    @property
    def names(self) -> set[str]:
        return {name for name in (self.forename, self.middle, *self.surnames) if name}

    @property
    def given(self) -> set[str]:
        return {name for name in (self.forename, self.middle) if name}


def traits_of(identity: Identity) -> Traits:
    forename = sound(full_form(identity.forename)) if identity.forename else None
    parts = [part for part in identity.surname_parts if len(part) >= SHORTEST_PART]
    surnames = sorted({sound(part) for part in (*parts, *([identity.surname] if identity.surname else ()))})
    return Traits(
        identity=identity,
        forename=forename,
        middle=sound(full_form(identity.middle)) if identity.middle else None,
        surnames=tuple(surnames),
        pairs=tuple((min(forename, last), max(forename, last)) for last in surnames) if forename else (),
        day=_day_either_way(identity.birth) if identity.birth else None,
    )


def _number(t: Traits) -> Iterator[Values]:
    if t.identity.nhs_number:
        yield (t.identity.nhs_number,)


def _telephone(t: Traits) -> Iterator[Values]:
    for phone in t.identity.phones:
        yield (phone,)


def _birth_and_name(t: Traits) -> Iterator[Values]:
    if t.day:
        for name in t.names:
            yield t.day, name


def _birth_and_initials(t: Traits) -> Iterator[Values]:
    """For names from other scripts and languages, which no code of sounds spells in one way."""
    forename, surname = t.identity.forename, t.identity.surname
    if t.day and forename and surname:
        yield t.day, *sorted((forename[0], surname[0]))


def _birth_and_postcode(t: Traits) -> Iterator[Values]:
    if t.day and t.identity.postcode:
        yield t.day, t.identity.postcode


def _names_and_year(t: Traits) -> Iterator[Values]:
    if t.identity.birth:
        for pair in t.pairs:
            yield *pair, t.identity.birth[:4]


def _names_and_month(t: Traits) -> Iterator[Values]:
    if t.day:
        for pair in t.pairs:
            yield *pair, t.day[4:]


def _three_names(t: Traits) -> Iterator[Values]:
    if t.middle:
        for pair in t.pairs:
            yield *pair, t.middle


def _names_and_district(t: Traits) -> Iterator[Values]:
    if t.identity.postcode:
        for pair in t.pairs:
            yield *pair, t.identity.postcode[:-3]


def _postcode_and_given_name(t: Traits) -> Iterator[Values]:
    if t.identity.postcode:
        for name in t.given:
            yield t.identity.postcode, name


def _address_and_given_name(t: Traits) -> Iterator[Values]:
    if t.identity.address:
        for name in t.given:
            yield t.identity.address, name


def _names(t: Traits) -> Iterator[Values]:
    yield from t.pairs


def _birth_and_address(t: Traits) -> Iterator[Values]:
    if t.day and t.identity.address:
        yield t.day, t.identity.address


def _birth_and_district(t: Traits) -> Iterator[Values]:
    if t.day and t.identity.postcode:
        yield t.day, t.identity.postcode[:-3]


def _home_and_surname(t: Traits) -> Iterator[Values]:
    for home in (t.identity.postcode, t.identity.address):
        if home:
            for name in t.surnames:
                yield home, name


def _home_and_year(t: Traits) -> Iterator[Values]:
    for home in (t.identity.postcode, t.identity.address):
        if home and t.identity.birth:
            yield home, t.identity.birth[:4]


def _birth(t: Traits) -> Iterator[Values]:
    if t.day:
        yield (t.day,)


def _postcode(t: Traits) -> Iterator[Values]:
    if t.identity.postcode:
        yield (t.identity.postcode,)


def _street(t: Traits) -> Iterator[Values]:
    words = [word for word in (t.identity.address or "").split() if not word.isdigit()]
    if len(words) > 1:
        yield tuple(sorted(words))


def _surname(t: Traits) -> Iterator[Values]:
    for name in t.surnames:
        yield (name,)


RULES: dict[str, Callable[[Traits], Iterator[Values]]] = {
    "number": _number,
    "telephone": _telephone,
    "birth and name": _birth_and_name,
    "birth and initials": _birth_and_initials,
    "birth and postcode": _birth_and_postcode,
    "names and year": _names_and_year,
    "names and month": _names_and_month,
    "three names": _three_names,
    "names and district": _names_and_district,
    "postcode and given name": _postcode_and_given_name,
    "address and given name": _address_and_given_name,
    "names": _names,
    "birth and address": _birth_and_address,
    "birth and district": _birth_and_district,
    "home and surname": _home_and_surname,
    "home and year": _home_and_year,
    "birth": _birth,
    "postcode": _postcode,
    "street": _street,
    "surname": _surname,
}
"""By name, as models list them. A model for millions lists none whose values many people share."""


def blocking_keys(identity: Identity, rules: Sequence[str]) -> list[int]:
    """Signed 64-bit keys, each of a rule and its values, sorted and without doubles."""
    traits = traits_of(identity)
    return sorted({_hashed((name, *values)) for name in rules for values in RULES[name](traits)})


def rules_of_keys(identity: Identity, rules: Sequence[str]) -> dict[int, str]:
    """The rule that makes each of the blocking keys."""
    traits = traits_of(identity)
    return {_hashed((name, *values)): name for name in rules for values in RULES[name](traits)}


def _day_either_way(birth: str) -> str:
    first, second = sorted((birth[4:6], birth[6:8]))
    return birth[:4] + first + second


def _hashed(values: tuple[str, ...]) -> int:
    digest = blake2b("\x1f".join(values).encode(), digest_size=_KEY_BYTES).digest()
    return int.from_bytes(digest, "big", signed=True)
