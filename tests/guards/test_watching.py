"""The page on watching the index is held to the code: its checks, its metrics, and the alerts it proposes."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from carecord.access.scopes import METRICS_READ
from carecord.metrics.families import metrics_of
from carecord.patient_index.checks import CHECKS
from carecord.patient_index.counting import Counts, Examined, Waiting

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "watch-the-index.md").read_text("utf-8")
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
FULL = Counts(
    persons_by_size={1: 1},
    decisions=(),
    waiting=(Waiting("possible link", (), 1, SINCE),),
    overlays={"undone": 1},
    proposals={("link", "linked"): 1},
    hot_keys={"number": 1},
    aliases=0,
    deleted=0,
    examined=Examined(SINCE, {check.name: 0 for check in CHECKS}),
)
"""Counts of which every metric has a sample."""
LABELS = {
    sample.name: set(sample.labels)
    for metric in metrics_of(FULL, counted_at=0, took_s=0)
    for sample in metric.samples
}
_BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
_RULES = [
    rule for block in _BLOCKS for group in yaml.safe_load(block).get("groups", []) for rule in group["rules"]
]


def _cells(start: str) -> list[str]:
    """The first column of the table whose first heading starts so."""
    rows = PAGE[PAGE.index(f"\n| {start}") :].split("\n\n")[0].strip().splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows]


def test_every_check_stands_on_the_page_in_its_order() -> None:
    assert _cells("check |") == [f"`{check.name}`" for check in CHECKS]


def test_the_page_says_how_many_checks_break_the_index() -> None:
    assert [check.breaks for check in CHECKS] == [True] * 5 + [False] * (len(CHECKS) - 5)
    assert "one of the first five finds something, the exit status is 1" in PAGE


def test_every_metric_stands_on_the_page_with_its_labels() -> None:
    told = re.findall(r"`(\w+)(?:\{([\w,]+)\})?`", " ".join(_cells("metric (")))

    assert {f"carecord_index_{name}": set(filter(None, labels.split(","))) for name, labels in told} == LABELS


@pytest.mark.parametrize("rule", _RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_metrics_and_labels_that_there_are(rule: dict[str, str]) -> None:
    used = re.findall(r"\b(carecord_\w+)(?:\{(\w+)=~?\"([^\"]*)\"\})?", rule["expr"])

    assert used
    for name, label, values in used:
        if name == "carecord_submission_seconds_bucket":
            continue
        assert name in LABELS
        assert not label or label in LABELS[name]
        assert label != "check" or set(values.split("|")) <= {check.name for check in CHECKS}


def test_the_scrape_that_the_page_shows_asks_for_the_scope() -> None:
    (scrape,) = yaml.safe_load(_BLOCKS[0])["scrape_configs"]

    assert scrape["oauth2"]["scopes"] == [METRICS_READ]
