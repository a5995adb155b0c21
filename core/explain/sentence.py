"""The one sentence that says why, in plain words, and that never names another user."""

from __future__ import annotations

from dataclasses import dataclass

from core.explain.words import deed, deeds, named, one_line, percent

LEAST_SPEAKERS = 10
"""Similar users are spoken of only from so many on: fewer could be guessed at."""

_ENOUGH = 0.5  # of what speaks for the item: when the items named make so much, no further one is named
_MOST_NAMED = 3
_LISTED = 20  # places from which on an item is not what the model suggests
_LITTLE = 0.25  # where even these make less, the sentence says that many items speak


@dataclass(frozen=True)
class Reasons:
    """What a sentence is made of.

    Attributes:
        known: the model has a score for this pair.
        history: the user has any history that the model uses.
        seen: what the user did with the item already; None where nothing.
        took: what it means that a user took an item, as it follows "users" ("bought it").
        everyone: how many users took the item, where the model gives everybody the same list; else None.
        items: (event or None, title, value) of the parts above 0, largest first; the item itself is "this very item".
        n, of: how many parts are above 0 (not only those in `items`), and their sum.
        whole: the sum is the whole score: no part below 0, no base.
        against: what speaks against it weighs as much as what speaks for it, or more.
        exact: base and parts make up the score.
        speakers: similar users whose part is above 0, the user left aside.
        rank: the item's place in the user's list; None where it is not told.
        kind: (column, value) of what is known of the user, where the model goes by that alone: `speakers` are then
            users who took the item and share one of them.
    """

    known: bool
    history: bool
    seen: str | None
    took: str
    everyone: int | None
    items: tuple[tuple[str | None, str, float], ...]
    n: int
    of: float
    whole: bool
    against: bool
    exact: bool
    speakers: int
    rank: int | None = None
    kind: tuple[tuple[str, str], ...] = ()


def sentence(reasons: Reasons) -> str:
    """One sentence, ending with a full stop."""
    if reasons.known and (reasons.everyone is not None or reasons.kind):
        return _of_others(reasons)
    if not reasons.history:
        return "No reason can be given, since this user has no history that the model uses."
    if not reasons.known:
        return "No reason can be given, since the model cannot score this item for this user."
    crowd = f"{reasons.speakers:,} similar users {reasons.took}" if reasons.speakers >= LEAST_SPEAKERS else None
    if reasons.items:
        told = _items(reasons)
        return _start(reasons, told) + (f"; {crowd}." if crowd else ".")
    if crowd:
        return _start(reasons, crowd) + "."
    if reasons.seen is not None:
        return f"They {deed(reasons.seen, 'it')} already, and nothing else they did speaks for it."
    if reasons.rank is not None and reasons.rank > _LISTED:
        return f"Nothing this user did speaks for it: it is in place {reasons.rank:,} of this user's list."
    return "Nothing this user did speaks for it; it is listed only because other items have even less to say for them."


def _of_others(reasons: Reasons) -> str:
    """Where nothing that the user did plays a part."""
    if reasons.seen is None and (reasons.everyone == 0 or (reasons.kind and not reasons.speakers)):
        who = f"No user with {_kind(reasons)}" if reasons.kind else "Nobody"
        if reasons.rank is not None and reasons.rank > _LISTED:
            return f"{who} {reasons.took} yet: it is in place {reasons.rank:,} of this user's list."
        return f"{who} {reasons.took} yet; it is listed only because other items have even less to say for them."
    if reasons.kind:
        return _start(reasons, _same_kind(reasons)) + "."
    return _start(reasons, _everyone(reasons, reasons.everyone or 0)) + "; this list is the same for everyone."


def _start(reasons: Reasons, told: str) -> str:
    already = "" if reasons.seen is None else f"They {deed(reasons.seen, 'it')} already; "
    if reasons.against:
        more = "more of what they did speaks against it than for it; for it speaks that"
        return f"{already or 'Hardly to suggest: '}{more} {told}"
    if already:
        return f"{already}what speaks for it is that {told}"
    if reasons.rank is not None and reasons.rank > _LISTED:
        return f"Only in place {reasons.rank:,} of this user's list; what speaks for it is that {told}"
    return f"Suggested because {told}"


def _everyone(reasons: Reasons, n: int) -> str:
    if n >= LEAST_SPEAKERS:
        return f"{n:,} users {reasons.took}"
    if reasons.rank is not None and reasons.rank > _LISTED:
        return f"a few users {reasons.took}"
    return "few items were taken by more users"


def _same_kind(reasons: Reasons) -> str:
    n = f"{reasons.speakers:,}" if reasons.speakers >= LEAST_SPEAKERS else "some"
    return f"{n} users with {_kind(reasons)} {reasons.took}"


def _kind(reasons: Reasons) -> str:
    said = [one_line(f"{column} ({value})") for column, value in reasons.kind[:_MOST_NAMED]]
    more = len(reasons.kind) - _MOST_NAMED
    said += [f"{more:,} more attributes" if more > 1 else "another attribute"] if more > 0 else []
    return "the same " + (f"{', '.join(said[:-1])} or {said[-1]}" if len(said) > 1 else said[0])


def _items(reasons: Reasons) -> str:
    told: list[tuple[str | None, str, float]] = []
    for item in reasons.items[:_MOST_NAMED]:
        as_much = told and item[2] > 0.999 * told[-1][2]  # of two that say the same, neither is left out
        if told and not as_much and sum(value for *_, value in told) >= _ENOUGH * reasons.of:
            break
        told.append(item)
    part = sum(value for *_, value in told) / reasons.of
    share = percent(part)
    about = "" if reasons.exact or share.startswith("under") else "about "
    make = "which makes" if len(told) == 1 else "which together make"
    deed_by_deed = "they " + deeds([(event or "", named(label)) for event, label, _ in told])
    if part < _LITTLE:
        deed_by_deed = f"{reasons.n:,} items in their past each speak for it a little, most of all that {deed_by_deed}"
    return f"{deed_by_deed}, {make} {about}{share} of {'the score' if reasons.whole else 'what speaks for it'}"
