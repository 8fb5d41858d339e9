"""An entry of the clinical store as FHIR: which resources it becomes, with references between them."""

from functools import cache

from carecord.catalogue.model import Operation
from carecord.fhir_api.definitions import children
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.elements import absent_children
from carecord.fhir_api.mapping.linking import link
from carecord.fhir_api.mapping.parts import About, Item, Made, Source
from carecord.fhir_api.mapping.resources import Maker, mapped_row
from carecord.fhir_api.mapping.settling import settler
from carecord.fhir_api.mapping.systems import CONFIDENTIALITY, TENANCIES

_PATIENT_ONLY = ("patient_record", "patient_address", "patient_identifier")
RESTRICTED = {"system": CONFIDENTIALITY, "code": "R", "display": "restricted"}
_RESTRICTED_WHERE = {"Confidentiality": "Restricted", "CareSetting": "Mental health"}
_OWNERS = {"Appointment": "participant", "Task": "for", "Binary": "securityContext"}


def resources_of(store: str, item: Item, *, about: About) -> list[Made]:
    """What this row of the store becomes. Addresses and identifiers are parts of the Patient alone."""
    found = None if store in _PATIENT_ONLY else mapped_row(store, item)
    if found is None:
        return []
    operation = found.operation
    restricted = is_restricted(operation, item)
    parts: list[tuple[Maker, str, Json]] = []
    for maker in found.makers:
        if maker.declared.key == "Patient":
            continue
        for part, resource in _made(maker, operation, item, about):
            _complete(resource, maker, about, restricted=restricted)
            parts.append((maker, part, resource))
    link(operation, [(maker.declared.key, part, resource) for maker, part, resource in parts], about)
    slug = operation.bundle.slug
    return [Made(part, resource, slug, restricted) for _, part, resource in parts]


def is_restricted(operation: Operation, item: Item) -> bool:
    """Whether the row needs the bundle's restricted scope: by its operation, or by what it says of itself."""
    return operation.restricted or any(item.get(name) == word for name, word in _RESTRICTED_WHERE.items())


def may_be_restricted(operation: Operation) -> bool:
    """Whether some rows, or all, need the bundle's restricted scope."""
    return operation.restricted or any(leaf.name in _RESTRICTED_WHERE for leaf in operation.leaves)


def _made(maker: Maker, operation: Operation, item: Item, about: About) -> list[tuple[str, Json]]:
    """The resources of one declaration, each with its part of the id."""
    made: list[tuple[str, Json]] = []
    settle = settler(operation, maker.declared.key)
    for number, row in enumerate(maker.rows((about, item)), 1):
        resource = {"resourceType": maker.declared.type, **(maker.make(row) or {})}
        if settle is not None and not settle(resource, row[-1], about):
            continue
        part = f"{maker.part}-{number}" if maker.lists else maker.part
        made.append((part, resource))
    return made


def _complete(resource: Json, maker: Maker, about: About, *, restricted: bool) -> None:
    """Whose it is, the profile, the tenancy, and what stands for elements that must be there and are not."""
    type_name = maker.declared.type
    owner = _owner(type_name)
    patient = {"reference": f"Patient/{about.patient_detail_id}"}
    if owner == "participant":
        resource.setdefault("participant", []).append({"actor": patient, "status": "accepted"})
    elif owner is not None:
        resource[owner] = patient
    meta: Json = {"tag": [tenancy_tag(about.source)]}
    if maker.declared.profile:
        meta["profile"] = [maker.declared.profile]
    if restricted:
        meta["security"] = [RESTRICTED]
    resource["meta"] = meta
    for absent in absent_children(type_name):
        if absent.names.isdisjoint(resource):
            resource[absent.name] = absent.stand_in


def tenancy_tag(source: Source) -> Json:
    return {"system": TENANCIES, "code": str(source.tenancy_id), "display": source.description}


@cache
def _owner(type_name: str) -> str | None:
    """The element that says whose the resource is."""
    if type_name in _OWNERS:
        return _OWNERS[type_name]
    return next((name for name in ("subject", "patient") if name in children(type_name)), None)
