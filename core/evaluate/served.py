"""Whom a model serves badly, in words: only parts with enough users, and only where the intervals lie apart."""

from __future__ import annotations

from collections.abc import Sequence

from core.evaluate.types import Comparison, Measured, SegmentScore

ENOUGH = 30
"""Judged users of a part below which nothing is said of it."""


def worst_served(found: Comparison, model: str | None = None, metric: str = "ndcg") -> tuple[SegmentScore, ...]:
    """Of each way of telling users apart, the part that `model` (None: the best by NDCG) surely serves worst.

    Surely: the part has ENOUGH users and its interval lies wholly below that of all judged users.
    """
    label = model or _best(found)
    whole = next((m.metrics.get(metric) for m in found.models if m.label == label), None)
    if whole is None:
        return ()
    worst: dict[str, SegmentScore] = {}
    for one in found.segments:
        value = one.metrics.get(metric)
        if one.model != label or value is None or one.users < ENOUGH or value.high >= whole.low:
            continue
        if one.by not in worst or value.value < worst[one.by].metrics[metric].value:
            worst[one.by] = one
    return tuple(worst.values())


def served_words(found: Comparison, model: str | None = None) -> str:
    """Whom the best model (or `model`) serves badly, in a sentence or two; "" where users were not told apart."""
    if not found.segments:
        return ""
    label = model or _best(found)
    worst = worst_served(found, label)
    if not worst:
        return f"No part of the users with {ENOUGH} or more is shown to be served worse by {label} than all users."
    mean = next(m.metrics["ndcg"] for m in found.models if m.label == label)
    return " ".join(_told(one, mean, label, found.spec.k) for one in worst)


def _told(one: SegmentScore, mean: Measured, label: str, k: int) -> str:
    mine = one.metrics["ndcg"]
    return (
        f"{label} serves the {one.users:,} users of {by_words(one.by)} {one.part!r} worst: NDCG@{k} {mine.value:.3f} "
        f"({mine.low:.3f} to {mine.high:.3f}), against {mean.value:.3f} for all."
    )


def by_words(by: str) -> str:
    """What tells users apart, as people say it.

    >>> by_words("column:country"), by_words("history"), by_words("segment:Loyal")
    ('country', 'length of history', 'segment')
    """
    kind, _, name = by.partition(":")
    return {"history": "length of history", "segment": "segment"}.get(kind, name)


def _best(found: Comparison) -> str:
    done: Sequence[tuple[float, str]] = [(m.metrics["ndcg"].value, m.label) for m in found.models if m.metrics]
    return max(done, default=(0.0, ""), key=lambda one: one[0])[1]
