"""Populations that the tests of a run share."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from carecord.population import Written, write


@dataclass(frozen=True)
class Population:
    """A written population, read back."""

    written: Written

    @property
    def out(self) -> Path:
        return self.written.out

    def lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Every line of every feed but the first ones, with the tenancy that it is of."""
        for path in (feed.path for feed in self.written.feeds):
            tenancy_id = 0
            with path.open(encoding="utf-8") as feed:
                for line in feed:
                    read = json.loads(line)
                    if "Tenancy" in read:
                        tenancy_id = read["Tenancy"]["TenancyId"]
                    else:
                        yield tenancy_id, read

    def known(self) -> dict[str, dict[str, Any]]:
        """The known people by name."""
        return {person["Name"]: person for person in json.loads((self.out / "known-people.json").read_text())}


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Population:
    """Two thousand people."""
    return Population(write(2000, seed=1, out=tmp_path_factory.mktemp("town")))


@pytest.fixture(scope="session")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Population:
    """The known people alone."""
    return Population(write(0, seed=9, out=tmp_path_factory.mktemp("nobody")))
