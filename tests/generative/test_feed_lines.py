"""Whatever a line holds, reading it gives what it says or a refusal that holds none of its values."""

import json
import re
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from carecord.catalogue import submissions_by_target
from carecord.catalogue.checks import check_local_date_time
from carecord.catalogue.samples import sample_of
from carecord.catalogue.submission import InvalidItem
from carecord.ingest.feed_lines import parse_line
from carecord.kernel.errors import FieldError

TODAY = "2026-11-01"
MARK = "Zebedee"

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
KEYS = (
    "Tenancy", "Worklist", "SourcePatientId", "Patient", "MinorNumbers", "Collection", "SourceItemId",
    "SourceUpdatedDate", "Item", "Deleted",
)  # fmt: skip


def refusals(text: bytes) -> list[FieldError]:
    """What stands against the line; any other error fails the test."""
    try:
        parse_line(text, line=1, today=TODAY)
    except InvalidItem as invalid:
        return list(invalid.errors)
    return []


def read(text: bytes) -> None:
    assert all(error.field and error.message for error in refusals(text))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    read(text)


@given(st.dictionaries(st.sampled_from(KEYS), values))
def test_any_object_of_the_known_keys_is_read_or_refused(line: dict[str, object]) -> None:
    read(json.dumps(line).encode())


@given(st.data())
@settings(max_examples=300)
def test_a_sample_with_any_one_field_spoilt_is_read_or_refused_without_its_value(data: st.DataObject) -> None:
    operation = submissions_by_target[data.draw(st.sampled_from(sorted(submissions_by_target)))]
    item = dict(sample_of(operation).item)
    field = data.draw(st.sampled_from(sorted(item)))
    spoilt = data.draw(st.sampled_from([MARK, [MARK], {"Part": MARK}, {f"{MARK} {MARK}": 1}]))
    line = {"SourcePatientId": "P1", "Collection": operation.target, "Item": item | {field: spoilt}}

    assert MARK not in str(refusals(json.dumps(line).encode()))


@given(st.text(alphabet="0123456789-:T.WZ+", max_size=24) | st.datetimes().map(lambda at: at.isoformat()))
def test_a_local_time_is_what_the_calendar_and_the_format_allow(text: str) -> None:
    well_formed = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?", text, re.ASCII)
    try:
        datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007  The format has no offset by design.
        on_the_calendar = True
    except ValueError:
        on_the_calendar = False
    assert (check_local_date_time(text) is None) == bool(well_formed and on_the_calendar)
