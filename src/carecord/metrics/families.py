"""The counts of the patient index as Prometheus' metrics. Labels are words of ours, never a patient's."""

from collections.abc import Iterator, Mapping
from itertools import product

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from carecord.patient_index.checks import CHECKS
from carecord.patient_index.counting import Counts
from carecord.patient_index.deciding import NO_CLEAR_LEAD, NOT_COMPATIBLE
from carecord.patient_index.guards import GUARDS
from carecord.patient_index.linking import NUMBER_RULE, RULE, STEWARD
from carecord.patient_index.scoring import model_in_force

_RULES = (NUMBER_RULE, RULE)
_GUARDS = tuple(guard.name for guard in GUARDS)
_REASONS = (*_GUARDS, NOT_COMPATIBLE, NO_CLEAR_LEAD)
_BY_WEIGHT = "weight"
"""The reason of a pair that no guard stopped: it weighs too little to link, and too much to forget."""
_KINDS = ("possible link", "somebody else", "proposed link", "proposed unlink")
_SOMEBODY_ELSE = ("same person", "another person", "undone")
_PROPOSED, _OUTCOMES = ("link", "unlink"), ("linked", "not linked", "withdrawn")
_SIZES = ((1, 1), (2, 2), (3, 3), (4, 5), (6, 12), (13, None))


def metrics_of(counts: Counts, *, counted_at: float, took_s: float) -> Iterator[Metric]:
    """All of them. What may be 0 is there as 0, so that its first rise is seen."""
    yield _gauge("counted_timestamp_seconds", "When the index was counted.", counted_at)
    yield _gauge("count_seconds", "How long it took to count it.", took_s)
    yield from _sizes(counts)
    yield from _links(counts)
    yield from _reviews(counts)
    yield from _by_people(counts)
    yield from _found(counts)


def _sizes(counts: Counts) -> Iterator[Metric]:
    yield _gauge("records", "Source records of patients.", counts.records)
    yield _gauge("deleted_records", "Of these, records that their sources have deleted.", counts.deleted)
    yield _gauge("nhs_number_aliases", "NHS numbers known to be superseded.", counts.aliases)
    persons = {
        _band(least, most): sum(
            number
            for size, number in counts.persons_by_size.items()
            if size >= least and (most is None or size <= most)
        )
        for least, most in _SIZES
    }
    yield _gauges("persons", "Persons, by how many records they have.", "records", persons)


def _links(counts: Counts) -> Iterator[Metric]:
    made = dict.fromkeys(_RULES, 0)
    in_force = dict.fromkeys((*_RULES, STEWARD), 0)
    for one in counts.decisions:
        if one.decision == "linked":
            in_force[one.rule] = in_force.get(one.rule, 0) + one.in_force
            if one.rule != STEWARD:
                made[one.rule] = made.get(one.rule, 0) + one.made
    yield _counters("links_made", "Links made without a person, by rule.", "rule", made)
    yield _gauges("links", "Links in force, by rule.", "rule", in_force)
    hot_keys = dict.fromkeys(model_in_force().blocking, 0) | dict(counts.hot_keys)
    yield _gauges("hot_keys", "Blocking keys that are too common, by rule.", "rule", hot_keys)


def _reviews(counts: Counts) -> Iterator[Metric]:
    waiting, reasons = dict.fromkeys(_KINDS, 0), dict.fromkeys((*_REASONS, _BY_WEIGHT), 0)
    oldest: dict[str, float] = {}
    for task in counts.waiting:
        waiting[task.kind] += task.count
        oldest[task.kind] = min(task.since.timestamp(), oldest.get(task.kind, task.since.timestamp()))
        if task.kind == "possible link":
            for reason in task.reasons or (_BY_WEIGHT,):
                reasons[reason] = reasons.get(reason, 0) + task.count
    made = [one for one in counts.decisions if one.decision == "possible"]
    hits = {name: sum(one.made for one in made if name in one.reasons) for name in _GUARDS}
    yield _gauges("tasks", "Tasks that wait for a steward, by kind.", "kind", waiting)
    yield _gauges("oldest_task_timestamp_seconds", "Since when the oldest task waits.", "kind", oldest)
    yield _gauges(
        "possible_links", "Possible links that wait, by each reason why they are none.", "reason", reasons
    )
    yield _counter(
        "possible_links_made", "Possible links put before stewards.", sum(one.made for one in made)
    )
    yield _counters("guard_hits", "Possible links that a guard has stopped, by guard.", "guard", hits)


def _by_people(counts: Counts) -> Iterator[Metric]:
    said = {"linked": 0, "not linked": 0, "withdrawn": 0}
    for one in counts.decisions:
        if one.rule == STEWARD:
            said[one.decision] = said.get(one.decision, 0) + one.made
            said["withdrawn"] += one.withdrawn
    yield _counters("steward_decisions", "What stewards have decided of pairs.", "decision", said)
    yield _counters(
        "overlays_decided",
        "Records that turned into somebody else, by decision.",
        "decision",
        dict.fromkeys(_SOMEBODY_ELSE, 0) | dict(counts.overlays),
    )
    closed = CounterMetricFamily(
        "carecord_index_proposals_closed",
        "Proposals of linking the whole index anew, by what came of them.",
        labels=["kind", "outcome"],
    )
    proposals = dict.fromkeys(product(_PROPOSED, _OUTCOMES), 0) | dict(counts.proposals)
    for labels, number in proposals.items():
        closed.add_metric(labels, number)
    yield closed


def _found(counts: Counts) -> Iterator[Metric]:
    """What `carecord index doctor` found last. A check that it did not know yet is left out."""
    if counts.examined is None:
        return
    at = counts.examined.at.timestamp()
    yield _gauge("examined_timestamp_seconds", "When `carecord index doctor` looked last.", at)
    found = GaugeMetricFamily(
        "carecord_index_found",
        "What it found, by check. What breaks the index must be 0.",
        labels=["check", "breaks"],
    )
    for check in CHECKS:
        if check.name in counts.examined.found:
            found.add_metric([check.name, str(check.breaks).lower()], counts.examined.found[check.name])
    yield found


def _band(least: int, most: int | None) -> str:
    if most is None:
        return f"{least}+"
    return str(least) if least == most else f"{least}-{most}"


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"carecord_index_{name}", words, value=value)


def _counter(name: str, words: str, value: float) -> Metric:
    return CounterMetricFamily(f"carecord_index_{name}", words, value=value)


def _gauges(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"carecord_index_{name}", words, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _counters(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(f"carecord_index_{name}", words, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
