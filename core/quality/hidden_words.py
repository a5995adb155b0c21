"""The hidden-value test in plain words."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING

from core.quality.types import Fill

if TYPE_CHECKING:
    from core.quality.hidden import HiddenScore, HiddenTest  # which takes its words from here


def said(fill: Fill) -> str:
    """A fill's name for people.

    >>> said(Fill("price", "median", group="item")), said(Fill("age", "neighbours", neighbours=3))
    ('the median per item', 'the 3 nearest neighbours')
    """
    name = {
        "mode": "the commonest value",
        "interpolate": "the line in time",
        "neighbours": f"the {fill.neighbours} nearest neighbours",
        "iterative": "the iterative model",
    }.get(fill.method, f"the {fill.method}")
    return name if fill.group is None else f"{name} per {fill.group}"


def verdict(test: HiddenTest) -> str:
    """What to take, and by how much it is better."""
    plain = next(s for s in test.scores if s.fill == test.plain)
    first = test.scores[0]
    begin = f"Of {test.judged:,} hidden values of {test.column!r}, "
    if test.best is None:
        others = [s for s in test.scores if s.fill.method not in ("mean", "median", "mode") or s.fill.group]
        text = begin + f"{said(plain.fill)} {_missed(test, plain)}. "
        if others and others[0].error <= plain.error:
            text += (
                f"No method surely beats it: {said(others[0].fill)} {_missed(test, others[0])}, which may be chance."
            )
        elif others:
            text += f"No method beats it: the next, {said(others[0].fill)}, {_missed(test, others[0])}."
        else:
            text += "No other method was tried."
        return text + _weak(test, plain)
    saved = 1 - first.error / plain.error
    text = (
        f"{begin}{said(first.fill)} {_missed(test, first)}; {said(plain.fill)}, the best plain figure, "
        f"{_missed(test, plain)}. That is {saved:.0%} less error, and more than chance gives."
    )
    close = next((s for s in test.scores[1:] if s.gain[0] > 0 and s.error <= first.interval[1]), None)
    if close is not None:
        name = said(close.fill)
        text += f" {name[0].upper()}{name[1:]} comes as close, within chance."
    return text + _weak(test, first)


def warning(test: HiddenTest) -> str:
    """Said where missing values stand together: those hidden at random do not."""
    if not test.clusters:
        return ""
    strongest = ", ".join(f"{c.by!r} ({_strong(c.strength)})" for c in test.clusters[:3])
    return (
        f"The {test.missing:,} missing values stand together: they go with {strongest}. The values hidden here were "
        "chosen at random among the known ones, so those really missing may be harder to fill than this test says."
    )


def figure(value: float) -> str:
    """A number with three digits that say something.

    >>> figure(1234.5), figure(0.012345), figure(7.0)
    ('1,234', '0.0123', '7')
    """
    if not value:
        return "0"
    places = max(0, 2 - floor(log10(abs(value))))
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _missed(test: HiddenTest, score: HiddenScore) -> str:
    low, high = score.interval
    if test.kind == "categories":
        return f"says {score.right:.1%} right (95 % interval {1 - high:.1%} to {1 - low:.1%})"
    unit = " days" if test.kind == "dates" else ""
    return f"is off by {figure(score.error)}{unit} on average (95 % interval {figure(low)} to {figure(high)})"


def _weak(test: HiddenTest, score: HiddenScore) -> str:
    if test.kind == "categories" or score.against is None or score.against < 0.9:
        return ""
    return " Either way a filled value says next to nothing of its own row: use it in sums, not to tell rows apart."


def _strong(strength: float) -> str:
    return "wholly" if strength > 0.9 else "strongly" if strength > 0.5 else "clearly" if strength > 0.3 else "somewhat"
