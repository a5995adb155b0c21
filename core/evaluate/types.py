"""What an evaluation asks and what it answers, as values with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from core.errors import Refusal
from core.interactions import MatrixSpec
from core.recommend import Spec, spec_from_json
from core.recommend import spec as model_spec

Split = Literal["leave-last-out", "time", "random", "share", "k-fold"]
SPLITS: tuple[Split, ...] = get_args(Split)
Candidates = Literal["all", "sampled"]
CANDIDATES: tuple[Candidates, ...] = get_args(Candidates)

METRICS: tuple[str, ...] = ("ndcg", "recall", "precision", "f1", "map", "mrr", "hit_rate")
"""Measured for each user and averaged; `coverage` and `novelty` are of the lists as a whole."""

BEYOND: tuple[str, ...] = (
    "auc",
    "diversity",
    "category_diversity",
    "serendipity",
    "novelty",
    "popularity",
    "calibration",
)
"""Beyond accuracy, measured for each user where the question asks for it (`CompareSpec.beyond`); a user for whom one
cannot be said (diversity of a list of one) plays no part in its mean. All but `category_diversity` are kept by user."""

WHOLE: tuple[str, ...] = ("gini", "popularity_bias")
"""Of the lists as a whole, beside coverage and novelty, where the question asks for it."""

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
    "auc": "AUC: the chance that a right item stands above one that is neither right nor taken before, over all items, "
    "not only the k listed (equal scores count half); 0.5 is guessing.",
    "diversity": "Diversity@k: how unlike the k listed items are: 1 - the mean cosine of every two by the users who "
    "took them; 0 where the same users took them all.",
    "category_diversity": "Diversity of categories@k: 1 - the mean share of categories that every two of the k listed "
    "items have in common.",
    "serendipity": "Serendipity@k: the share of the k listed items that are right and would not stand in the user's "
    "list of k by popularity.",
    "popularity": "Popularity@k: the share of all users who had taken an item, averaged over the k listed.",
    "calibration": "Calibration@k: how far the categories of the k listed items are from those of the user's history "
    "(Kullback-Leibler divergence, natural logarithm); 0 is the same shares, lower is nearer.",
    "gini": "Gini@k: how unevenly the lists of k share out their places among all items; 0 is even, 1 is one item.",
    "popularity_bias": "Popularity bias@k: how popular the k listed items are, over how popular the same users' own "
    "items are; 1 is as in their history, 2 twice as popular.",
}


@dataclass(frozen=True)
class CompareSpec:
    """Which models to compare, on what, and how.

    Attributes:
        models: plain popularity, the yardstick, is added in front where it is missing; each Spec once.
        matrix: how behaviour becomes weights.
        split: how the part to report on is held out (docs/evaluation.md).
        k: length of the lists, 1 to 100.
        seed: of models and of a random split, 0 to 2**31 - 1.
        most_users: judge at most so many users, drawn by the seed; None = all of them.
        share: of split "share": how much of each user's items is reported on, 0.05 to 0.45.
        folds: of split "k-fold": 3 to 20; models are fitted so many times.
        candidates: "all" items are ranked; "sampled": one held-out item among 99 drawn ones that the user had not
            taken, only to compare with published figures, since it flatters every model, and not all alike.
        beyond: measure BEYOND and WHOLE too.
        segments: whom to tell apart: "history" (short, middle and long histories), "column:NAME" (a column of users),
            "segment:NAME" (a saved segment, against all others).

    Raises Refusal `bad_comparison`.
    """

    models: tuple[Spec, ...]
    matrix: MatrixSpec = MatrixSpec()  # noqa: RUF009  # frozen
    split: Split = "leave-last-out"
    k: int = 10
    seed: int = 0
    most_users: int | None = None
    share: float = 0.2
    folds: int = 5
    candidates: Candidates = "all"
    beyond: bool = False
    segments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise _bad(f"there is no split {self.split!r}", f"Splits: {', '.join(SPLITS)}.")
        if not 1 <= self.k <= 100:
            raise _bad(f"lists of {self.k} items", "Give k from 1 to 100.")
        if not 0 <= self.seed < 2**31:
            raise _bad(f"the seed is {self.seed}", "Give a whole number from 0 up to 2147483647.")
        if self.most_users is not None and self.most_users < 10:
            raise _bad("fewer than 10 users cannot tell models apart", "Give more, or none for all.")
        if not 0.05 <= self.share <= 0.45:
            raise _bad(
                f"the share held out is {self.share:g}", "Give a share from 0.05 to 0.45: as much again is kept."
            )
        if not 3 <= self.folds <= 20:
            raise _bad(f"{self.folds} folds", "Give 3 to 20.")
        if self.candidates not in CANDIDATES:
            raise _bad(f"there are no candidates {self.candidates!r}", f"Candidates: {', '.join(CANDIDATES)}.")
        if self.candidates == "sampled" and self.beyond:
            raise _bad("lists of drawn items say nothing beyond accuracy", "Ask for the one or the other.")
        for name in self.segments:
            if name != "history" and not (name.startswith(("column:", "segment:")) and name.partition(":")[2]):
                raise _bad(f"{name!r} does not say whom to tell apart", "Write history, column:NAME or segment:NAME.")
        if len(set(self.segments)) < len(self.segments):
            raise _bad("a segment is named twice", "Name each once.")
        if len(set(self.models)) < len(self.models):
            raise _bad("a model is named twice", "Name each model once, or change a parameter.")
        if model_spec("popular") not in self.models:
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
            "share": self.share,
            "folds": self.folds,
            "candidates": self.candidates,
            "beyond": self.beyond,
            "segments": list(self.segments),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> CompareSpec:
        """What `as_json` wrote; keys that an older version did not know have their defaults."""
        return cls(
            tuple(spec_from_json(m) for m in told["models"]),
            MatrixSpec.from_json(told["matrix"]),
            told["split"],
            told["k"],
            told["seed"],
            told.get("most_users"),
            told.get("share", 0.2),
            told.get("folds", 5),
            told.get("candidates", "all"),
            told.get("beyond", False),
            tuple(told.get("segments", ())),
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
        beyond: those of BEYOND that were asked for and could be said -> mean over the users of whom it can be said.
        whole: WHOLE -> value, where it was asked for.
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
    beyond: Mapping[str, Measured] = field(default_factory=dict)
    whole: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SegmentScore:
    """How one model did for a part of the judged users.

    Attributes:
        by: what parts the users, as in `CompareSpec.segments`.
        part: what people call the part ("Germany", "short history (1 to 5 items)").
        model: label.
        users: judged, of this part.
        metrics: METRICS, and those of BEYOND that were asked for -> mean over the part's users, with its interval.
        difference: of the mean NDCG to that of all judged users.
    """

    by: str
    part: str
    model: str
    users: int
    metrics: Mapping[str, Measured]
    difference: float


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
        segments: one for each part of users and model without a problem, in the order of the question.
    """

    spec: CompareSpec
    split: Split
    notes: tuple[str, ...]
    models: tuple[ModelScore, ...]
    differences: tuple[Difference, ...]
    verdict: Verdict
    facts: Mapping[str, Any]
    segments: tuple[SegmentScore, ...] = ()


def _bad(what: str, hint: str) -> Refusal:
    return Refusal("bad_comparison", f"This comparison cannot be made: {what}.", hint)
