"""What an evaluation asks and what it answers, as values with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from core.errors import Refusal
from core.interactions import MatrixSpec
from core.recommend import Spec, spec_from_json
from core.recommend import spec as model_spec

Split = Literal["leave-last-out", "time", "random"]
SPLITS: tuple[Split, ...] = get_args(Split)

METRICS: tuple[str, ...] = ("ndcg", "recall", "precision", "f1", "map", "mrr", "hit_rate")
"""Measured for each user and averaged; `coverage` and `novelty` are of the lists as a whole."""

DEFINITIONS: Mapping[str, str] = {
    "ndcg": "NDCG@k: how near the top the right items stand; 1 is the best list that could be made for the user "
    "(gain / log2(rank + 1), over that of min(k, relevant) right items first).",
    "recall": "Recall@k: the share of the items the user went on to take that the list of k names.",
    "precision": "Precision@k: the share of the k listed items that the user went on to take.",
    "f1": "F1@k: the harmonic mean of precision and recall.",
    "map": "MAP@k: precision at each right item, averaged over min(k, relevant) items.",
    "mrr": "MRR@k: 1 / place of the first right item, 0 if none is among the k.",
    "hit_rate": "Hit rate@k: the share of users with at least one right item in their list of k.",
    "coverage": "Coverage@k: the share of all items that appear in at least one list of k.",
    "novelty": "Novelty@k: how unusual the listed items are: -log2 of the share of users who took them, averaged; "
    "one more is half as common.",
}


@dataclass(frozen=True)
class CompareSpec:
    """Which models to compare, on what, and how.

    Attributes:
        models: popularity is added in front where it is missing; each model name or Spec once.
        matrix: how behaviour becomes weights.
        split: how the part to report on is held out (docs/evaluation.md).
        k: length of the lists, 1 to 100.
        seed: of models and of a random split, 0 to 2**31 - 1.
        most_users: judge at most so many users, drawn by the seed; None = all of them.

    Raises Refusal `bad_comparison`.
    """

    models: tuple[Spec, ...]
    matrix: MatrixSpec = MatrixSpec()  # noqa: RUF009  # frozen
    split: Split = "leave-last-out"
    k: int = 10
    seed: int = 0
    most_users: int | None = None

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise _bad(f"there is no split {self.split!r}", f"Splits: {', '.join(SPLITS)}.")
        if not 1 <= self.k <= 100:
            raise _bad(f"lists of {self.k} items", "Give k from 1 to 100.")
        if not 0 <= self.seed < 2**31:
            raise _bad(f"the seed is {self.seed}", "Give a whole number from 0 up to 2147483647.")
        if self.most_users is not None and self.most_users < 10:
            raise _bad("fewer than 10 users cannot tell models apart", "Give more, or none for all.")
        if len(set(self.models)) < len(self.models):
            raise _bad("a model is named twice", "Name each model once, or change a parameter.")
        if all(m.model != "popular" for m in self.models):
            object.__setattr__(self, "models", (model_spec("popular"), *self.models))

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` reads it."""
        return {
            "models": [m.as_json() for m in self.models],
            "matrix": self.matrix.as_json(),
            "split": self.split,
            "k": self.k,
            "seed": self.seed,
            "most_users": self.most_users,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> CompareSpec:
        """What `as_json` wrote."""
        return cls(
            tuple(spec_from_json(m) for m in told["models"]),
            MatrixSpec.from_json(told["matrix"]),
            told["split"],
            told["k"],
            told["seed"],
            told.get("most_users"),
        )


@dataclass(frozen=True)
class Measured:
    """A mean with its 95 % bootstrap interval (percentile, over users or over items)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ModelScore:
    """How one model did.

    Attributes:
        label: unique in the comparison: the model's name, with what differs where a model stands in it twice.
        spec: the model.
        metrics: METRICS -> mean over users; empty where it has a problem.
        coverage, novelty: see DEFINITIONS; None where it has a problem (novelty also with no list at all).
        seconds_fit, seconds_score: wall clock in the worker; scoring is making all the lists.
        users: judged, the same for every model of a comparison.
        problem: {code, message, hint} where the model could not be fitted; the others go on.
    """

    label: str
    spec: Spec
    metrics: Mapping[str, Measured]
    coverage: float | None
    novelty: float | None
    seconds_fit: float | None
    seconds_score: float | None
    users: int
    problem: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Difference:
    """Mean of (a - b) over the same users, by paired bootstrap.

    Attributes:
        a, b: labels.
        metric: one of METRICS.
        difference: with `low`, `high` its 95 % interval (not corrected for many comparisons).
        p: two-sided; `p_holm` after Holm's correction over all pairs of the comparison.
    """

    a: str
    b: str
    metric: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float


@dataclass(frozen=True)
class Verdict:
    """What may be concluded, by NDCG.

    Attributes:
        winner: label of the one model that is ahead of every other (p_holm < 0.05); None = no difference at the top.
        tied: labels of the models that may be the best: the one with the highest mean, and all not surely behind it.
        beats_popularity: labels surely ahead of popularity.
        text: two or three sentences for a marketer, with figures.
    """

    winner: str | None
    tied: tuple[str, ...]
    beats_popularity: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Comparison:
    """The answer to a CompareSpec.

    Attributes:
        spec: the question.
        split: the split that was used: "random" where the data have no times, whatever was asked.
        notes: sentences on what was done (no times; users or items that the fit part does not know; a draw of users).
        models: in the order of the question.
        differences: of NDCG, every pair once, `a` the one with the higher mean.
        verdict: in words.
        facts: counts: users_fit, items_fit, pairs_fit, users (judged), users_skipped, pairs_report,
            users_unknown, items_unknown (in the report part alone: reported apart), cut (ISO time, split "time"),
            until (ISO time, end of the data).
    """

    spec: CompareSpec
    split: Split
    notes: tuple[str, ...]
    models: tuple[ModelScore, ...]
    differences: tuple[Difference, ...]
    verdict: Verdict
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class AudienceSpec:
    """The N users each model would have chosen for an item at a past moment: how many of them took it since?

    Attributes:
        models: as CompareSpec; here popularity may be missing, the yardsticks are others.
        matrix: how behaviour becomes weights.
        size: N, users chosen for each item or category, 10 to 1,000,000.
        targets: raw item ids; empty = by the data: those with enough takers in the held-out time (see `of`).
        of: "item", or "category" with `column` naming a column of items: a user is scored for a category by the sum
            over its items.
        column: of items; for of = "item" the column that "recent buyers of the category" goes by; None = as proposed.
        categories: values of `column`; empty = by the data.
        event: what counts as taking it; None = "purchase" where the data have purchases, else any event that weighs.
        seed: of models and bootstrap.

    Raises Refusal `bad_audience`.
    """

    models: tuple[Spec, ...]
    matrix: MatrixSpec = MatrixSpec()  # noqa: RUF009  # frozen
    size: int = 500
    of: Literal["item", "category"] = "item"
    column: str | None = None
    targets: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    event: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 10 <= self.size <= 1_000_000:
            raise Refusal("bad_audience", f"An audience of {self.size} users.", "Give a size from 10 to 1,000,000.")
        if not self.models:
            raise Refusal("bad_audience", "No model is named.", "Name at least one model.")
        if self.of == "category" and not self.column:
            raise Refusal("bad_audience", "No column says what a category is.", "Name a column of the items.")

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` reads it."""
        return {
            **{name: getattr(self, name) for name in ("size", "of", "column", "event", "seed")},
            "models": [m.as_json() for m in self.models],
            "matrix": self.matrix.as_json(),
            "targets": list(self.targets),
            "categories": list(self.categories),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> AudienceSpec:
        """What `as_json` wrote."""
        return cls(
            **{
                **told,
                "models": tuple(spec_from_json(m) for m in told["models"]),
                "matrix": MatrixSpec.from_json(told["matrix"]),
                "targets": tuple(told["targets"]),
                "categories": tuple(told["categories"]),
            }
        )


@dataclass(frozen=True)
class TargetScore:
    """One item or category, and one way of choosing.

    Attributes:
        target: place in `Audience.targets`.
        chosen: users chosen: the size asked for, or fewer where fewer could be.
        taken: of the chosen, who took it in the held-out time.
        precision: taken / chosen, with its 95 % interval (Wilson).
        recall: taken / all candidates who took it.
        lift: precision / the share of all candidates who took it (choosing by chance).
    """

    target: int
    chosen: int
    taken: int
    precision: Measured
    recall: float
    lift: float


@dataclass(frozen=True)
class WayScore:
    """One way of choosing, over all targets.

    Attributes:
        way: label of a model, or "heavy-buyers", "recent-category-buyers", "chance".
        spec: the model; None for the yardsticks.
        lift, recall, precision: means over targets, with intervals by bootstrap over targets (the same draws for
            every way).
        against: way -> Measured difference in lift to each yardstick, paired over targets; empty for yardsticks.
        each: one for each target, in the order of `Audience.targets`.
        seconds_fit: None for the yardsticks.
        problem: as ModelScore.
    """

    way: str
    spec: Spec | None
    lift: Measured | None
    recall: Measured | None
    precision: Measured | None
    against: Mapping[str, Measured]
    each: tuple[TargetScore, ...]
    seconds_fit: float | None = None
    problem: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Target:
    """An item or category that was judged: raw id (or value), what people call it, candidates, and takers among them."""

    id: str
    label: str
    candidates: int
    takers: int


@dataclass(frozen=True)
class Audience:
    """The answer to an AudienceSpec.

    Attributes:
        spec: the question.
        event: what counted as taking it.
        notes: sentences on what was done and left out.
        targets: those judged, most takers first.
        ways: models in the order of the question, then the yardsticks.
        verdict: a sentence or two; "no better than ..." where that is so.
        facts: cut, until (ISO times), days (held-out), users (candidates at the cut), targets_skipped (too few takers).
    """

    spec: AudienceSpec
    event: str
    notes: tuple[str, ...]
    targets: tuple[Target, ...]
    ways: tuple[WayScore, ...]
    verdict: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """A stored run: all it takes to repeat it, and its answer.

    Attributes:
        run_id: its name in the workspace.
        kind: what was asked.
        created_at: UTC.
        version: the data's version then; `stale` where the data have changed since.
        limelight: the program's version.
        answer: Comparison or Audience; its `spec` is the question.
    """

    run_id: str
    kind: Literal["compare", "audience"]
    created_at: datetime
    version: int
    stale: bool
    limelight: str
    answer: Comparison | Audience


def _bad(what: str, hint: str) -> Refusal:
    return Refusal("bad_comparison", f"This comparison cannot be made: {what}.", hint)
