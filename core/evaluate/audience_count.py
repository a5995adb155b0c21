"""From chosen users to figures: precision, recall and lift of each way, with intervals and paired differences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.evaluate.audience_choose import World
from core.evaluate.audience_types import Target, TargetScore, WayScore
from core.evaluate.bootstrap import LEVEL, resampled_means
from core.evaluate.types import Measured
from core.interactions import Array
from core.recommend import Spec

YARDSTICKS = ("heavy-buyers", "recent-category-buyers", "chance")
MANY = 10
"""Targets from which on intervals are over targets (how the way does on others like them); below, over users (how sure
the figures of just these targets are), since a handful of targets says nothing about others."""

_DRAWS = 2000
_Z = 1.959963984540054  # 97.5 % of the normal distribution
_MEASURES = ("lift", "recall", "precision")


@dataclass(frozen=True, eq=False)
class Choice:
    """Whom one way chose.

    Attributes:
        way, spec, seconds_fit, problem: as WayScore.
        rows: for each target the rows of the users chosen; empty where there is a problem.
        uniform: the model gives all users the same score, so that the lot chose.
    """

    way: str
    spec: Spec | None
    rows: tuple[Array, ...]
    seconds_fit: float | None = None
    problem: Mapping[str, str] | None = None
    uniform: bool = False


def counted(world: World, choices: list[Choice], size: int, seed: int) -> tuple[list[Target], list[WayScore]]:
    """The targets and the figures of every way, chance behind the others."""
    takers = [world.taken(t) for t in range(world.n_targets)]
    crowd = [int(world.candidates(t).sum()) for t in range(world.n_targets)]
    targets = [
        Target(told["id"], told["label"], crowd[t], int(takers[t].sum()))
        for t, told in enumerate(world.told["targets"])
    ]
    made = [choice for choice in choices if choice.problem is None]
    each = [[_score(t, target, takers[t], choice.rows[t]) for t, target in enumerate(targets)] for choice in made]
    each.append([_chance(t, target, size) for t, target in enumerate(targets)])
    if len(targets) >= MANY:
        drawn = _over_targets(each, seed)
    else:
        drawn = _over_users(world, takers, [choice.rows for choice in made], size, seed)
    names = [*(choice.way for choice in made), "chance"]
    found = {}
    few = len(targets) < MANY
    # where none of the chosen took it every draw says none, as if that were sure: Wilson's interval knows better
    none = [few and name != "chance" and not sum(s.taken for s in each[n]) for n, name in enumerate(names)]
    for place, name in enumerate(names):
        spec, seconds = next(((c.spec, c.seconds_fit) for c in made if c.way == name), (None, None))
        lift, recall, precision = (_measured(_values(each[place], m), drawn[m][:, place]) for m in _MEASURES)
        if none[place]:
            lift, recall, precision = _of_none(each[place], targets)
        against = {} if spec is None else {y: _against(each, drawn["lift"], place, names.index(y)) for y in YARDSTICKS}
        for y in against:
            if none[place] or none[names.index(y)]:
                against[y] = _apart(each[place], each[names.index(y)], targets, known=y == "chance")
        found[name] = WayScore(name, spec, lift, recall, precision, against, tuple(each[place]), seconds)
    ways = [
        found[c.way] if c.problem is None else WayScore(c.way, c.spec, None, None, None, {}, (), None, c.problem)
        for c in choices
    ]
    return targets, [*ways, found["chance"]]


def wilson(taken: int, chosen: int) -> Measured:
    """Taken / chosen with its 95 % interval (Wilson 1927); 0 of 0 is 0, from 0 to 1.

    >>> found = wilson(10, 100)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0552, 0.1744)
    """
    if not chosen:
        return Measured(0.0, 0.0, 1.0)
    p, z2 = taken / chosen, _Z * _Z
    middle = (p + z2 / (2 * chosen)) / (1 + z2 / chosen)
    half = _Z * math.sqrt(p * (1 - p) / chosen + z2 / (4 * chosen * chosen)) / (1 + z2 / chosen)
    low = 0.0 if taken == 0 else middle - half
    return Measured(p, low, 1.0 if taken == chosen else middle + half)


def _of_none(scores: list[TargetScore], targets: list[Target]) -> tuple[Measured, Measured, Measured]:
    """Lift, recall and precision of a way none of whose users took it: 0, up to what Wilson's interval allows."""
    high = wilson(0, sum(s.chosen for s in scores)).high
    lift = high * float(np.mean([t.candidates / t.takers for t in targets]))
    recall = min(1.0, high * float(np.mean([s.chosen / t.takers for s, t in zip(scores, targets, strict=True)])))
    return Measured(0.0, 0.0, lift), Measured(0.0, 0.0, recall), Measured(0.0, 0.0, high)


