"""Patient/$match: who may be meant, scored and graded by the comparisons that link records on arrival.

What is enough to ask by is what a fuzzy Find Patient asks for (PDS FHIR API, `_fuzzy-match`).
"""

from collections.abc import Mapping, Sequence

from carecord.fhir_api.calls import Call, Reply
from carecord.fhir_api.incoming import demographics_of
from carecord.fhir_api.kept import Kept
from carecord.fhir_api.operations.asked import Asked, read_asked, refuse
from carecord.fhir_api.operations.entries import scored_entry, searchset
from carecord.fhir_api.operations.shown import freshen_persons, read_shown
from carecord.fhir_api.rights import Context, Deed, Rights
from carecord.kernel.errors import BadRequest, FieldError, NotAllowed
from carecord.patient_index.matching import Match, match
from carecord.patient_index.normalise import Identity, identity_of

GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
RECORDS = 50
"""Records given when no count is asked for, as in a PDS search by healthcare workers."""
RECORDS_LIMIT = 100

_TOGETHER = (
    ("forename", "surname", "birth"),
    ("surname", "birth", "sex", "postcode"),
    ("forename", "birth", "sex", "postcode"),
)
_WITH_NUMBER = ("surname", "forename", "birth", "postcode")
_ENOUGH = (
    "give name.given, name.family and birthDate; or birthDate, gender, address.postalCode and one of both"
    " names; or the NHS number with a name, birthDate or address.postalCode"
)


async def patient_match(call: Call) -> Reply:
    """The operation (https://hl7.org/fhir/R4/patient-operation-match.html)."""
    _check_reach(call.rights)
    asked = await read_asked(call)
    asked.check_known("resource", "onlyCertainMatches", "count")
    identity = read_identity(asked)
    async with call.parts.pool.connection() as connection:
        found = await match(
            connection,
            identity,
            tenancies=call.rights.tenancies,
            limit=asked.count("count", default=RECORDS, most=RECORDS_LIMIT),
            only_certain=asked.flag("onlyCertainMatches"),
        )
    ids = [one.patient_detail_id for one in found]
    await freshen_persons(call, ids)
    patients = await read_shown(call, [("Patient", str(one)) for one in ids], deed=Deed.SEARCH)
    return _reply(call, found, {int(one.id): one for one in patients})


def _check_reach(rights: Rights) -> None:
    """A grade tells whether somebody else comes near: who may see some Patients only may not ask for it."""
    grants = rights.grants_for(Deed.SEARCH, "Patient")
    if not any(one.context is not Context.PATIENT and not one.restriction for one in grants):
        raise NotAllowed(
            "A match needs a scope that reaches every Patient, such as system/Patient.s.",
            reason="scope_missing",
        )


def read_identity(asked: Asked) -> Identity:
    """Who is asked for; BadRequest where that is too little to tell anybody by."""
    patient = asked.resources.get("resource")
    if patient is None:
        raise refuse("resource", "must be a Patient")
    if patient.get("resourceType") != "Patient":
        raise refuse("resource", "must be a Patient")
    identity = identity_of(demographics_of(patient))
    if not is_enough(identity):
        raise BadRequest(
            f"Too little to match by: {_ENOUGH}.",
            errors=[FieldError("resource", f"says too little to match by: {_ENOUGH}")],
            reason="too_little",
        )
    return identity


def is_enough(identity: Identity) -> bool:
    """Whether it tells somebody. A placeholder (UNKNOWN, BABY) was left out and counts for nothing."""

    def given(name: str) -> bool:
        return getattr(identity, name) is not None

    if any(all(map(given, together)) for together in _TOGETHER):
        return True
    return identity.nhs_number is not None and any(map(given, _WITH_NUMBER))


def _reply(call: Call, found: Sequence[Match], patients: Mapping[int, Kept]) -> Reply:
    # Those who are missing are withheld from this caller, or have refused since the ranking.
    shown = [(one, patients[one.patient_detail_id]) for one in found if one.patient_detail_id in patients]
    entries = [
        scored_entry(
            call.base,
            patient,
            {
                "extension": [{"url": GRADE, "valueCode": one.grade.value}],
                "mode": "match",
                "score": round(one.score, 4),
            },
        )
        for one, patient in shown
    ]
    body = searchset(entries, links={"self": f"{call.base}/Patient/$match"}, total=len(entries))
    return Reply(body).showing(*(patient for _, patient in shown))
