"""Explanations and histories of links as JSON: what the API answers and the command prints with `--json`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import msgspec

from carecord.patient_index.between_groups import Link
from carecord.patient_index.explaining import Explanation, Guard, PairExplained, StoredDecision
from carecord.patient_index.history import Event, GroupAt, History, Step
from carecord.patient_index.instants import tell_instant
from carecord.patient_index.scoring import Thresholds
from carecord.patient_index.seeing import SeenRecord

encode = msgspec.json.encode


def explanation_answer(found: Explanation) -> dict[str, Any]:
    """Bits are rounded to three decimals. Values of patients stand nowhere in it."""
    return {
        "Records": [_record(one) for one in found.records],
        "OnePerson": found.one_person,
        "Why": [
            {"Name": one.name, "Words": one.words, "Pairs": [_ids(p) for p in one.pairs]} for one in found.why
        ],
        "Path": [_link(one) for one in found.path],
        "Weights": _weights(found.pair),
        "Decisions": [_decision(one) for one in found.decisions],
    }


def history_answer(found: History) -> dict[str, Any]:
    named = {record for step in found.steps for event in step.events for record in event.records}
    named = named.union({found.record.patient_detail_id}, *(step.group for step in found.steps))
    return {
        "Record": _record(found.record),
        "Steps": [_step(one) for one in found.steps],
        "Records": [_record(found.sources[one]) for one in sorted(named)],
    }


def group_answer(found: GroupAt) -> dict[str, Any]:
    return {
        "Record": _record(found.record),
        "Time": tell_instant(found.at),
        "Group": [_record(one) for one in found.records],
        "Links": [_link(one) for one in found.links],
    }


def _record(one: SeenRecord) -> dict[str, Any]:
    return {
        "PatientDetailId": str(one.patient_detail_id),
        "TenancyId": one.tenancy_id,
        "TenancyDescription": one.source,
    }


def _weights(pair: PairExplained) -> dict[str, Any]:
    return {
        "Model": pair.model,
        "Outcome": pair.outcome,
        "Weight": _bits(pair.weight),
        "RelativeWeight": _bits(pair.relative_weight),
        "Prior": _bits(pair.prior),
        "NhsNumberAndBirthRule": pair.certain,
        "Guards": _guards(pair.guards),
        "Comparisons": [
            {
                "Trait": one.trait,
                "Found": one.found,
                "Weight": _bits(one.weight),
                "Rarity": _bits(one.rarity),
                "RelativeWeight": _bits(one.relative_weight),
            }
            for one in pair.contributions
        ],
        "NotCompared": list(pair.not_compared),
        "Thresholds": _thresholds(pair.thresholds),
    }


def _thresholds(bars: Thresholds) -> Mapping[str, float]:
    return {_pascal(one.name): getattr(bars, one.name) for one in fields(bars)}


def _decision(one: StoredDecision) -> dict[str, Any]:
    return {
        "DecisionId": str(one.decision_id),
        "InForce": one.in_force,
        "Decision": one.decision,
        "Rule": one.rule,
        "DecidedBy": one.decided_by,
        "DecidedDate": tell_instant(one.decided_at),
        "Reason": one.reason,
        "Model": one.model,
        "Weight": one.weight,
        "RelativeWeight": one.relative_weight,
        "Found": list(one.found),
        "Guards": _guards(one.guards),
        "SupersededDate": _time(one.superseded_at),
        "SupersededBy": None if one.superseded_by is None else str(one.superseded_by),
        "WithdrawnBy": one.withdrawn_by,
        "WithdrawalReason": one.withdrawal_reason,
        "Sealed": one.sealed,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "Time": tell_instant(step.at),
        "Events": [_event(one) for one in step.events],
        "Group": _ids(step.group),
        "Came": _ids(step.came),
        "Left": _ids(step.left),
    }


def _event(one: Event) -> dict[str, Any]:
    return {
        "What": one.what,
        "PatientDetailIds": _ids(one.records),
        "Rule": one.rule,
        "DecidedBy": one.by,
        "Reason": one.reason,
        "Model": one.model,
        "Weight": one.weight,
        "RelativeWeight": one.relative_weight,
        "Guards": _guards(one.guards),
        "DecisionId": None if one.decision_id is None else str(one.decision_id),
        "Sealed": one.sealed,
    }


def _link(one: Link) -> dict[str, Any]:
    return {
        "PatientDetailIds": _ids((one.record_a, one.record_b)),
        "Rule": one.rule,
        "DecidedBy": one.decided_by,
        "DecidedDate": tell_instant(one.decided_at),
        "Weight": one.weight,
    }


def _guards(guards: Iterable[Guard]) -> list[dict[str, str]]:
    return [{"Name": guard.name, "Words": guard.words} for guard in guards]


def _ids(ids: Sequence[int]) -> list[str]:
    return [str(one) for one in ids]


def _bits(bits: float) -> float:
    return round(bits, 3)


def _time(at: datetime | None) -> str | None:
    return None if at is None else tell_instant(at)


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