def _apart(a: list[TargetScore], b: list[TargetScore], targets: list[Target], *, known: bool) -> Measured:
    """The difference in lift of two ways, by the intervals of both (Newcombe 1998, method 10); `known`: b has none."""
    (lift, low, high), (other, below, above) = (_lift(scores, targets) for scores in (a, b))
    if known:
        below = above = other
    apart = lift - other
    return Measured(
        apart, apart - math.hypot(lift - low, above - other), apart + math.hypot(high - lift, other - below)
    )


def _lift(scores: list[TargetScore], targets: list[Target]) -> tuple[float, float, float]:
    """Mean lift over targets, and its ends as Wilson's interval of all the chosen together has them."""
    found = wilson(sum(s.taken for s in scores), sum(s.chosen for s in scores))
    value = float(np.mean([s.lift for s in scores]))
    scale = value / found.value if found.value else float(np.mean([t.candidates / t.takers for t in targets]))
    return value, scale * found.low, scale * found.high


def _score(place: int, target: Target, taken: Array, rows: Array) -> TargetScore:
    hits = int(taken[rows].sum())
    precision = wilson(hits, len(rows))
    lift = precision.value / (target.takers / target.candidates)
    return TargetScore(place, len(rows), hits, precision, hits / target.takers, lift)


def _chance(place: int, target: Target, size: int) -> TargetScore:
    """What choosing by lot would give on average."""
    base, chosen = target.takers / target.candidates, min(size, target.candidates)
    expected = Measured(base, base, base)
    return TargetScore(place, chosen, round(base * chosen), expected, chosen / target.candidates, 1.0)


def _values(scores: list[TargetScore], measure: str) -> Array:
    found = [s.precision.value if measure == "precision" else getattr(s, measure) for s in scores]
    return np.array(found, dtype=np.float64)


def _over_targets(each: list[list[TargetScore]], seed: int) -> dict[str, Array]:
    """By measure, float64 (draws, ways): means over resampled targets, every way and measure on the same draws."""
    columns = [_values(scores, measure) for measure in _MEASURES for scores in each]
    means = resampled_means(np.stack(columns, axis=1), _DRAWS, seed=seed)
    return {m: means[:, n * len(each) : (n + 1) * len(each)] for n, m in enumerate(_MEASURES)}


def _over_users(
    world: World, takers: list[Array], chosen: list[tuple[Array, ...]], size: int, seed: int
) -> dict[str, Array]:
    """As `_over_targets`, with the candidates of each target resampled and the targets as they are.

    Only how often each combination (chosen by which ways, took it or not) is drawn matters: that is multinomial.
    """
    rng = np.random.default_rng(seed)
    sums = {measure: np.zeros((_DRAWS, len(chosen) + 1)) for measure in _MEASURES}
    for t, taken in enumerate(takers):
        candidates = world.candidates(t)
        who = np.zeros((len(candidates), len(chosen) + 1), dtype=bool)
        for way, rows in enumerate(chosen):
            who[rows[t], way] = True
        who[:, -1] = taken
        kinds, counts = np.unique(who[candidates], axis=0, return_counts=True)
        drawn = rng.multinomial(counts.sum(), counts / counts.sum(), size=_DRAWS).astype(np.float64)
        took, member = kinds[:, -1], kinds[:, :-1].astype(np.float64)
        hits, inside = drawn[:, took] @ member[took], drawn @ member
        total = drawn[:, took].sum(axis=1, keepdims=True)
        base, share = total / counts.sum(), np.full((_DRAWS, 1), min(1.0, size / counts.sum()))
        precision = _over(hits, inside)
        for measure, values, chance in (
            ("precision", precision, base),
            ("recall", _over(hits, total), share),
            ("lift", _over(precision, base), np.ones((_DRAWS, 1))),
        ):
            sums[measure] += np.hstack([values, chance])
    return {measure: values / world.n_targets for measure, values in sums.items()}


def _over(part: Array, whole: Array) -> Array:
    """Part / whole; 0 where there is none of the whole (a draw without takers has no lift to speak of)."""
    whole = np.broadcast_to(whole, part.shape)
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _measured(values: Array, drawn: Array) -> Measured:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Measured(float(values.mean()), float(low), float(high))


def _against(each: list[list[TargetScore]], drawn: Array, a: int, b: int) -> Measured:
    return _measured(_values(each[a], "lift") - _values(each[b], "lift"), drawn[:, a] - drawn[:, b])
