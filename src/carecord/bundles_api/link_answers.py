"""Explanations and histories of links as JSON: what the API answers and the command prints with `--json`."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from carecord.bundles_api import index_operations as declared
from carecord.catalogue.shapes import part_shape
from carecord.patient_index.between_groups import Link
from carecord.patient_index.explaining import Explanation, Guard, PairExplained, StoredDecision
from carecord.patient_index.history import Event, GroupAt, History, Step
from carecord.patient_index.instants import tell_instant
from carecord.patient_index.seeing import SeenRecord

encode = msgspec.json.encode

_Record: Any = part_shape(declared.LinkRecord)
_Guard: Any = part_shape(declared.LinkGuard)
_Reason: Any = part_shape(declared.LinkReason)
_Link: Any = part_shape(declared.LinkInForce)
_Comparison: Any = part_shape(declared.LinkComparison)
_Thresholds: Any = part_shape(declared.LinkThresholds)
_Weights: Any = part_shape(declared.LinkWeights)
_Decision: Any = part_shape(declared.LinkDecision)
_Explanation: Any = part_shape(declared.LinkExplanation)
_Event: Any = part_shape(declared.LinkEvent)
_Step: Any = part_shape(declared.LinkStep)
_History: Any = part_shape(declared.LinkHistory)
_Group: Any = part_shape(declared.LinkedGroup)


def explanation_answer(found: Explanation) -> Any:
    """Bits are rounded to three decimals. Values of patients stand nowhere in it."""
    return _Explanation(
        records=[_record(one) for one in found.records],
        one_person=found.one_person,
        why=[
            _Reason(name=one.name, words=one.words, pairs=[_ids(p) for p in one.pairs]) for one in found.why
        ],
        path=[_link(one) for one in found.path],
        weights=_weights(found.pair),
        decisions=[_decision(one) for one in found.decisions],
    )


def history_answer(found: History) -> Any:
    named = {record for step in found.steps for event in step.events for record in event.records}
    named = named.union({found.record.patient_detail_id}, *(step.group for step in found.steps))
    return _History(
        record=_record(found.record),
        steps=[_step(one) for one in found.steps],
        records=[_record(found.sources[one]) for one in sorted(named)],
    )


def group_answer(found: GroupAt) -> Any:
    return _Group(
        record=_record(found.record),
        time=tell_instant(found.at),
        group=[_record(one) for one in found.records],
        links=[_link(one) for one in found.links],
    )


def _record(one: SeenRecord) -> Any:
    return _Record(
        patient_detail_id=str(one.patient_detail_id),
        tenancy_id=one.tenancy_id,
        tenancy_description=one.source,
    )


def _weights(pair: PairExplained) -> Any:
    return _Weights(
        model=pair.model,
        outcome=pair.outcome,
        weight=_bits(pair.weight),
        relative_weight=_bits(pair.relative_weight),
        prior=_bits(pair.prior),
        nhs_number_and_birth_rule=pair.certain,
        guards=_guards(pair.guards),
        comparisons=[
            _Comparison(
                trait=one.trait,
                found=one.found,
                weight=_bits(one.weight),
                rarity=_bits(one.rarity),
                relative_weight=_bits(one.relative_weight),
            )
            for one in pair.contributions
        ],
        not_compared=list(pair.not_compared),
        thresholds=_Thresholds(**asdict(pair.thresholds)),
    )


def _decision(one: StoredDecision) -> Any:
    return _Decision(
        decision_id=str(one.decision_id),
        in_force=one.in_force,
        decision=one.decision,
        rule=one.rule,
        decided_by=one.decided_by,
        decided_date=tell_instant(one.decided_at),
        reason=one.reason,
        model=one.model,
        weight=one.weight,
        relative_weight=one.relative_weight,
        found=list(one.found),
        guards=_guards(one.guards),
        superseded_date=None if one.superseded_at is None else tell_instant(one.superseded_at),
        superseded_by=None if one.superseded_by is None else str(one.superseded_by),
        withdrawn_by=one.withdrawn_by,
        withdrawal_reason=one.withdrawal_reason,
        sealed=one.sealed,
    )


def _step(step: Step) -> Any:
    return _Step(
        time=tell_instant(step.at),
        events=[_event(one) for one in step.events],
        group=_ids(step.group),
        came=_ids(step.came),
        left=_ids(step.left),
    )


def _event(one: Event) -> Any:
    return _Event(
        what=one.what,
        patient_detail_ids=_ids(one.records),
        rule=one.rule,
        decided_by=one.by,
        reason=one.reason,
        model=one.model,
        weight=one.weight,
        relative_weight=one.relative_weight,
        guards=_guards(one.guards),
        decision_id=None if one.decision_id is None else str(one.decision_id),
        sealed=one.sealed,
    )


def _link(one: Link) -> Any:
    return _Link(
        patient_detail_ids=_ids((one.record_a, one.record_b)),
        rule=one.rule,
        decided_by=one.decided_by,
        decided_date=tell_instant(one.decided_at),
        weight=one.weight,
    )


def _guards(guards: Iterable[Guard]) -> list[Any]:
    return [_Guard(name=guard.name, words=guard.words) for guard in guards]


def _ids(ids: Sequence[int]) -> list[str]:
    return [str(one) for one in ids]


def _bits(bits: float) -> float:
    return round(bits, 3)
