"""The readout in two or three sentences: what may be concluded, and what may not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.experiments.effect import NO_CONTROL
from core.experiments.types import Arm, Effect, SavedList

_DID = {
    "purchase": "bought",
    "click": "clicked",
    "view": "looked",
    "open": "opened",
    "cart": "put something into the cart",
    "search": "searched",
    "rating": "rated",
    "share": "shared",
    "comment": "commented",
    "favourite": "marked a favourite",
}
_FEW = 5


@dataclass(frozen=True)
class Told:
    """All that the note speaks of; fields as in Readout, with rows of the file outside the window and mended ids."""

    saved: SavedList
    window: tuple[datetime, datetime]
    arms: tuple[Arm, Arm]
    effect: Effect
    source: str
    unknown: int
    missing: int
    outside: int
    mended: int


def note(told: Told) -> str:
    """Sentences in the order: what was seen, what it means, what it does not, what to mind."""
    effect = told.effect
    parts = []
    if effect.problem is None or effect.problem == NO_CONTROL:
        parts += _seen(told)
    if effect.problem is not None:
        parts.append(effect.problem)
    elif effect.estimate is not None and effect.low is not None and effect.high is not None:
        parts += _sure(told, effect.low, effect.high) if surely(effect) else _unsure(effect.low, effect.high)
        parts += _value(told)
    return " ".join(parts + _minded(told))


def surely(effect: Effect) -> bool:
    """Whether the data show a difference: p below 0.05, and an interval without 0."""
    if effect.p is None or effect.low is None or effect.high is None:
        return False
    return effect.p < 0.05 and not effect.low <= 0 <= effect.high


def by_lot(saved: SavedList) -> bool:
    """Limelight dealt the groups itself, or the one who brought them named the share that was held back by lot."""
    return bool(saved.holdout) or bool(saved.manifest)


def _seen(told: Told) -> list[str]:
    contacted, control = told.arms
    if contacted.rate is None:
        return []
    text = f"Of {contacted.users:,} contacted, {_percent(contacted.rate)} {_did(told)} {_when(told)}"
    if control.rate is not None:
        text += f"; of {control.users:,} in the control group, {_percent(control.rate)}"
    return [text + "."]


def _sure(told: Told, low: float, high: float) -> list[str]:
    contacted = told.arms[0]
    estimate = told.effect.estimate or 0.0
    nouns = "buyers" if told.saved.event == "purchase" and told.source == "events" else "responses"
    size = f"{_points(abs(estimate))} points {'more' if estimate > 0 else 'fewer'} {nouns}"
    limits = sorted((abs(low), abs(high)))
    size += f" ({_points(limits[0])} to {_points(limits[1])})"
    if not by_lot(told.saved):
        return [
            f"Among the contacted there were about {size}.",
            "Only if the groups were chosen by lot is this an effect of the campaign, and Limelight cannot see whether "
            "they were.",
        ]
    if estimate > 0:
        brought = [f"{min(share * contacted.users, contacted.responses):,.0f}" for share in (estimate, *limits)]
        size += f", about {brought[0]} ({brought[1]} to {brought[2]}) of the {contacted.responses:,}"
    return [
        f"The campaign {'brought' if estimate > 0 else 'led to'} about {size}.",
        "That the groups were chosen by lot allows to call it an effect of the campaign; which of several changes did "
        "it (the offer, the words, the channel) cannot be told.",
    ]


def _unsure(low: float, high: float) -> list[str]:
    kept = [f"an effect of up to {_points(high)} points"] if high > 0 else []
    kept += [f"a loss of up to {_points(-low)} points"] if low < 0 else []
    return [f"No effect can be shown: the difference may be chance. {' or '.join(kept).capitalize()} is not ruled out."]


def _value(told: Told) -> list[str]:
    effect, (contacted, control) = told.effect, told.arms
    if contacted.value is None or control.value is None or not (contacted.value or control.value):
        return []
    text = f"Net value per head: {contacted.value:,.2f} contacted, {control.value:,.2f} in the control group"
    if effect.value_low is None or effect.value_high is None:
        return [f"{text}; too few bought to say how much of the difference is chance."]
    limits = f"{effect.value_low:,.2f} to {effect.value_high:,.2f}"
    if effect.value_low <= 0 <= effect.value_high:
        return [f"{text}; this difference may be chance ({limits})."]
    return [f"{text}; the difference is {effect.value_estimate:,.2f} ({limits})."]


def _minded(told: Told) -> list[str]:
    saved, effect, parts = told.saved, told.effect, []
    end = saved.sent_at + timedelta(days=saved.days)
    if told.window[0] < told.window[1] < end:
        parts.append(
            f"This is a reading in between: the data end on {told.window[1]:%-d %b %Y}, the window only on "
            f"{end:%-d %b %Y}. Who looks often finds chance effects: conclude when it is over."
        )
    if effect.estimate is not None and _few(told.arms):
        parts.append("So few responded that p is rough; hold to the interval.")
    if told.source != "events":
        parts += _of_file(told)
    elif told.missing:
        users = f"{_n(told.missing, 'user')} of the list {_is(told.missing)}"
        parts.append(f"{users} not in the data, and counted as without a response.")
    return parts


def _of_file(told: Told) -> list[str]:
    parts = []
    if told.unknown:
        parts.append(f"{_n(told.unknown, 'id')} of {told.source} {_is(told.unknown)} in neither group.")
    if told.mended:
        parts.append(f"{_n(told.mended, 'id')} had lost leading zeros or the like, and {_was(told.mended)} matched.")
    if told.outside:
        parts.append(f"{_n(told.outside, 'row')} {_was(told.outside)} outside the window.")
    return parts


def _few(arms: tuple[Arm, Arm]) -> bool:
    """Some cell of the two-by-two table is expected to hold fewer than five, the usual rule for the z test."""
    users, responses = sum(a.users for a in arms), sum(a.responses for a in arms)
    return min(a.users * part / users for a in arms for part in (responses, users - responses)) < _FEW


def _did(told: Told) -> str:
    if told.source != "events":
        return "responded"
    word = _DID.get(told.saved.event, f"had an event {told.saved.event!r}")
    items = told.saved.items
    if not items:
        return word
    return f"{word} (item {items[0]})" if len(items) == 1 else f"{word} (one of {len(items):,} items)"


def _when(told: Told) -> str:
    saved, (begin, until) = told.saved, told.window
    days = (until - begin) / timedelta(days=1)
    if days < saved.days:
        return f"in the first {days:.1f} of {saved.days} days after {begin:%-d %b %Y}".replace(".0 of", " of")
    return f"in the {_n(saved.days, 'day')} after {begin:%-d %b %Y}"


def _percent(share: float) -> str:
    return f"{share:.2%}".replace("%", " %") if 0 < share < 0.01 else f"{share:.1%}".replace("%", " %")


def _points(share: float) -> str:
    return f"{100 * share:.2f}" if 0 < share < 0.001 else f"{100 * share:.1f}"


def _n(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
