"""Whom a model would have chosen: the question, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import Refusal
from core.evaluate.types import Measured
from core.interactions import MatrixSpec
from core.recommend import Spec, spec_from_json


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
    """An item or category that was judged: raw id (or value), what people call it, candidates, takers among them."""

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
