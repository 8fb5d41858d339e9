"""What a search asks of its body beyond the types of the fields, as JSON Schema."""

from carecord.bundles_api.find_patient import ENOUGH, ENOUGH_WITH_SURNAME, TEXT_LIMIT
from carecord.bundles_api.fuzzy_search import ENOUGH_TOGETHER, ENOUGH_WITH_NUMBER, NUMBER, WHOLE
from carecord.bundles_api.json_schemas import Schema
from carecord.bundles_api.parameters import PAGE_NUMBER_LIMIT, PAGE_SIZE_LIMIT
from carecord.bundles_api.worklists import PAGE_LIMIT
from carecord.catalogue.demographics import FIND_PATIENT
from carecord.catalogue.model import Operation, json_name
from carecord.catalogue.value_lists import GENDER
from carecord.catalogue.worklists import WORKLIST_DATA
from carecord.clinical_store.worklists import RESULTS_PER_PAGE_LIMIT

_BLANK: Schema = {"pattern": r"^\s*$"}
_NULL: Schema = {"type": "null"}


def body_rules(operation: Operation, *, browse_by_surname: bool) -> Schema | None:
    """Properties narrower than their types, and what must be among them; None where types say it all."""
    if operation is FIND_PATIENT:
        return _find_patient(browse_by_surname=browse_by_surname)
    if operation is WORKLIST_DATA:
        return {
            "properties": {
                "Page": _count(PAGE_LIMIT),
                "ResultsPerPage": _count(RESULTS_PER_PAGE_LIMIT),
            }
        }
    return None


def _find_patient(*, browse_by_surname: bool) -> Schema:
    text: Schema = {"type": ["string", "null"], "maxLength": TEXT_LIMIT, "pattern": r"^[^\u0000]*$"}
    # Of a name or a postcode only its letters and digits are compared.
    name = text | {"pattern": r"^\s*$|^[^\u0000]*[^\W_\u0000][^\u0000]*$"}
    number: Schema = {"type": "string", "format": "nhs-number", "pattern": r"^\s*([0-9]\s*){10}$"}
    day: Schema = {"type": "string", "format": "date"}
    enough = [_given(field) for field in ENOUGH]
    enough += (
        [_given("surname")]
        if browse_by_surname
        else [{"allOf": [_given("surname"), _given(field)]} for field in ENOUGH_WITH_SURNAME]
    )
    return {
        "properties": {
            "Surname": name,
            "Forename": name,
            "PostCode": name,
            "GPCode": text,
            "GPPracticeCode": text,
            "PatientNumber": text,
            "NhsNumber": {"anyOf": [number, _blank_text(), _NULL]},
            "DateOfBirth": {"anyOf": [day, _blank_text(), _NULL]},
            "Gender": {"enum": [*GENDER.meanings, "male", "female", "", None]},
            "PageNumber": _count(PAGE_NUMBER_LIMIT),
            "PageSize": _count(PAGE_SIZE_LIMIT),
        },
        "anyOf": [
            {"allOf": [_NOT_FUZZY, {"anyOf": enough}]},
            {"allOf": [_FUZZY, {"anyOf": _enough_fuzzily()}]},
        ],
    }


_NOT_FUZZY: Schema = {"properties": {"Fuzzy": {"enum": [False, None]}}}
_FUZZY: Schema = {
    "required": ["Fuzzy"],
    "properties": {
        "Fuzzy": {"const": True},
        **{json_name(attribute): {"pattern": r"^[^*]*$"} for attribute in WHOLE},
    },
}


def _enough_fuzzily() -> list[Schema]:
    ways = [*ENOUGH_TOGETHER, *((NUMBER, other) for other in ENOUGH_WITH_NUMBER)]
    return [{"allOf": [_given(attribute) for attribute in together]} for together in ways]


def _given(attribute: str) -> Schema:
    """The field is there and asks for something."""
    name = json_name(attribute)
    return {"required": [name], "properties": {name: {"type": ["string", "integer"], "pattern": r"\S"}}}


def _blank_text() -> Schema:
    return {"type": "string", "maxLength": TEXT_LIMIT, **_BLANK}


def _count(most: int) -> Schema:
    return {"type": ["integer", "null"], "minimum": 1, "maximum": most}
