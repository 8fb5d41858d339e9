"""Who is let in to do what: SMART scopes of token and client, and the source that a client writes for."""

from carecord.access.gate import Identified
from carecord.access.smart_scopes import grants_within
from carecord.access.tokens import challenge_scope
from carecord.catalogue import BUNDLES
from carecord.fhir_api.addresses import Address, Interaction
from carecord.fhir_api.kept import Json
from carecord.fhir_api.rights import Deed, Grant, Rights
from carecord.fhir_api.searching.remembering import remembering
from carecord.kernel.errors import FieldError, NotAllowed, Unprocessable

TENANCIES = "https://fhir.graphnethealth.com/CodeSystem-Tenancies"

_LARGEST_ID = 2**63 - 1

NEEDED = {
    Interaction.READ: (Deed.READ,),
    Interaction.VREAD: (Deed.READ,),
    Interaction.HISTORY_OF_INSTANCE: (Deed.READ,),
    Interaction.HISTORY_OF_TYPE: (Deed.SEARCH,),
    Interaction.SEARCH: (Deed.SEARCH,),
    Interaction.CREATE: (Deed.CREATE,),
    Interaction.UPDATE: (Deed.UPDATE,),
    Interaction.PATCH: (Deed.UPDATE,),
    Interaction.DELETE: (Deed.DELETE,),
    Interaction.CONDITIONAL_UPDATE: (Deed.UPDATE, Deed.SEARCH),
    Interaction.CONDITIONAL_PATCH: (Deed.UPDATE, Deed.SEARCH),
    Interaction.CONDITIONAL_DELETE: (Deed.DELETE, Deed.SEARCH),
}
"""What a scope must permit. What a search finds for a change tells of it, as every search does."""


_BUNDLES_BY_SCOPE = {one.restricted_scope: one.slug for one in BUNDLES}


def rights_of(identified: Identified) -> Rights:
    """What this call may see and change."""
    patient = identified.claims.patient or ""
    known = patient.isascii() and patient.isdigit() and len(patient) <= 19 and int(patient) <= _LARGEST_ID
    return Rights(
        caller=identified.caller,
        grants=_grants(identified.claims.scopes, identified.client_scopes),
        patient=int(patient) if known else None,
        restricted_bundles=_restricted_bundles(identified.caller.scopes),
    )


def _size(made: tuple[Grant, ...]) -> int:
    return len(repr(made))


@remembering(_size)
def _grants(asked: frozenset[str], held: frozenset[str]) -> tuple[Grant, ...]:
    return grants_within(asked, held)


def _restricted_bundles(scopes: frozenset[str]) -> frozenset[str]:
    return frozenset(_BUNDLES_BY_SCOPE[one] for one in scopes & _BUNDLES_BY_SCOPE.keys())


def check_address(rights: Rights, address: Address) -> None:
    """NotAllowed where the scopes do not permit what is asked for. A batch is asked entry by entry."""
    if address.operation is not None:
        for deed, type_name in address.operation.needs:
            check_deed(rights, deed, type_name)
        if not rights.grants:
            raise refuse_scope("system/*.rs")
        return
    if address.type is not None:
        for deed in NEEDED[address.interaction]:
            check_deed(rights, deed, address.type)
    elif not rights.grants:
        raise refuse_scope("system/*.cruds")


def check_deed(rights: Rights, deed: Deed, type_name: str) -> None:
    """NotAllowed where no scope permits this on any resource of the type; `*` is any type at all."""
    if type_name == "*":
        held = any(deed in one.deeds for one in rights.grants)
    else:
        held = rights.may(deed, type_name)
    if not held:
        raise refuse_scope(f"system/{type_name}.{deed}")


def refuse_scope(scope: str) -> NotAllowed:
    return NotAllowed(
        f"The token needs a scope such as {scope}.",
        reason="scope_missing",
        headers={"WWW-Authenticate": challenge_scope(scope)},
    )


def own_tenancy(rights: Rights, resource: Json | None) -> int:
    """The source that what the client writes is filed under; Unprocessable where nothing says which."""
    caller = rights.caller
    if caller.own_tenancy_id is not None:
        return caller.own_tenancy_id
    if caller.tenancies is not None and len(caller.tenancies) == 1:
        return caller.tenancies[0]
    tagged = _tagged(resource or {})
    if tagged is not None and (caller.tenancies is None or tagged in caller.tenancies):
        return tagged
    rule = f"must have the tenancy that the client writes for, a code of {TENANCIES}"
    raise Unprocessable(
        "It is not known which source the client is. Register it with --own-tenancy, or tag what it sends.",
        errors=[FieldError("meta.tag", f"{rule}; or register the client with --own-tenancy")],
        reason="no_own_tenancy",
    )


def _tagged(resource: Json) -> int | None:
    meta = resource.get("meta")
    tags = meta.get("tag", ()) if isinstance(meta, dict) else ()
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, dict) and tag.get("system") == TENANCIES:
            code = tag.get("code")
            if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) <= 9:
                return int(code)
    return None
