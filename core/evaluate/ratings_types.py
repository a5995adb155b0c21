"""What a comparison of models of ratings asks and answers, as values with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from core.errors import Refusal
from core.evaluate.types import Difference, Measured, Verdict
from core.recommend import Spec, rating_spec, rating_spec_from_json

RatingSplit = Literal["folds", "time"]
RATING_SPLITS: tuple[RatingSplit, ...] = get_args(RatingSplit)

RATING_METRICS: tuple[str, ...] = ("rmse", "mae", "mse")

RATING_DEFINITIONS: Mapping[str, str] = {
    "rmse": "RMSE: the root of the mean squared error, in the ratings' own unit; large errors weigh more. Lower is "
    "better.",
    "mae": "MAE: how far predictions are off on average, in the ratings' own unit. Lower is better.",
    "mse": "MSE: the mean squared error (RMSE squared). Lower is better.",
}


@dataclass(frozen=True)
class RatingsSpec:
    """Which models of ratings to compare, and how.

    Attributes:
        models: the baseline is added in front where it is missing.
        folds: 2 to 20. Split "folds": the ratings are dealt into so many parts by chance, each is predicted once from
            the others. Split "time": the latest 1/folds of the ratings are predicted from those before.
        seed: of folds and models, 0 to 2**31 - 1.
        split: see folds.

    Raises Refusal `bad_comparison`.
    """

    models: tuple[Spec, ...]
    folds: int = 5
    seed: int = 0
    split: RatingSplit = "folds"

    def __post_init__(self) -> None:
        if self.split not in RATING_SPLITS:
            raise _bad(f"there is no split {self.split!r}", f"Splits: {', '.join(RATING_SPLITS)}.")
        if not 2 <= self.folds <= 20:
            raise _bad(f"{self.folds} folds", "Give folds from 2 to 20.")
        if not 0 <= self.seed < 2**31:
            raise _bad(f"the seed is {self.seed}", "Give a whole number from 0 up to 2147483647.")
        if len(set(self.models)) < len(self.models):
            raise _bad("a model is named twice", "Name each model once, or change a parameter.")
        if all(m.model != "baseline" for m in self.models):
            object.__setattr__(self, "models", (rating_spec("baseline"), *self.models))

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` reads it."""
        return {
            "models": [m.as_json() for m in self.models],
            "folds": self.folds,
            "seed": self.seed,
            "split": self.split,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> RatingsSpec:
        """What `as_json` wrote."""
        models = tuple(rating_spec_from_json(m) for m in told["models"])
        return cls(models, told["folds"], told["seed"], told["split"])


@dataclass(frozen=True)
class RatingScore:
    """How one model did.

    Attributes:
        label: unique in the comparison.
        spec: the model.
        metrics: RATING_METRICS -> over all judged ratings, with a 95 % interval (bootstrap over users, whose ratings
            stay together); empty where it has a problem.
        each: RMSE of each fold, in order. spread: their standard deviation; None with one fold.
        seconds_fit, seconds_predict: wall clock, of all folds together.
        problem: {code, message, hint} where the model could not be fitted; the others go on.
    """

    label: str
    spec: Spec
    metrics: Mapping[str, Measured]
    each: tuple[float, ...] = ()
    spread: float | None = None
    seconds_fit: float | None = None
    seconds_predict: float | None = None
    problem: Mapping[str, str] | None = None

    @property
    def seconds(self) -> float | None:
        """seconds_fit + seconds_predict."""
        if self.seconds_fit is None or self.seconds_predict is None:
            return None
        return self.seconds_fit + self.seconds_predict


@dataclass(frozen=True)
class RatingsComparison:
    """The answer to a RatingsSpec.

    Attributes:
        spec: the question.
        split: the one that was used: "folds" where the data have no times.
        notes: sentences on what was done.
        models: in the order of the question.
        differences: of RMSE, every pair once; `a` is the better (lower), so `difference` is never above 0.
        verdict: by RMSE; `beats_popularity` holds the labels surely ahead of the baseline.
        facts: ratings, users, items, judged, unknown_users, unknown_items (judged ratings whose user, or item, had no
            rating to learn from), low, high, mean, version; by_users, by_items (core.recommend.RatingsSize).
    """

    spec: RatingsSpec
    split: RatingSplit
    notes: tuple[str, ...]
    models: tuple[RatingScore, ...]
    differences: tuple[Difference, ...]
    verdict: Verdict
    facts: Mapping[str, Any]


def ratings_to_json(found: RatingsComparison) -> dict[str, Any]:
    """Plain JSON without NaN; `ratings_from_json` gives an equal value back."""
    return {
        "spec": found.spec.as_json(),
        "split": found.split,
        "notes": list(found.notes),
        "models": [_score_to_json(m) for m in found.models],
        "differences": [asdict(d) for d in found.differences],
        "verdict": {
            "winner": found.verdict.winner,
            "tied": list(found.verdict.tied),
            "beats_popularity": list(found.verdict.beats_popularity),
            "text": found.verdict.text,
        },
        "facts": dict(found.facts),
    }


def ratings_from_json(told: Mapping[str, Any]) -> RatingsComparison:
    """What `ratings_to_json` wrote."""
    verdict = told["verdict"]
    return RatingsComparison(
        RatingsSpec.from_json(told["spec"]),
        told["split"],
        tuple(told["notes"]),
        tuple(_score_from_json(m) for m in told["models"]),
        tuple(Difference(**d) for d in told["differences"]),
        Verdict(verdict["winner"], tuple(verdict["tied"]), tuple(verdict["beats_popularity"]), verdict["text"]),
        dict(told["facts"]),
    )


def _score_to_json(found: RatingScore) -> dict[str, Any]:
    return {
        "label": found.label,
        "spec": found.spec.as_json(),
        "metrics": {name: [m.value, m.low, m.high] for name, m in found.metrics.items()},
        "each": list(found.each),
        "spread": found.spread,
        "seconds_fit": found.seconds_fit,
        "seconds_predict": found.seconds_predict,
        "problem": None if found.problem is None else dict(found.problem),
    }


def _score_from_json(told: Mapping[str, Any]) -> RatingScore:
    metrics = {name: Measured(*told["metrics"][name]) for name in RATING_METRICS if name in told["metrics"]}
    spec = rating_spec_from_json(told["spec"])
    return RatingScore(**{**told, "spec": spec, "metrics": metrics, "each": tuple(told["each"])})


def _bad(what: str, hint: str) -> Refusal:
    return Refusal("bad_comparison", f"This comparison cannot be made: {what}.", hint)
