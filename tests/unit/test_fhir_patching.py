"""A patch copies so much and no more, and is refused before it has."""

from datetime import UTC, datetime
from typing import Any

import pytest

from carecord.fhir_api import patching
from carecord.fhir_api.json_text import encode
from carecord.fhir_api.kept import Json, Kept
from carecord.fhir_api.patching import patched
from carecord.kernel.errors import BodyTooLarge


def kept_of(**elements: Any) -> Kept:
    body = encode({"resourceType": "Basic", "id": "one", **elements})
    return Kept("Basic", "one", 1, datetime(2026, 1, 1, tzinfo=UTC), None, 1, False, body)


def copies(count: int) -> list[Json]:
    return [{"op": "copy", "from": "/name", "path": "/name/-"}] * count


def test_a_copy_is_a_copy() -> None:
    steps = [
        {"op": "copy", "from": "/name/0", "path": "/name/-"},
        {"op": "replace", "path": "/name/0/family", "value": "B"},
    ]
    assert patched(kept_of(name=[{"family": "A"}]), steps)["name"] == [{"family": "B"}, {"family": "A"}]


def test_copies_into_themselves_end_before_they_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    apply = patching._apply

    def applied(step: Any, resource: Json, place: int) -> Json:
        changed = apply(step, resource, place)
        sizes.append(len(encode(changed)))
        return changed

    monkeypatch.setattr(patching, "_apply", applied)
    with pytest.raises(BodyTooLarge):
        patched(kept_of(name=[{"family": "A"}]), copies(500))
    assert len(sizes) < 20
    assert max(sizes) < 1_100_000


def test_copies_of_the_same_count_together() -> None:
    steps = [{"op": "copy", "from": "/name", "path": "/other"}]
    large = kept_of(name=[{"family": "A" * 600_000}])

    assert len(patched(large, steps)["other"]) == 1
    with pytest.raises(BodyTooLarge):
        patched(large, steps * 2)
