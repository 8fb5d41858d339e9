"""The CapabilityStatement: derived from what the face routes, searches and checks; it states no more."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version

from carecord.access.token_endpoint import TOKEN_PATH
from carecord.catalogue import OPERATIONS as CATALOGUE
from carecord.fhir_api.addresses import BASE_PATH
from carecord.fhir_api.bodies_in import JSON_PATCH
from carecord.fhir_api.calls import Level, Operation
from carecord.fhir_api.definitions import SERVED
from carecord.fhir_api.definitions.served import KEPT_AS_SENT, MADE_ON_READING
from carecord.fhir_api.instants import instant
from carecord.fhir_api.kept import Json
from carecord.fhir_api.negotiation import FHIR_JSON, FHIR_XML
from carecord.fhir_api.searching import parameters_of

ALL_LINKED = "getAllLinkedPatients"

_WRITTEN = (
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
)
_READ_ALONE = ("read", "search-type")
_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"


def capability_statement(
    base_url: str,
    operations: Sequence[Operation],
    *,
    made_parameters: Mapping[str, Mapping[str, str]],
    since: datetime,
    cors: bool,
) -> Json:
    """What the server can do since it was started. `made_parameters` are those of types made on reading."""
    resources = [_resource(one, operations, made_parameters.get(one)) for one in SERVED]
    rest: Json = {
        "mode": "server",
        "documentation": (
            "A search by patient answers for the whole person: any id of a linked record will do."
            " Searches take _count, _sort, _total, _summary, _elements, _include and _revinclude"
            " (:iterate, and * for all), _has, and chains; Prefer: handling=strict makes a parameter"
            " that is not known an error."
        ),
        "security": _security(base_url, cors=cors),
        "resource": resources,
        "interaction": [{"code": "transaction"}, {"code": "batch"}],
    }
    listed = _operations(operations, lambda one: one.level is Level.SYSTEM)
    if listed:
        rest["operation"] = listed
    return {
        "resourceType": "CapabilityStatement",
        "id": "carecord",
        "name": "carecord",
        "title": "carecord: the open shared care record",
        "status": "active",
        "date": instant(since),
        "kind": "instance",
        "software": {"name": "carecord", "version": version("carecord")},
        "implementation": {"description": "carecord", "url": base_url + BASE_PATH},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, "json", FHIR_XML, "xml"],
        "patchFormat": [JSON_PATCH],
        "rest": [rest],
    }


def _security(base_url: str, *, cors: bool) -> Json:
    return {
        "extension": [
            {
                "url": _OAUTH,
                "extension": [{"url": "token", "valueUri": base_url + TOKEN_PATH}],
            }
        ],
        "cors": cors,
        "service": [{"coding": [{"system": _SERVICE, "code": "SMART-on-FHIR", "display": "SMART-on-FHIR"}]}],
        "description": (
            "OAuth 2.0 client credentials; SMART scopes of both versions, system/, user/ and patient/,"
            " with search parameters to narrow them."
        ),
    }


def _resource(
    type_name: str, operations: Sequence[Operation], made_parameters: Mapping[str, str] | None
) -> Json:
    made = type_name in MADE_ON_READING
    stated: Json = {"type": type_name}
    profiles = _profiles().get(type_name, ())
    if profiles:
        stated["supportedProfile"] = list(profiles)
    if type_name in KEPT_AS_SENT:
        stated["documentation"] = "Kept as it is sent; no bundle of the bundles API shows it."
    stated["interaction"] = [{"code": one} for one in (_READ_ALONE if made else _WRITTEN)]
    if made:
        stated["versioning"] = "no-version"
        stated["searchParam"] = [
            {"name": name, "type": kind} for name, kind in sorted((made_parameters or {}).items())
        ]
    else:
        stated |= _of_kept(type_name)
    listed = _operations(
        operations, lambda one: one.level is not Level.SYSTEM and one.type in (None, type_name)
    )
    if listed:
        stated["operation"] = listed
    return stated


def _of_kept(type_name: str) -> Json:
    stated: Json = {
        "versioning": "versioned",
        "readHistory": True,
        # The id of a Patient is given by the patient index.
        "updateCreate": type_name != "Patient",
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "referencePolicy": ["literal", "logical"],
        "searchInclude": ["*", f"{type_name}:*", *include_words(type_name)],
        "searchRevInclude": ["*", *revinclude_words(type_name)],
        "searchParam": [
            {"name": code, "definition": one.url, "type": one.type}
            for code, one in sorted(parameters_of(type_name).items())
        ],
    }
    if type_name == "Patient":
        stated["searchParam"].append(
            {
                "name": ALL_LINKED,
                "type": "special",
                "documentation": "true: with those that match, everyone who is linked with one of them.",
            }
        )
    return stated


def include_words(type_name: str) -> list[str]:
    """What `_include` takes that begins with this type."""
    return [
        f"{type_name}:{code}"
        for code, one in sorted(parameters_of(type_name).items())
        if one.type == "reference"
    ]


def revinclude_words(type_name: str) -> list[str]:
    """What `_revinclude` takes that leads to this type."""
    return [
        f"{source}:{code}"
        for source in SERVED
        if source not in MADE_ON_READING
        for code, one in sorted(parameters_of(source).items())
        if one.type == "reference" and type_name in one.targets
    ]


def _operations(operations: Sequence[Operation], wanted: Callable[[Operation], bool]) -> list[Json]:
    # One that is called at two levels is stated once.
    named = {(one.name, one.definition, one.about) for one in operations if one.definition and wanted(one)}
    return [
        {"name": name, "definition": definition, "documentation": about}
        for name, definition, about in sorted(named)
    ]


def _profiles() -> Mapping[str, Sequence[str]]:
    """By type: the profiles that the catalogue's resources are made to."""
    found: dict[str, set[str]] = {}
    for operation in CATALOGUE:
        for one in getattr(operation, "fhir", ()):
            if one.profile:
                found.setdefault(one.type, set()).add(one.profile)
    return {type_name: sorted(profiles) for type_name, profiles in found.items()}
