"""Parameters that refer to resources: one named by its ID or address, and patients with everyone linked."""

import re
from collections.abc import Sequence

from carecord.fhir_api.definitions import Parameter, patient_compartment
from carecord.fhir_api.definitions.served import FROM_THE_CATALOGUE, SERVED
from carecord.fhir_api.searching.keys import token_of
from carecord.fhir_api.searching.literals import BadValue, split, unescape
from carecord.fhir_api.searching.model import AnyOf, Links, Never, People, PeopleNamed, Term, Tokens
from carecord.fhir_api.searching.slots import Slots, UnknownModifier

PATIENT_PARAMETERS = ("patient", "subject")
"""Parameters whose Patient stands for the whole person, whichever of its records is named."""

LARGEST_ID = 2**63 - 1

_TYPED = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)\S+")
# These refer to patients beside the one whose record they are in, or are in nobody's.
_OF_NO_ONE_RECORD = ("AuditEvent", "Provenance", "Schedule", "Group")


def is_of_person(type_name: str, parameter: str) -> bool:
    """Whether the parameter's Patient is whose record the resource is in."""
    if parameter not in PATIENT_PARAMETERS or type_name in _OF_NO_ONE_RECORD:
        return False
    return type_name in FROM_THE_CATALOGUE or not {*PATIENT_PARAMETERS}.isdisjoint(
        patient_compartment(type_name)
    )


def reference_term(
    slots: Slots, type_name: str, parameter: Parameter, modifier: str | None, values: Sequence[str]
) -> Term:
    """What a reference parameter asks. A bare ID is a Patient's where it can be, else of any target."""
    if modifier == "identifier":
        forms = [_identifier(one) for one in values]
        return Tokens(
            slots.add_tokens(
                token_of(type_name, f"{parameter.code}:identifier", f"={form}") for form in forms
            )
        )
    if modifier is not None and modifier not in parameter.targets:
        raise UnknownModifier(modifier)
    references = [one for value in values for one in _references(slots, parameter, modifier, value)]
    if parameter.code not in PATIENT_PARAMETERS:
        return _tokens(slots, type_name, parameter, references)
    patients = [one for one in references if one.startswith("Patient/")]
    others = [one for one in references if not one.startswith("Patient/")]
    terms: list[Term] = []
    if patients:
        terms.append(_people(slots, type_name, parameter, patients))
    if others:
        terms.append(_tokens(slots, type_name, parameter, others))
    return terms[0] if len(terms) == 1 else AnyOf(tuple(terms))


def _identifier(value: str) -> str:
    parts = [unescape(one) for one in split(value, "|")]
    if len(parts) > 2 or not parts[-1]:
        raise BadValue("with :identifier it is value, system|value or |value")
    return f"*|{parts[0]}" if len(parts) == 1 else "|".join(parts)


def _references(slots: Slots, parameter: Parameter, modifier: str | None, value: str) -> Sequence[str]:
    if slots.base and value.startswith(f"{slots.base}/"):
        value = value[len(slots.base) + 1 :]
    typed = _TYPED.fullmatch(value)
    if typed is not None:
        named = f"{typed[1]}/{typed[2]}"
        return [named] if modifier in (None, typed[1]) else []
    if _ID.fullmatch(value):
        if modifier is not None:
            return [f"{modifier}/{value}"]
        if "Patient" in parameter.targets and parameter.code in PATIENT_PARAMETERS and value.isdecimal():
            return [f"Patient/{value}"]
        return [f"{target}/{value}" for target in parameter.targets or SERVED]
    if _ADDRESS.fullmatch(value):
        return [value]
    raise BadValue("a reference is an ID, Type/ID or an absolute address")


def is_link(type_name: str, parameter: Parameter) -> bool:
    """Whether it tells which records are one person's, of which not everybody may know."""
    return (type_name, parameter.code) == ("Patient", "link")


def _tokens(slots: Slots, type_name: str, parameter: Parameter, references: Sequence[str]) -> Term:
    tokens = slots.add_tokens(token_of(type_name, parameter.code, f"={one}") for one in references)
    if is_link(type_name, parameter):
        return Links(tokens, slots.add(tuple(references)))
    return Tokens(tokens)


def _people(slots: Slots, type_name: str, parameter: Parameter, patients: Sequence[str]) -> Term:
    numbers = [one.removeprefix("Patient/") for one in patients]
    ids = tuple(dict.fromkeys(int(one) for one in numbers if one.isdecimal() and int(one) <= LARGEST_ID))
    if not ids:
        return Never()
    if is_of_person(type_name, parameter.code):
        return People(slots.add(ids))
    return PeopleNamed(f"{type_name}|{parameter.code}=Patient/", slots.add(ids))
