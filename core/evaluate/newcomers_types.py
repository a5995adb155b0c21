"""How well newcomers are served: the question and the answer, with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import Refusal
from core.evaluate.codec import measured_from_json, measured_to_json
from core.evaluate.types import SPLITS, Measured, Split
from core.interactions import MatrixSpec
from core.recommend import Spec, spec_from_json
from core.recommend import spec as model_spec

EVENTS = (0, 1, 2)
"""How many of their first items users are left with."""
TOP = 0.05
"""The share of users that a new item is offered to, for its lift."""

UserRoad = Literal["popular", "kind", "folded"]


@dataclass(frozen=True)
class NewcomersSpec:
    """Whom to judge by which models.

    Attributes:
        models: those that short histories are folded into; each once. Popularity, and users' attributes, are judged
            beside them.
        matrix, split, seed: as in CompareSpec.
        k: length of the lists, 1 to 100.
        most_users: judge at most so many users, drawn by the seed, and never more than a third of all: their behaviour
            is taken out of the data that models learn from.
        hide: the share of items that is hidden as if nobody had taken them yet, above 0, at most 0.5.

    Raises Refusal `bad_newcomers`.
    """

    models: tuple[Spec, ...] = (model_spec("item-knn"),)
    matrix: MatrixSpec = MatrixSpec()  # noqa: RUF009  # frozen
    split: Split = "leave-last-out"
    k: int = 10
    seed: int = 0
    most_users: int = 2_000
    hide: float = 0.1

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise _bad(f"there is no split {self.split!r}", f"Splits: {', '.join(SPLITS)}.")
        if not 1 <= self.k <= 100:
            raise _bad(f"lists of {self.k} items", "Give k from 1 to 100.")
        if not 0 <= self.seed < 2**31:
            raise _bad(f"the seed is {self.seed}", "Give a whole number from 0 up to 2147483647.")
        if not 10 <= self.most_users <= 100_000:
            raise _bad(f"{self.most_users:,} users cannot be judged", "Give from 10 to 100,000.")
        if not 0 < self.hide <= 0.5:
            raise _bad(f"a share of {self.hide} of the items", "Give a share above 0, at most 0.5.")
        if len(set(self.models)) < len(self.models):
            raise _bad("a model is named twice", "Name each model once, or change a parameter.")

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` reads it."""
        plain = {name: getattr(self, name) for name in ("split", "k", "seed", "most_users", "hide")}
        return {"models": [m.as_json() for m in self.models], "matrix": self.matrix.as_json(), **plain}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> NewcomersSpec:
        """What `as_json` wrote."""
        plain = {name: told[name] for name in ("split", "k", "seed", "most_users", "hide") if name in told}
        models = tuple(spec_from_json(m) for m in told["models"])
        return cls(models=models, matrix=MatrixSpec.from_json(told["matrix"]), **plain)


@dataclass(frozen=True)
class UserScore:
    """How one road served users with so many items.

    Attributes:
        events: items that the users were left with.
        label: unique among those of the same `events`.
        road: as core.recommend.roads names it; spec: the model.
        ndcg, hit_rate: mean over the users; None where there is a problem.
        ahead: NDCG less that of popularity, over the same users; None for popularity itself. `p_holm` after Holm's
            correction over all such differences of the answer.
        problem: {code, message, hint} where the road could not be gone.
    """

    events: int
    label: str
    road: UserRoad
    spec: Spec
    ndcg: Measured | None
    hit_rate: Measured | None
    ahead: Measured | None = None
    p: float | None = None
    p_holm: float | None = None
    problem: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ItemScore:
    """How well one way finds the users who took items that were hidden from it; means over the items.

    Attributes:
        way: "content", "heavy" (users who do most) or "chance".
        auc: the chance that a user who took the item stands before one who did not; 0.5 is chance.
        lift: the share of takers among the first 5 % of users, over that among all; 1 is chance.
        ahead: AUC less that of heavy users, over the same items, with its p; None but for "content".
    """

    way: Literal["content", "heavy", "chance"]
    auc: Measured
    lift: Measured
    ahead: Measured | None = None
    p: float | None = None


@dataclass(frozen=True)
class Newcomers:
    """The answer to a NewcomersSpec.

    Attributes:
        spec: the question.
        split: the split that was used.
        notes: sentences on what was done.
        users: for each of EVENTS popularity first, then the other roads.
        items: empty where `items_problem` says why.
        verdict: a few sentences for a marketer.
        facts: users (judged), users_possible, users_kind (of those judged, with any attribute), users_fit, items_fit,
            items_hidden, items_users (that hidden items were judged by), version, until, cut.
    """

    spec: NewcomersSpec
    split: Split
    notes: tuple[str, ...]
    users: tuple[UserScore, ...]
    items: tuple[ItemScore, ...]
    items_problem: Mapping[str, str] | None
    verdict: str
    facts: Mapping[str, Any]


def newcomers_to_json(found: Newcomers) -> dict[str, Any]:
    """Plain JSON without NaN; `newcomers_from_json` gives an equal value back."""
    return {
        "spec": found.spec.as_json(),
        "split": found.split,
        "notes": list(found.notes),
        "users": [_plain({**_fields(one), "spec": one.spec.as_json()}) for one in found.users],
        "items": [_plain(_fields(one)) for one in found.items],
        "items_problem": None if found.items_problem is None else dict(found.items_problem),
        "verdict": found.verdict,
        "facts": dict(found.facts),
    }


def newcomers_from_json(told: Mapping[str, Any]) -> Newcomers:
    """What `newcomers_to_json` wrote."""
    return Newcomers(
        spec=NewcomersSpec.from_json(told["spec"]),
        split=told["split"],
        notes=tuple(told["notes"]),
        users=tuple(UserScore(**{**_read(one), "spec": spec_from_json(one["spec"])}) for one in told["users"]),
        items=tuple(ItemScore(**_read(one)) for one in told["items"]),
        items_problem=told["items_problem"],
        verdict=str(told["verdict"]),
        facts=dict(told["facts"]),
    )


_MEASURED = ("ndcg", "hit_rate", "auc", "lift", "ahead")


def _fields(one: UserScore | ItemScore) -> dict[str, Any]:
    return {name: getattr(one, name) for name in type(one).__dataclass_fields__}


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: measured_to_json(v) if isinstance(v, Measured) else v for name, v in fields.items()}


def _read(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: measured_from_json(v) if name in _MEASURED and v is not None else v for name, v in told.items()}


def _bad(what: str, hint: str) -> Refusal:
    return Refusal("bad_newcomers", f"This check of newcomers cannot be made: {what}.", hint)
