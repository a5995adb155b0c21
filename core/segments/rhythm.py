"""Conditions on when users act: for the first time, regularly, no longer, or again after a pause."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from core.segments.parts import BadRule, Ever, Filter, Span, Which, Window, one_of, text, whole

Beat = Literal["days", "weeks", "months"]


@dataclass(frozen=True)
class Moment:
    """Users whose first, or last, event of a kind (before as_of, passing the filters) lies in the window.

    With the window `Ever`: users who did it at all. Events without a time are left out.
    """

    which: Which
    event: str
    window: Window = field(default_factory=Ever)
    where: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        one_of(self.which, get_args(Which), "moment")
        text(self.event, "event")


@dataclass(frozen=True)
class Regularly:
    """Users who did it in at least `of_them` of the last `n` days, weeks or calendar months that end at as_of.

    Periods are counted back from as_of (week 1 = the 7 days before it), so each is a whole one.
    """

    event: str
    of_them: int
    n: int
    unit: Beat = "weeks"
    where: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        text(self.event, "regularly")
        one_of(self.unit, get_args(Beat), "unit")
        if whole(self.of_them, "in", most=1000) > whole(self.n, "of", most=1000):
            raise BadRule("must not be more than 'of'", "in")


@dataclass(frozen=True)
class Stopped:
    """Users with at least `least` such events in the stretch `before` the last `quiet`, and none within `quiet`.

    `quiet` ends at as_of; `before` ends where `quiet` begins; `before=None`: any time before.
    """

    event: str
    quiet: Span
    before: Span | None = None
    least: int = 1
    where: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        text(self.event, "stopped")
        whole(self.least, "least")


@dataclass(frozen=True)
class Resumed:
    """Users who did it again within the last `within`, for the first time after a pause of at least `pause`.

    There is an event in the last `within` of as_of whose one before, of the same kind, lies at least `pause` earlier.
    """

    event: str
    pause: Span
    within: Span
    where: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        text(self.event, "resumed")
