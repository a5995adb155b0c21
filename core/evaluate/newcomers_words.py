"""What a check of newcomers allows to be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.evaluate.newcomers_types import EVENTS, TOP, ItemScore, NewcomersSpec, UserScore
from core.evaluate.types import Measured
from core.evaluate.verdict import SURE, full_name

_USERS = {0: "Users who have done nothing yet", 1: "Users with one item", 2: "Users with two items"}


def verdict_of(
    users: Sequence[UserScore], items: Sequence[ItemScore], problem: Mapping[str, str] | None, spec: NewcomersSpec
) -> str:
    """One or two sentences for each number of events, and for new items."""
    said = [_of_events(n, [one for one in users if one.events == n], spec) for n in EVENTS]
    return " ".join([*said, _of_items(items, problem)])


def _of_events(n: int, users: Sequence[UserScore], spec: NewcomersSpec) -> str:
    popular = next((one for one in users if one.road == "popular" and one.ndcg is not None), None)
    if popular is None or popular.ndcg is None:
        return f"{_USERS[n]}: popularity could not be measured, so nothing can be said."
    others = [one for one in users if one.road != "popular" and one.ndcg is not None and one.ahead is not None]
    yardstick = f"the list of bestsellers (NDCG@{spec.k} {_digits(popular.ndcg)})"
    if not others:
        why = "there is no other road" if not n else "no model could take their few items in"
        return f"{_USERS[n]} get {yardstick}: {why}."
    best = max(others, key=lambda one: one.ndcg.value if one.ndcg else 0.0)
    assert best.ndcg is not None
    assert best.ahead is not None
    name = f"{full_name(best.spec, spec.models)} (NDCG@{spec.k} {_digits(best.ndcg)})"
    sure = best.p_holm is not None and best.p_holm < SURE
    if sure and best.ahead.value > 0:
        return f"{_USERS[n]} are served better by {name} than by {yardstick}."
    if sure:
        return f"{_USERS[n]} are served worse by {name} than by {yardstick}: give them the bestsellers."
    return f"{_USERS[n]}: no difference can be shown between {name} and {yardstick}."


def _of_items(items: Sequence[ItemScore], problem: Mapping[str, str] | None) -> str:
    if problem is not None:
        return f"New items could not be judged: {problem['message']}"
    content, heavy = items[0], items[1]
    said = (
        (
            f"New items: of a user who took one and a user who did not, their descriptions put the right one first in "
            f"{content.auc.value:.0%} of cases (chance 50 %, by how much users do {heavy.auc.value:.0%}); the first "
            f"{TOP:.0%} of users hold {content.lift.value:.1f} times as many takers as chance."
        )
        .replace("% ", " % ")
        .replace("%)", " %)")
        .replace("  ", " ")
    )
    if content.auc.low <= 0.5:
        return said + " That is not shown to be better than chance."
    if content.p is not None and content.p < SURE and content.ahead is not None:
        if content.ahead.value > 0:
            return said + " That is surely better than chance and than asking those who do most."
        return said + " Asking those who do most is surely better."
    return said + " That is better than chance; that it is better than asking those who do most is not shown."


def _digits(value: Measured) -> str:
    return f"{value.value:.3f}" if value.value >= 0.01 or value.value == 0 else f"{value.value:.2g}"
