"""The OpenAPI 3.1 document of the bundles API, made from the operations that are served."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from carecord.access.gate import KEY_HEADER
from carecord.access.token_endpoint import TOKEN_PATH
from carecord.bundles_api.body_rules import body_rules
from carecord.bundles_api.face import PATIENT_DETAIL_ID
from carecord.bundles_api.index_operations import OTHER_PATIENT_DETAIL_ID, IndexOperation, QueryParameter
from carecord.bundles_api.json_schemas import DECIMAL, LOCAL_DATE_TIME, Schema, Schemas
from carecord.bundles_api.parameters import (
    PAGE_NUMBER_LIMIT,
    PAGE_SIZE,
    PAGE_SIZE_LIMIT,
    VALUE_LIMIT,
    Parameter,
    Takes,
    parameters_of,
)
from carecord.catalogue.demographics import FIND_PATIENT
from carecord.catalogue.model import (
    Bundle,
    Holds,
    ListOperation,
    Operation,
    SearchOperation,
    SingleOperation,
    WriteOperation,
)
from carecord.catalogue.samples import further_samples, sample_answer, sample_of
from carecord.kernel import errors
from carecord.kernel.errors import CareRecordError
from carecord.kernel.problem import MEDIA_TYPE as PROBLEM
from carecord.kernel.settings import Settings

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
TOKEN_OPERATION_ID = "Token_Post"  # noqa: S105
ACCESS_TAG = "Access"

ABOUT = """The open shared care record: every organisation's facts about a patient, linked and given back.

