"""What is asked about retention: whose start, what counts as coming back, how time is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from core.behaviour import UNITS, Unit
from core.errors import Refusal
from core.segments import ANY_EVENT

Kind = Literal["n-day", "unbounded", "bracket"]
Clock = Literal["calendar", "own"]
Bracket = tuple[int, int]

BRACKETS: dict[Unit, tuple[Bracket, ...]] = {
    "day": ((0, 0), (1, 3), (4, 7), (8, 14), (15, 30)),
    "week": ((0, 0), (1, 1), (2, 3), (4, 7), (8, 12)),
    "month": ((0, 0), (1, 1), (2, 3), (4, 6), (7, 12)),
}
"""The ranges of kind "bracket" where none are given, both ends included."""

PERIODS: dict[Unit, int] = {"day": 30, "week": 26, "month": 24}
"""How many periods after the start are looked at where nothing else is said."""

MOST_PERIODS_AFTER = 400


@dataclass(frozen=True)
class Retain:
    """A question about users' retention.

    Attributes:
        unit: the length of a cohort and of a period after it.
        kind: "n-day": came back in period N; "unbounded": in period N or later; "bracket": in any period of a range.
        start: the event whose first occurrence puts a user into a cohort; ANY_EVENT = any activity (no impression).
        back: the event that counts as coming back; ANY_EVENT = any activity.
        by: what parts the users (core.retention.ways); None = nothing.
        clock: "calendar": N counts calendar days, weeks (from Monday) or months in UTC after the one that holds the
            user's start. "own": N counts stretches of 24 hours, 7 or 30 times 24 hours, from the user's own start.
        brackets: ranges of N, rising, both ends included; () = BRACKETS.
        periods: the last N looked at; None = PERIODS.

    Raises Refusal `bad_question`, `bad_brackets`.
    """

    unit: Unit = "month"
    kind: Kind = "n-day"
    start: str = ANY_EVENT
    back: str = ANY_EVENT
    by: str | None = None
    clock: Clock = "calendar"
    brackets: tuple[Bracket, ...] = ()
    periods: int | None = None

    def __post_init__(self) -> None:
        for what, value, known in (
            ("unit", self.unit, UNITS),
            ("kind", self.kind, get_args(Kind)),
            ("clock", self.clock, get_args(Clock)),
        ):
            if value not in known:
                raise Refusal("bad_question", f"Unknown {what} of retention: {value!r}.", f"Known: {', '.join(known)}.")
        if self.periods is not None and not 1 <= self.periods <= MOST_PERIODS_AFTER:
            raise Refusal(
                "bad_question",
                f"{self.periods:,} periods after the start cannot be looked at.",
                f"Choose 1 to {MOST_PERIODS_AFTER}.",
            )
        last = -1
        for low, high in self.brackets:
            if not last < low <= high <= MOST_PERIODS_AFTER:
                raise Refusal(
                    "bad_brackets",
                    f"The range {say_bracket((low, high))} does not follow the one before it.",
                    f"Write rising ranges up to {MOST_PERIODS_AFTER} that do not overlap, such as 0,1-3,4-7,8-14.",
                )
            last = high

    @property
    def slots(self) -> tuple[Bracket, ...]:
        """What each column of the table stands for, as ranges of N; one N each but for kind "bracket"."""
        if self.kind == "bracket":
            return self.brackets or BRACKETS[self.unit]
        return tuple((n, n) for n in range((self.periods or PERIODS[self.unit]) + 1))


def read_brackets(text: str) -> tuple[Bracket, ...]:
    """Ranges as people type them. Raises Refusal `bad_brackets`.

    >>> read_brackets("0, 1-3, 4-7")
    ((0, 0), (1, 3), (4, 7))
    """
    found: list[Bracket] = []
    for part in text.replace("\N{EN DASH}", "-").split(","):
        low, _, high = (piece.strip() for piece in part.partition("-"))
        if not low.isdecimal() or (high and not high.isdecimal()) or ("-" in part and not high):
            raise Refusal(
                "bad_brackets",
                f"{part.strip()!r} is not a range of periods.",
                "Write numbers and ranges with commas between them: 0,1-3,4-7,8-14,15-30.",
            )
        found.append((int(low), int(high or low)))
    return tuple(found)


def say_bracket(bracket: Bracket) -> str:
    """A range in figures.

    >>> say_bracket((1, 3)), say_bracket((0, 0))
    ('1-3', '0')
    """
    low, high = bracket
    return str(low) if low == high else f"{low}-{high}"
