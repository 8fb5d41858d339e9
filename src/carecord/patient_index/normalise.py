"""What a record says of who somebody is, in the form that records are compared in."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache

import msgspec
from anyascii import anyascii
from stdnum.gb import nhs

from carecord.patient_index.name_keys import postcode_key

VERIFIED = "01"
NO_EVIDENCE = frozenset({"04", "05"})
"""NHS number statuses that say that tracing failed or that number and details conflict."""

_NEWBORN_WORDS = frozenset(
    [
        *("BABY", "BABE", "BABYBOY", "BABYGIRL", "BB", "BOY", "GIRL", "MALE", "FEMALE"),
        *("INFANT", "NEWBORN", "NEONATE", "CHILD"),
    ]
)
_PLACEHOLDER_WORDS = frozenset(
    [
        *(
            "UNKNOWN",
            "UNK",
            "NOTKNOWN",
            "NK",
            "NN",
            "NA",
            "NONE",
            "NOTGIVEN",
            "NOTSTATED",
            "UNIDENTIFIED",
            "TRAUMA",
        ),
        *("PATIENT", "TEST", "TESTPATIENT", "X", "XX", "XXX"),
    ]
)
_PLACEHOLDER_FORENAMES = _PLACEHOLDER_WORDS | {"UNNAMED", "MR", "MRS", "MISS", "MS", "MASTER"}
_FILLING_WORDS = frozenset(
    [
        *("NO", "NOT", "NAME", "NAMED", "UN", "GIVEN", "KNOWN", "STATED", "PERSON", "OF", "AND", "THE"),
        *("ONE", "TWO", "THREE", "FOUR", "FIRST", "SECOND", "THIRD", "I", "II", "III", "IV"),
    ]
)
"""What stands beside a placeholder and is no name either."""
_ONE_OF_SEVERAL = re.compile(r"^(TWIN|TRIPLET|QUAD)(S|ONE|TWO|THREE|FOUR|[0-9]+|[IV]+|[A-D])?$")
_BABY_OF = re.compile(r"^\s*B\s*/\s*O\b|^\s*BABY", re.IGNORECASE)
PLACEHOLDER_BIRTHS = frozenset({"18000101", "19000101", "19010101", "99991231"})
# NHS Data Dictionary: POSTCODE; ZZ99 codes name a country or "no fixed abode", never a home.
_PSEUDO_POSTCODE = "ZZ99"
_NOT_WORD = re.compile(r"[^A-Z0-9]+")
_PARTICLES = frozenset(
    [
        *("DE", "DER", "DEN", "VAN", "VON", "ZU", "LA", "LE", "DU", "DA", "DO", "DI", "DOS", "DAS", "DEL"),
        *("E", "Y", "EL", "AL", "UL", "ABU", "BIN", "BINT", "BINTE", "BINTI", "IBN", "OF", "THE", "ST"),
    ]
)
"""Parts of surnames that many have, and that say nothing alone."""
_SERVANT = re.compile(r"^AB[DB][AEIOU]?L?$")
"""Abdul Rahman, Abdel Rahman and Abdulrahman are one name: "servant of"."""
_FURTHER_LINES = ("AddressLine2", "AddressLine3", "AddressLine4", "AddressLine5")
_COUNTRIES = frozenset(["UK", "UNITED KINGDOM", "GB", "GREAT BRITAIN", "ENGLAND", "WALES", "SCOTLAND"])
_SEXES = {"1": "M", "2": "F", "M": "M", "F": "F", "MALE": "M", "FEMALE": "F"}


class Identity(msgspec.Struct, frozen=True, array_like=True):
    """Who a record is about. What carries no weight (a placeholder, a default) is left out."""

    nhs_number: str | None = None
    nhs_verified: bool = False
    forename: str | None = None
    middle: str | None = None
    surname: str | None = None
    surname_parts: tuple[str, ...] = ()
    """The names of a double-barrelled surname and former surnames, each of two letters at least."""
    birth: str | None = None
    """Eight digits, year first; as sent, so that a day no calendar has can still nearly agree."""
    sex: str | None = None
    postcode: str | None = None
    address: str | None = None
    phones: tuple[str, ...] = ()
    newborn: bool = False
    """Called "baby" or "twin one" for want of a name."""
    places: tuple[str, ...] = ()
    """The lines of the address after the first: locality, town, county."""


def identity_of(sent: Mapping[str, str | None]) -> Identity:
    """The identity in an item of Patient - Demographics (its JSON names)."""
    forename, middle, newborn = _given_names(sent.get("Forename"), sent.get("MiddleNames"))
    surname, parts = _surnames(sent.get("Surname"), sent.get("PreviousSurname"))
    number = _nhs_number(sent.get("NhsNumber"), sent.get("NhsNumberVerificationStatus"))
    return Identity(
        nhs_number=number,
        nhs_verified=number is not None and sent.get("NhsNumberVerificationStatus") == VERIFIED,
        forename=forename,
        middle=middle,
        surname=surname,
        surname_parts=parts,
        birth=_birth(sent.get("DateOfBirth")),
        sex=_SEXES.get((sent.get("Gender") or "").upper()),
        postcode=_postcode(sent.get("PostCode")),
        address=_address(sent.get("AddressLine1")),
        phones=_phones(sent.get("MobileTelephone"), sent.get("HomeTelephone")),
        newborn=newborn,
        places=_places(sent),
    )


@lru_cache(maxsize=131_072)
def _words(text: str) -> tuple[str, ...]:
    upper = anyascii(text).upper().replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    return tuple(word for word in _NOT_WORD.split(upper) if word)


def _given_names(forename: str | None, middle_names: str | None) -> tuple[str | None, str | None, bool]:
    """The forename and the first of the other given names, in one word each."""
    words = _in_one(list(_words(forename or "")))
    middle = list(_words(middle_names or ""))
    newborn = _names_newborn(forename or "", words)
    if newborn or _says_nothing(words, _PLACEHOLDER_FORENAMES):
        words = []
    elif len(words) > 1 and "-" not in (forename or "") and len(words[0]) > 1:
        middle = words[1:] + middle
        words = words[:1]
    first = middle[0] if middle and middle[0] not in _PLACEHOLDER_FORENAMES | _NEWBORN_WORDS else None
    return "".join(words) or None, first, newborn


def _names_newborn(text: str, words: list[str]) -> bool:
    """Whether a child is called Baby, Twin One, B/O Sarah or Male Infant for want of a name."""
    stems = [word.rstrip("0123456789") or word for word in words]
    some = any(
        stem in _NEWBORN_WORDS or _ONE_OF_SEVERAL.match(word) for stem, word in zip(stems, words, strict=True)
    )
    return bool(_BABY_OF.match(text)) or some


def _says_nothing(words: Sequence[str], placeholders: frozenset[str]) -> bool:
    """Whether all words are placeholders, or stand beside one."""
    if "".join(words) in placeholders:
        return True
    beside = placeholders | _FILLING_WORDS | _NEWBORN_WORDS
    nameless = all(word in beside or word.isdigit() or len(word) == 1 for word in words)
    return nameless and any(word in placeholders or word in ("NO", "NOT", "UN") for word in words)


def _in_one(words: list[str]) -> list[str]:
    """Names that are written in two words or in one, in one."""
    if len(words) > 1 and _SERVANT.match(words[0]):
        joined = 2 if words[1] not in ("AL", "EL", "UL", "UR", "AR", "AS") or len(words) == 2 else 3
        return ["".join(words[:joined]), *words[joined:]]
    return words


def _surnames(surname: str | None, previous: str | None) -> tuple[str | None, tuple[str, ...]]:
    words = _words(surname or "")
    whole = "".join(words)
    if _says_nothing(words, _PLACEHOLDER_WORDS):
        words, whole = (), ""
    former = _words(previous or "")
    parts = {word for word in words if len(word) > 1 and word not in _PARTICLES} if len(words) > 1 else set()
    if former:
        parts.add("".join(former))
        parts |= {word for word in former if len(word) > 1 and word not in _PARTICLES}
    parts.discard(whole)
    return whole or None, tuple(sorted(parts))


def _nhs_number(number: str | None, status: str | None) -> str | None:
    if not number or status in NO_EVIDENCE:
        return None
    digits = nhs.compact(number)
    return digits if len(set(digits)) > 1 and nhs.is_valid(digits) else None


def _birth(text: str | None) -> str | None:
    digits = "".join(letter for letter in text or "" if letter.isdigit())[:8]
    return digits if len(digits) == 8 and digits not in PLACEHOLDER_BIRTHS else None


def calendar_day(birth: str | None) -> date | None:
    """The day of eight digits, where the calendar has it."""
    if birth:
        with suppress(ValueError):
            return date(int(birth[:4]), int(birth[4:6]), int(birth[6:8]))
    return None


def _postcode(text: str | None) -> str | None:
    key = postcode_key(text) if text else ""
    return key if key and not key.startswith(_PSEUDO_POSTCODE) else None


def _address(line: str | None) -> str | None:
    return " ".join(_words(line or "")) or None


def _places(sent: Mapping[str, str | None]) -> tuple[str, ...]:
    lines = {_address(sent.get(name)) for name in _FURTHER_LINES if sent.get(name)}
    return tuple(sorted(line for line in lines if line and line not in _COUNTRIES))


@lru_cache(maxsize=65_536)
def _phone(text: str) -> str | None:
    digits = "".join(letter for letter in text if letter.isdigit())
    digits = "0" + digits[2:] if digits.startswith("44") else digits
    digits = "0" + digits[4:] if digits.startswith("0044") else digits
    return digits if len(digits) >= 9 and len(set(digits[2:])) > 2 else None


def _phones(*texts: str | None) -> tuple[str, ...]:
    return tuple(sorted({phone for text in texts if text and (phone := _phone(text))}))