Ask `POST /oauth2/token` for a token, find the patient with `POST /demographics/patients/search`, and read
with any patient detail ID of the answer: each read answers for every linked record of the person.
Send the token as `Authorization: Bearer` and the key of your subscription as `Ocp-Apim-Subscription-Key`."""

REFUSALS: tuple[type[CareRecordError], ...] = (
    errors.BadRequest,
    errors.NotAuthenticated,
    errors.NotAllowed,
    errors.NotFound,
    errors.MethodNotAllowed,
    errors.NotAcceptable,
    errors.Conflict,
    errors.BodyTooLarge,
    errors.UnsupportedMediaType,
    errors.Unprocessable,
    errors.TooManyRequests,
    errors.Unavailable,
)
_HEADERS: dict[type[CareRecordError], tuple[str, str]] = {
    errors.NotAuthenticated: ("WWW-Authenticate", "What is needed: a token (RFC 6750) or a key."),
    errors.MethodNotAllowed: ("Allow", "The methods that the path takes."),
    errors.TooManyRequests: ("Retry-After", "Seconds to wait before the next call."),
}


def build_openapi(served: Iterable[Operation], settings: Settings) -> dict[str, Any]:
    """The document for these operations; one without a handler is left out by not being among them."""
    operations = tuple(served)
    bundles = tuple(dict.fromkeys(operation.bundle for operation in operations))
    schemas = Schemas()
    paths: dict[str, dict[str, Any]] = {TOKEN_PATH: {"post": _token_operation()}}
    for operation in operations:
        described = _operation(operation, schemas, settings)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "carecord bundles API",
            "version": version("carecord"),
            "summary": "The open shared care record",
            "description": ABOUT,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": settings.base_url}],
        "tags": [
            {"name": ACCESS_TAG, "description": "Get a token."},
            *({"name": bundle.name, "description": f"{bundle.tagline}."} for bundle in bundles),
        ],
        "paths": paths,
        "components": {
            "schemas": {**schemas.named, "Problem": _problem_schema(), **_VALUES},
            "parameters": _PAGE_PARAMETERS,
            "responses": {refusal.__name__: _refusal(refusal) for refusal in REFUSALS},
            "securitySchemes": _security_schemes(bundles, settings),
        },
    }


def refusals_of(operation: Operation) -> tuple[type[CareRecordError], ...]:
    """The ways in which a call of this operation can be refused, by status.

    405 is not among them: it answers a method that the path does not have, so no operation has it.
    """
    found = {
        errors.BadRequest,
        errors.NotAuthenticated,
        errors.NotAllowed,
        errors.TooManyRequests,
        errors.Unavailable,
    }
    if "{" in operation.path:
        found.add(errors.NotFound)
    if further_media_types(operation):
        found.add(errors.NotAcceptable)
    if isinstance(operation, IndexOperation):
        found.update(operation.refusals)
    if takes_body(operation):
        found |= {errors.BodyTooLarge, errors.UnsupportedMediaType}
    if isinstance(operation, WriteOperation) or (takes_body(operation) and "{" in operation.path):
        found.add(errors.Conflict)
    if isinstance(operation, WriteOperation):
        found.add(errors.Unprocessable)
    return tuple(refusal for refusal in REFUSALS if refusal in found)


def further_media_types(operation: Operation) -> tuple[str, ...]:
    """What it gives beside JSON to a caller who accepts it: a picture, or stored bytes of whichever type."""
    if isinstance(operation, IndexOperation):
        return tuple(one for one in operation.media_types if one != JSON)
    return ("*/*",) if any(leaf.field.holds is Holds.BASE64 for leaf in operation.leaves) else ()


def takes_body(operation: Operation) -> bool:
    return isinstance(operation, SearchOperation | WriteOperation) and operation.body is not None


def scopes_of(operation: Operation) -> list[str]:
    """The scopes that a caller needs, all of them."""
    return [operation.scope, *([operation.restricted_scope] if operation.restricted else [])]


def describe_operation(operation: Operation) -> str:
    """What it is for, what it answers, and who may call it."""
    said = [operation.summary]
    if isinstance(operation, SingleOperation):
        said.append("Answers with one row, or with 204 where the patient has none.")
    if operation.restricted:
        said.append(f"Restricted: needs the scope `{operation.restricted_scope}` too.")
    if operation.note:
        said.append(operation.note)
    return "\n\n".join(said)


def describe_parameter(parameter: Parameter) -> str:
    """What a query parameter does, in one sentence."""
    if parameter.leaf is None:
        return str(_PAGE_PARAMETERS[parameter.name]["description"])
    name = parameter.leaf.name
    return {
        Takes.DIRECTION: f"Order by {name}. With several Sort parameters the first one counts first.",
        Takes.TEXT: f"Only rows whose {name} holds this text, whatever its case and accents.",
        Takes.NUMBER: f"Only rows whose {name} is this number.",
        Takes.BOOLEAN: f"Only rows whose {name} is this.",
        Takes.TIME: f"Only rows whose {name} is on this day, or at this time.",
        Takes.EARLIEST: f"Only rows whose {name} is at this time or later; a day counts from its start.",
        Takes.LATEST: f"Only rows whose {name} is at this time or earlier; a day counts to its end.",
    }[parameter.takes]


def _operation(operation: Operation, schemas: Schemas, settings: Settings) -> dict[str, Any]:
    parameters = [_path_parameter(operation, name) for name in path_parameter_names(operation)]
    if isinstance(operation, ListOperation):
        parameters += [_query_parameter(parameter) for parameter in parameters_of(operation)]
    if isinstance(operation, IndexOperation):
        parameters += [_own_parameter(parameter) for parameter in operation.query]
    described: dict[str, Any] = {
        "operationId": operation.operation_id,
        "summary": operation.title,
        "description": describe_operation(operation),
        "tags": [operation.bundle.name],
        "parameters": parameters,
        "responses": _responses(operation, schemas),
        "security": _security(operation, settings),
        "x-source": operation.source.value,
    }
    if isinstance(operation, SearchOperation | WriteOperation) and operation.body is not None:
        rules = body_rules(operation, browse_by_surname=settings.browse_by_surname)
        content: dict[str, Any] = {"schema": schemas.body(operation.body, rules)}
        body = sample_of(operation).body
        if operation is FIND_PATIENT and body is not None and not settings.browse_by_surname:
            # The known sample has a surname alone, which only a server for developers answers.
            body |= {"DateOfBirth": sample_of(operation).item["DateOfBirth"]}
        if body is not None:
            further = {sample.title: sample.body for sample in further_samples(operation)}
            content |= _examples(body, further)
        described["requestBody"] = {"required": True, "content": {JSON: content}}
    return described


def path_parameter_names(operation: Operation) -> list[str]:
    """The words of the path that stand for a value, in their order."""
    return [word[1:-1] for word in operation.path.split("/") if word.startswith("{")]


def describe_path_parameter(operation: Operation, name: str) -> str:
    if name in operation.path_parameters:
        return f"{operation.path_parameters[name]}."
    assert name == PATIENT_DETAIL_ID, name
    return "A patient detail ID: one source's record of the patient. Any linked one gives the whole person."


def _path_parameter(operation: Operation, name: str) -> dict[str, Any]:
    schema: Schema = {"type": "string", "pattern": "^[^/]+$"}
    parameter = {
        "name": name,
        "in": "path",
        "required": True,
        "description": describe_path_parameter(operation, name),
        "schema": schema,
    }
    if name in (PATIENT_DETAIL_ID, OTHER_PATIENT_DETAIL_ID):
        schema["pattern"] = "^[0-9]+$"
        known = {PATIENT_DETAIL_ID: sample_of(FIND_PATIENT).item["PatientDetailId"]}
        parameter["example"] = (known | sample_of(operation).path)[name]
    return parameter


def _query_parameter(parameter: Parameter) -> dict[str, Any]:
    if parameter.leaf is None:
        return {"$ref": f"#/components/parameters/{parameter.name}"}
    return {
        "name": parameter.name,
        "in": "query",
        "description": describe_parameter(parameter),
        "schema": {"$ref": f"#/components/schemas/{_VALUE_NAMES[parameter.takes]}"},
    }


def _own_parameter(parameter: QueryParameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.about,
        "required": parameter.required,
        "schema": dict(parameter.schema),
        "example": parameter.example,
    }


_PAGE_PARAMETERS: dict[str, dict[str, Any]] = {
    "PageNumber": {
        "name": "PageNumber",
        "in": "query",
        "description": "Which page, from 1. A page past the end is empty and tells the true total.",
        "schema": {"type": "integer", "minimum": 1, "maximum": PAGE_NUMBER_LIMIT, "default": 1},
    },
    "PageSize": {
        "name": "PageSize",
        "in": "query",
        "description": f"Rows of a page, {PAGE_SIZE_LIMIT} at most.",
        "schema": {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_LIMIT, "default": PAGE_SIZE},
    },
}

_VALUE_NAMES = {
    Takes.DIRECTION: "Direction",
    Takes.TEXT: "TextLookedFor",
    Takes.NUMBER: "Decimal",
    Takes.BOOLEAN: "TrueOrFalse",
    Takes.TIME: "DayOrTime",
    Takes.EARLIEST: "DayOrTime",
    Takes.LATEST: "DayOrTime",
}
_VALUES: dict[str, Schema] = {
    "Direction": {"type": "string", "enum": ["asc", "desc"]},
    "TextLookedFor": {
        "type": "string",
        "minLength": 1,
        "maxLength": VALUE_LIMIT,
        "pattern": r"^[^\u0000]+$",
    },
    "Decimal": {"type": "string", "pattern": DECIMAL, "examples": ["7.5"]},
    "TrueOrFalse": {"type": "string", "enum": ["true", "false"]},
    "DayOrTime": {
        "anyOf": [
            {"type": "string", "format": "date", "examples": ["2024-03-01"]},
            {
                "type": "string",
                "format": "date-time-local",
                "pattern": LOCAL_DATE_TIME,
                "examples": ["2024-03-01T16:40:00"],
            },
        ],
        "description": "A day, or UK local time without offset.",
    },
}


def _examples(sample: dict[str, Any], further: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One example, or several by their titles."""
    if not further:
        return {"example": sample}
    return {"examples": {title: {"value": value} for title, value in {"Sample": sample, **further}.items()}}


