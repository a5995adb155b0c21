"""Which part of a blend spoke for an item, in words."""

from __future__ import annotations

from core.explain.types import Spoken
from core.recommend import Explanation, info

_NAMED = 0.01  # parts with less say than this are left out of the words
_MOSTLY = 0.6


def spoke(told: Explanation) -> tuple[Spoken, ...]:
    """The parts of the blend that the score is of, in their order; empty for any other model.

    A part that stands in the blend twice, with other parameters, keeps its plain name.
    """
    return tuple(Spoken(part, info(part.model).plain, share) for part, share in told.spoke)


def spoke_in_words(told: Explanation) -> str:
    """One sentence or two: who speaks for the item, largest share first, and who against; "" for no blend.

    Shares are of all that the parts say for and against the item together.
    """
    found = [part for part in spoke(told) if abs(part.share) >= _NAMED]
    if not told.spoke:
        return ""
    speaking = sorted((p for p in found if p.share > 0), key=lambda p: -p.share)
    against = sorted((p for p in found if p.share < 0), key=lambda p: p.share)
    if not speaking and not against:
        return "No part of the blend tells this item from the others."
    if not speaking:
        return f"No part of the blend speaks for this item; {_listed(against)} put it below their average item."
    first, *rest = speaking
    if first.share >= 1 - _NAMED:
        said = f"Only “{first.name}” speaks here."
    elif first.share >= _MOSTLY:
        said = f"Mostly “{first.name}” ({first.share:.0%})".replace("%", " %")
        said += f", with {_listed(rest)}." if rest else "."
    else:
        said = f"{_listed(speaking)} speak for it."
        said = said if rest else f"{_listed(speaking)} speaks for it."
    return said + (f" Against it: {_listed(against)}." if against else "")


def _listed(parts: list[Spoken]) -> str:
    names = [f"“{part.name}” ({abs(part.share):.0%})".replace("%", " %") for part in parts]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
