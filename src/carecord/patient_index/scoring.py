"""What agreement is worth: Fellegi–Sunter weights of a Splink model, added up without Splink."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log2
from pathlib import Path
from typing import Any

from carecord.kernel.errors import SetUpError
from carecord.kernel.settings import Settings
from carecord.patient_index.comparing import COMPARISONS, NOTHING, Levels, compare
from carecord.patient_index.normalise import Identity

DEFAULT_MODEL = "uk"


class ModelMismatch(SetUpError):
    """The model's comparisons are not those that this version of carecord makes."""


class UnreadableModel(SetUpError):
    """No such model, or a file that is none."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Bits of weight. What links must be worth `join`; what is linked stays so down to `stay`."""

    join: float
    stay: float
    review: float
    """Below this a pair is not worth a steward's time."""
    relative_join: float
    relative_stay: float
    relative_review: float
    """The same, of the weight against the alternative "a relative in the same home"."""
    compatible: float
    """Members of one group that no weight of their own links must not speak more than this against it."""
    relative_compatible: float
    lead: float
    """How much better the best person must be than the second."""


@dataclass(frozen=True, slots=True)
class Model:
    """Weights by comparison and level; against a stranger, and against somebody of the same family."""

    name: str
    version: str
    thresholds: Thresholds
    prior: float
    weights: tuple[tuple[float, ...], ...]
    relative_weights: tuple[tuple[float, ...], ...]
    agreement_u: tuple[float, ...]
    """For each comparison with a term: how often two strangers agree in full, in bits."""
    frequencies: tuple[dict[str, float] | None, ...]
    least_frequency: float
    blocking: tuple[str, ...]
    """Names of blocking rules."""
    hot: int
    """A blocking key that more records share is passed over."""
    guards: tuple[str, ...]
    settings: dict[str, Any]
    """The Splink settings that the weights were read from."""


@dataclass(frozen=True, slots=True)
class Score:
    """How much two identities speak for one person: in all, and against the alternative "a relative"."""

    weight: float
    relative_weight: float
    levels: Levels


def score(model: Model, a: Identity, b: Identity) -> Score:
    levels = compare(a, b)
    weight, relative = model.prior, 0.0
    for place, level in enumerate(levels):
        if level == NOTHING:
            continue
        weight += model.weights[place][level]
        relative += model.relative_weights[place][level]
        if level == 0 and model.frequencies[place] is not None:
            weight += rarity(model, place, a)
    return Score(weight, relative, levels)


def rarity(model: Model, place: int, identity: Identity) -> float:
    """Bits that agreement on this value adds to, or takes from, agreement on any."""
    frequencies, term = model.frequencies[place], COMPARISONS[place].term
    if frequencies is None or term is None:
        return 0.0
    frequency = frequencies.get(getattr(identity, term), 0.0)
    return model.agreement_u[place] - log2(max(frequency, model.least_frequency))


@cache
def load_model(name: str = DEFAULT_MODEL) -> Model:
    """A reviewed model of `models/`; raises ModelMismatch where its comparisons are not ours."""
    if name not in model_names():
        raise UnreadableModel(f"There is no model {name}; there are {', '.join(model_names())}.")
    text = (files(__package__) / "models" / f"{name}.json").read_text(encoding="utf-8")
    return read_model(json.loads(text))


def find_model(name_or_path: str) -> Model:
    """A model of `models/` by its name, or of a file that ends in `.json`."""
    if not name_or_path.endswith(".json"):
        return load_model(name_or_path)
    try:
        return read_model(json.loads(Path(name_or_path).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableModel(f"{name_or_path} is no model of the patient index.") from error


@cache
def model_in_force() -> Model:
    """The model that links records, as the settings name it; read once by each process."""
    return find_model(Settings().index_model)


def model_names() -> list[str]:
    """The models of `models/`."""
    names = (entry.name for entry in (files(__package__) / "models").iterdir())
    return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))


def read_model(document: dict[str, Any]) -> Model:
    strangers, relatives = document["splink"], document["relatives"]
    levels = _levels(strangers)
    return Model(
        name=document["name"],
        version=document["version"],
        thresholds=Thresholds(**document["thresholds"]),
        prior=log2(_odds(strangers["probability_two_random_records_match"])),
        weights=tuple(_weights(of, [level["u_probability"] for level in of]) for of in levels),
        relative_weights=tuple(
            _weights(of, relatives.get(comparison.name) or [level["u_probability"] for level in of])
            for comparison, of in zip(COMPARISONS, levels, strict=True)
        ),
        agreement_u=tuple(log2(c["comparison_levels"][1]["u_probability"]) for c in strangers["comparisons"]),
        frequencies=tuple(
            document["term_frequencies"].get(comparison.term) if comparison.term else None
            for comparison in COMPARISONS
        ),
        least_frequency=float(document["least_frequency"]),
        blocking=tuple(document["blocking"]),
        hot=document["hot"],
        guards=tuple(document["guards"]),
        settings=strangers,
    )


def _odds(probability: float) -> float:
    return probability / (1 - probability)


def _levels(settings: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The levels of each of our comparisons, the null level left out."""
    named = {c["output_column_name"]: c["comparison_levels"] for c in settings["comparisons"]}
    if list(named) != [comparison.name for comparison in COMPARISONS]:
        raise ModelMismatch("The model compares other traits than carecord does.")
    for comparison in COMPARISONS:
        ours = [comparison.nothing_sql, *(level.sql for level in comparison.levels)]
        if [level["sql_condition"] for level in named[comparison.name]] != ours:
            raise ModelMismatch(f"The model's levels of {comparison.name} are not those of carecord.")
    return [levels for _, *levels in named.values()]


def _weights(levels: Sequence[dict[str, Any]], u_probabilities: Sequence[float]) -> tuple[float, ...]:
    return tuple(log2(level["m_probability"] / u) for level, u in zip(levels, u_probabilities, strict=True))
