"""What people must know of look-alikes, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.segments.likeness.lookalike_check import Checked
from core.segments.likeness.lookalike_score import FOLDS
from core.segments.likeness.lookalike_traits import TOO_GOOD
from core.segments.likeness.types import HeldOut, Lookalikes, LookalikeSpec

WAY_WORDS: Mapping[str, str] = {
    "taste": "what they take",
    "features": "how they behave and who they are",
    "both": "what they take, how they behave and who they are",
    "active": "the most active first",
}
"""What each way goes by."""

_SHOWN = 3


def notes(
    spec: LookalikeSpec,
    way: str,
    size: int,
    checks: Mapping[str, Checked],
    tells: Sequence[tuple[str, float]],
    told: Mapping[str, Any],
    *,
    sound: bool,
) -> tuple[str, ...]:
    """The notes of an answer: how it was chosen, what it is worth, what makes it look better than it is."""
    held = checks[way].held
    made = [verdict(held, checks["active"].held)]
    if spec.way is None and len(checks) > 2:
        shares = ", ".join(f"{name} {percent(checks[name].held.share)}" for name in checks if name != "active")
        made.append(f"Of the ways, {way!r} brought most hidden members back ({shares}).")
    if not sound:
        made.append(
            "The seed's own members, when hidden, stand no closer than anybody else: by this way the seed has nothing "
            "in common, and closeness 1 is only the closest user."
        )
    if tells:
        made.append(_told_apart(tells))
    elif checks[way].auc > TOO_GOOD:
        made.append(
            f"Members are told from others almost without error ({checks[way].auc:.3f} of all pairs): the rule of the "
            "seed most likely asks for these very features. Look-alikes are then those who almost meet the rule, and "
            "the check says little beyond that."
        )
    if spec.size is not None and spec.size > size:
        made.append(f"{spec.size:,} look-alikes were asked for; there are only {size:,} users to choose from.")
    if told["counts"]["left_out"]:
        made.append(
            f"{told['counts']['left_out']:,} users outside the seed were left out: of them too little is known."
        )
    hidden = told["counts"]["seed_users"] - told["counts"]["seed_known"]
    if hidden:
        of = "member of the seed was" if hidden == 1 else "members of the seed were"
        made.append(f"{hidden:,} {of} not looked from: too little is known of them.")
    return (*made, *told["notes"])


def verdict(held: HeldOut, active: HeldOut) -> str:
    """Whether the way is better than chance and than mere activity; the bounds of the interval decide."""
    found = (
        f"A fifth of the seed was hidden, {FOLDS} times over: {held.found:,} of {held.hidden:,} hidden members came "
        f"back in a list of {held.size:,} ({percent(held.share)}; by chance {percent(held.at_random)}; the most active "
        f"first {percent(active.share)})."
    )
    if held.at_random > 0.999:
        return f"{found} The list holds nearly everybody, so the check says nothing: ask for fewer."
    if held.low <= held.at_random:
        return f"{found} That is not better than chance: do not use this list as look-alikes."
    if active.share > held.share:
        return f"{found} The most active users would have held more of them: the seed is rather active than alike."
    if held.low <= active.share:
        return f"{found} That is not clearly better than taking the most active users."
    return found


def group_words(found: Lookalikes) -> str:
    """What a kept group of look-alikes is, in a line."""
    spec = found.spec
    held = next(c for c in found.checks if c.way == spec.way)
    day = f", as of {spec.as_of.day} {spec.as_of:%b %Y}" if spec.as_of else ""
    return (
        f"look-alikes of {spec.seed_segment!r} by {WAY_WORDS[str(spec.way)]}{day}; check: {percent(held.share)} of "
        f"hidden members came back, by chance {percent(held.at_random)}"
    )


def percent(share: float) -> str:
    """A share in per cent.

    >>> percent(0.1234), percent(0.0123)
    ('12 %', '1.2 %')
    """
    return f"{share * 100:.1f} %" if 0 < abs(share) < 0.1 else f"{share * 100:.0f} %"


def _told_apart(tells: Sequence[tuple[str, float]]) -> str:
    shown = "; ".join(f"{name} ({share:.3f} of all pairs)" for name, share in tells[:_SHOWN])
    more = f"; and {len(tells) - _SHOWN:,} more" if len(tells) > _SHOWN else ""
    one = len(tells) == 1
    return (
        f"{'One feature' if one else f'Each of {len(tells):,} features'} alone tells members from others almost "
        f"without error: {shown}{more}. The rule of the seed most likely asks for {'it' if one else 'them'}. "
        "Look-alikes are then those who almost meet the rule, and the check says little beyond that."
    )
