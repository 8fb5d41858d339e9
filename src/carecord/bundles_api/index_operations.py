"""What stewards' programs may ask of the patient index, and what each answer holds.

Not of the CCAPI's catalogue: a family of its own, with rights of its own. `patient-index.review` lets a
client ask; `patient-index.sealed` shows it sealed decisions too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from carecord.bundles_api.json_schemas import LOCAL_DATE_TIME
from carecord.catalogue.model import DESIGNED, Bundle, Entry, Instant, Operation, PairOfIds, Part
from carecord.catalogue.value_lists import ValueList
from carecord.kernel.errors import CareRecordError, Conflict
from carecord.patient_index.history import MOST_RECORDS

JSON = "application/json"
SVG = "image/svg+xml"
FORMATS = {"json": JSON, "svg": SVG}
OTHER_PATIENT_DETAIL_ID = "otherPatientDetailId"

PATIENT_INDEX = Bundle(
    name="Patient Index",
    slug="patient-index",
    tagline="Why records are linked, for stewards",
    scope="patient-index.review",
    restricted="sealed",
)

OUTCOME = ValueList(
    "link_outcome",
    {"link": "they would be linked", "review": "a steward would be asked", "apart": "kept apart"},
)
DECISION = ValueList(
    "link_decision",
    {"linked": "one person", "not linked": "different people", "possible": "a steward is asked"},
)


class LinkRecord(Part):
    """A source's record of a patient, and whose it is."""

    patient_detail_id: str
    tenancy_id: int
    tenancy_description: str
    """Display name of the source."""


class LinkGuard(Part):
    """What kept a pair from being linked by its weight."""

    name: str
    words: str


class LinkReason(Part):
    """Why two records are one person's, or are not."""

    name: str
    """A constant: barred, linked_by_weight, by_way_of_others and so on."""
    words: str
    pairs: list[PairOfIds]
    """What the reason stands on, ten at most."""


class LinkInForce(Part):
    """One step on the way between two records."""

    patient_detail_ids: PairOfIds
    rule: str
    """steward, or the rule of the index."""
    decided_by: str
    decided_date: Instant
    weight: float | None
    """In bits, as it was then; null for a steward's word."""


class LinkComparison(Part):
    """What one trait of the two says."""

    trait: str
    found: str
    """A degree of agreement, never a value of the patient's."""
    weight: float
    """Bits that it adds against strangers."""
    rarity: float
    """The part of Weight that the rarity of the value added or took."""
    relative_weight: float
    """Bits that it adds against two of one family."""


class LinkThresholds(Part):
    """The model's bars, in bits."""

    join: float
    """From here on a pair is linked."""
    stay: float
    """Down to here a linked pair stays linked."""
    review: float
    """Below this a pair is not worth a steward's time."""
    relative_join: float
    relative_stay: float
    relative_review: float
    compatible: float
    """Members of one group that no weight of their own links must not speak more than this against it."""
    relative_compatible: float
    lead: float
    """How much better the best person must be than the second."""


class LinkWeights(Part):
    """What the model in force says now of the pair alone."""

    model: str
    """Its name and version."""
    outcome: Annotated[str, OUTCOME]
    weight: float
    """The sum against strangers, in bits."""
    relative_weight: float
    """The sum against two of one family, in bits."""
    prior: float
    """Where Weight begins, before anything is compared."""
    nhs_number_and_birth_rule: bool
    """Whether the rule before all weights holds."""
    guards: list[LinkGuard]
    """Each guard that fired."""
    comparisons: list[LinkComparison]
    not_compared: list[str]
    """Traits that one of the two says nothing of."""
    thresholds: LinkThresholds


class LinkDecision(Part):
    """A decision on the pair as it was made, and what became of it."""

    decision_id: str
    in_force: bool
    decision: Annotated[str, DECISION]
    rule: str
    """steward, or the rule of the index."""
    decided_by: str
    decided_date: Instant
    reason: str | None
    model: str | None
    """Of then; null for a steward's word, as are the weights."""
    weight: float | None
    relative_weight: float | None
    found: list[str]
    """What the comparisons found then."""
    guards: list[LinkGuard]
    superseded_date: Instant | None
    superseded_by: str | None
    """DecisionId of the one that took its place."""
    withdrawn_by: str | None
    withdrawal_reason: str | None
    sealed: bool


class LinkExplanation(Entry):
    """Why two source records are one patient's, or are not."""

    records: list[LinkRecord]
    """The two; the lower ID first."""
    one_person: bool
    """Whether they are linked, directly or by way of others."""
    why: list[LinkReason]
    """What counts most comes first."""
    path: list[LinkInForce]
    """The links in force that lead from one to the other."""
    weights: LinkWeights
    decisions: list[LinkDecision]
    """Every decision on the pair, the newest first."""