def _responses(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    further = {one.title: sample_answer(operation, one.item) for one in further_samples(operation)}
    content: dict[str, Any] = {
        JSON: {"schema": schemas.answer_of(operation), **_examples(sample_answer(operation), further)}
    }
    content |= {media_type: {"schema": {}} for media_type in further_media_types(operation)}
    responses: dict[str, Any] = {"200": {"description": "The answer.", "content": content}}
    if isinstance(operation, SingleOperation):
        responses["204"] = {"description": "The patient has no such row."}
    if isinstance(operation, WriteOperation) and operation.method == "POST":
        responses["201"] = {"description": "It was created.", "content": content}
    for refusal in refusals_of(operation):
        responses[str(refusal.status)] = {"$ref": f"#/components/responses/{refusal.__name__}"}
    return dict(sorted(responses.items()))


def _refusal(refusal: type[CareRecordError]) -> dict[str, Any]:
    text = (refusal.__doc__ or refusal.title).strip()
    example = {
        "type": "about:blank",
        "title": refusal.title,
        "status": refusal.status,
        "detail": text,
        "instance": "/gp/patients/1/gp-encounters",
        "errors": [{"field": "PageSize", "message": f"must be a whole number from 1 to {PAGE_SIZE_LIMIT}"}]
        if refusal is errors.BadRequest
        else [],
        "traceId": "5f0c2b5e8d0b4c6f9a3f6f0f3f0d9d11",
    }
    response: dict[str, Any] = {
        "description": text,
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }
    if refusal in _HEADERS:
        name, description = _HEADERS[refusal]
        response["headers"] = {name: {"description": description, "schema": {"type": "string"}}}
    return response


def _problem_schema() -> Schema:
    text = {"type": "string"}
    properties = {
        "type": text,
        "title": text,
        "status": {"type": "integer"},
        "detail": {**text, "description": "What is wrong, in a sentence."},
        "instance": {**text, "description": "The path that was asked for."},
        "errors": {
            "type": "array",
            "description": "Each field at fault and the rule it broke.",
            "items": {
                "type": "object",
                "properties": {"field": text, "message": text},
                "required": ["field", "message"],
                "additionalProperties": False,
            },
        },
        "traceId": {
            **text,
            "description": "Names the call in the server's log; send it when you ask for help.",
        },
    }
    return {
        "type": "object",
        "description": "Every error has this shape (RFC 9457).",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _security(operation: Operation, settings: Settings) -> list[dict[str, list[str]]]:
    token = {"clientCredentials": scopes_of(operation)}
    with_key = token | {"subscriptionKey": []}
    return [with_key] if settings.require_subscription_key else [with_key, token]


def _security_schemes(bundles: Iterable[Bundle], settings: Settings) -> dict[str, Any]:
    scopes = {
        name: meaning
        for bundle in bundles
        for name, meaning in (
            (bundle.scope, f"{bundle.name}."),
            (bundle.restricted_scope, f"{bundle.name}: what is {bundle.restricted} too."),
        )
    }
    return {
        "clientCredentials": {
            "type": "oauth2",
            "description": "The client credentials grant; the token lasts as its expires_in says.",
            "flows": {"clientCredentials": {"tokenUrl": settings.base_url + TOKEN_PATH, "scopes": scopes}},
        },
        "subscriptionKey": {
            "type": "apiKey",
            "in": "header",
            "name": KEY_HEADER,
            "description": "The primary or the secondary key of a subscription to a product with the bundle.",
        },
        "clientSecret": {
            "type": "http",
            "scheme": "basic",
            "description": "The client's id and secret, for the token endpoint alone.",
        },
    }


def _token_operation() -> dict[str, Any]:
    text: Schema = {"type": "string"}
    granted = {"access_token": text, "token_type": text, "expires_in": {"type": "integer"}, "scope": text}
    refused = {"error": text, "error_description": text}

    def answer(description: str, properties: Schema) -> dict[str, Any]:
        schema = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        return {"description": description, "content": {JSON: {"schema": schema}}}

    return {
        "operationId": TOKEN_OPERATION_ID,
        "summary": "Get a token",
        "description": "The client credentials grant of RFC 6749 §4.4. The client's id and secret go in a "
        "Basic Authorization header, or in the body.",
        "tags": [ACCESS_TAG],
        "security": [{"clientSecret": []}, {}],
        "requestBody": {
            "required": True,
            "content": {
                FORM: {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "grant_type": {"type": "string", "enum": ["client_credentials"]},
                            "scope": {
                                **text,
                                "description": "Scopes with spaces between; all when left out.",
                            },
                            "client_id": text,
                            "client_secret": text,
                        },
                        "required": ["grant_type"],
                    },
                    "example": {"grant_type": "client_credentials"},
                }
            },
        },
        "responses": {
            "200": answer("A token.", granted),
            "400": answer("The request is no grant (RFC 6749 §5.2).", refused),
            "401": answer("The client is not known by that secret.", refused),
            "413": answer("The body is too long.", refused),
            "503": {"$ref": "#/components/responses/Unavailable"},
        },
    }
