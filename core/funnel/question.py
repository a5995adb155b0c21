"""The question of a funnel: which steps, in which order, within what time, and what must stay the same through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from core.errors import Refusal
from core.segments import ANY_EVENT, EventStep, Span

Order = Literal["ordered", "strict", "any"]
Same = Literal["item", "category", "visit"]
Per = Literal["users", "visits"]

FEWEST, MOST = 2, 10
_MICROS = {"minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}


@dataclass(frozen=True)
class FunnelSpec:
    """A way of two to ten steps.

    An event serves one step only. Events at the same moment may follow each other in whatever order the steps need;
    of several that would do, the one that fits the fewest steps is taken. Where several steps are purchases, and in a
    strict funnel, an order is one event, not one for each of its lines (no order number: all of a day is one order).

    Attributes:
        steps: kinds of events with their filters; the same may stand twice.
        order: "ordered" = each step at the moment of the one before or later, anything may come between; "strict" =
            the very next event that the user does, of any kind, is the next step (events at one moment stand in the
            order of the steps, then of items, others after them); "any" = all the steps so far, in whatever order.
        within: the longest time from the first event of the way to the last, itself included; None = no limit.
        same: what every step must share: the item, its category (`category`, a column; None = the first one), or the
            visit: the data's own session where they name any (events without one then belong to no visit), else
            events with less than 30 minutes between them (an impression only where it is a step). Events that lack it
            count for no step.
        per: "users" = everyone once, by the way that gets furthest; "visits" = each visit on its own.
    """

    steps: tuple[EventStep, ...]
    order: Order = "ordered"
    within: Span | None = None
    same: Same | None = None
    category: str | None = None
    per: Per = "users"

    def __post_init__(self) -> None:
        if not FEWEST <= len(self.steps) <= MOST:
            raise Refusal(
                "bad_steps",
                f"A funnel has from {FEWEST} to {MOST} steps, not {len(self.steps)}.",
                "The same event may stand twice: view, view, purchase.",
            )
        _known("order", self.order, get_args(Order))
        _known("per", self.per, get_args(Per))
        if self.same is not None:
            _known("same", self.same, get_args(Same))
        if self.per == "visits" and self.same not in (None, "visit"):
            raise Refusal(
                "bad_funnel",
                f"Counting visits keeps the visit the same, so it cannot keep the {self.same} the same as well.",
                "Count users, or leave 'same' out.",
            )

    @property
    def held(self) -> Same | None:
        """What must stay the same: counting visits implies the visit."""
        return "visit" if self.per == "visits" else self.same

    @property
    def limit(self) -> int | None:
        """The longest time in microseconds; None without."""
        return None if self.within is None else self.within.n * _MICROS[self.within.unit] * 1_000_000

    @property
    def apart(self) -> bool:
        """Whether no event could serve two of the steps, as their words alone tell."""
        words = [step.event for step in self.steps]
        return len(set(words)) == len(words) and ANY_EVENT not in words


def _known(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise Refusal("bad_funnel", f"{value!r} is no {what} of a funnel.", f"Known: {', '.join(known)}.")