class LinkEvent(Part):
    """A decision, its end, or what befell a record."""

    what: str
    """linked, not linked, possible; link ended, different people: taken back, question closed; came,
    details changed, turned into somebody else, overlay: and what was decided, merged, merge undone, deleted,
    sent again."""
    patient_detail_ids: list[str]
    rule: str | None
    """Of a decision, as are Model, the weights, Guards and DecisionId."""
    decided_by: str | None
    reason: str | None
    model: str | None
    weight: float | None
    relative_weight: float | None
    guards: list[LinkGuard]
    decision_id: str | None
    sealed: bool


class LinkStep(Part):
    """What happened at one instant."""

    time: Instant
    """Given to `as-of` it answers the group from then on."""
    events: list[LinkEvent]
    group: list[str]
    """IDs of the group after the step; none before the record came."""
    came: list[str]
    left: list[str]


class LinkHistory(Entry):
    """How the group of a source record came to be."""

    record: LinkRecord
    steps: list[LinkStep]
    """In order of time."""
    records: list[LinkRecord]
    """Every record that a step names."""


class LinkedGroup(Entry):
    """The source records that were one patient's at a time."""

    record: LinkRecord
    time: Instant
    group: list[LinkRecord]
    links: list[LinkInForce]
    """What held the group together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryParameter:
    """A parameter of the query, of one operation alone."""

    name: str
    about: str
    takes: str
    """Which values, in words."""
    example: str
    schema: Mapping[str, Any]
    required: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class IndexOperation(Operation):
    """A question about links, answered with one object."""

    kind: ClassVar[str] = "index"

    query: tuple[QueryParameter, ...] = ()
    media_types: tuple[str, ...] = (JSON,)
    """What it answers with; JSON, and what else a caller may accept or ask for."""
    refusals: tuple[type[CareRecordError], ...] = ()
    """Ways to be refused that others do not have."""

    @property
    def event(self) -> str:
        return "link.explained"


_RECORD = {"patientDetailId": "The patient detail ID of a source record, which stands for itself alone"}
_SHOWN = (
    "Records of sources that the client may not see are left out, and so are those their source has deleted;"
    " asked for by ID they are a 404, like an ID that nobody has. So is a record that a sealed decision keeps"
    f" apart from the first, unless the client holds `{PATIENT_INDEX.restricted_scope}` too."
    " No answer holds demographics or clinical facts."
)

EXPLANATION = IndexOperation(
    bundle=PATIENT_INDEX,
    operation_id="PatientIndex_GetExplanation",
    title="Patient Index - Explanation",
    path="/patient-index/patients/{patientDetailId}/explanations/{otherPatientDetailId}",
    path_parameters=_RECORD | {OTHER_PATIENT_DETAIL_ID: "The patient detail ID of another"},
    query=(
        QueryParameter(
            name="format",
            about="JSON, or the weights as a waterfall; it counts before Accept.",
            takes=" or ".join(FORMATS),
            example="svg",
            schema={"type": "string", "enum": list(FORMATS)},
        ),
    ),
    summary="Why two source records are one patient's or not: weights, guards, decisions; or a picture.",
    item=LinkExplanation,
    media_types=tuple(FORMATS.values()),
    note=_SHOWN,
    source=DESIGNED,
)
HISTORY = IndexOperation(
    bundle=PATIENT_INDEX,
    operation_id="PatientIndex_GetHistory",
    title="Patient Index - History",
    path="/patient-index/patients/{patientDetailId}/history",
    path_parameters=_RECORD,
    summary="How the group of a source record came to be: each decision, and who came and who left.",
    item=LinkHistory,
    refusals=(Conflict,),
    note=f"{_SHOWN} 409 where more than {MOST_RECORDS:,} records were linked with each other at some time.",
    source=DESIGNED,
)
AS_OF = IndexOperation(
    bundle=PATIENT_INDEX,
    operation_id="PatientIndex_GetGroupAsOf",
    title="Patient Index - As Of",
    path="/patient-index/patients/{patientDetailId}/as-of",
    path_parameters=_RECORD,
    query=(
        QueryParameter(
            name="time",
            about="UK local, or with an offset; a day alone is its first moment. 400 where it is yet to come,"
            " is left out when the clocks go forward, or comes twice and has no offset; 404 before the record"
            " was first sent.",
            takes="a day or a time",
            example="2024-03-01T10:30:00",
            schema={
                "anyOf": [
                    {"type": "string", "format": "date"},
                    {"type": "string", "format": "date-time-local", "pattern": LOCAL_DATE_TIME},
                    {"type": "string", "format": "date-time"},
                ]
            },
            required=True,
        ),
    ),
    summary="The source records that were one patient's with this one at a time, and the links between them.",
    item=LinkedGroup,
    note=_SHOWN,
    source=DESIGNED,
)

INDEX_OPERATIONS: tuple[IndexOperation, ...] = (EXPLANATION, HISTORY, AS_OF)
