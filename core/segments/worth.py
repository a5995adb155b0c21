"""Conditions on what users are worth: RFM's settings, ABC classes, stages of loyalty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from core.segments.amounts import Measure, checked_measure
from core.segments.grid import DEFAULT_GRID, Grid, default_grid
from core.segments.parts import BadRule, Ever, Filter, Window, number, one_of, text, whole

Money = Literal["apart", "with_frequency", "none"]
Class = Literal["A", "B", "C"]
Stage = Literal["new", "active", "loyal", "returned", "slipping", "lost"]
STAGES: tuple[Stage, ...] = get_args(Stage)
_LONGEST = 100_000  # days, and orders


@dataclass(frozen=True)
class RfmSettings:
    """How RFM scores are made.

    Attributes:
        scores: 5 (quintiles), 4 (quartiles) or 3 (thirds); with own cuts, one more than there are cuts. Where all
            buyers have the same value a score by quantiles is the middle one: 3, 3 and 2.
        recency: own cuts in days, rising: (30, 90, 180, 365) gives 5 to a last order 1 to 30 days ago; () = quantiles.
        frequency: own cuts in orders, rising: (1, 2, 4, 9) gives 1 to one order, 2 to two, 5 to ten or more.
        money: own cuts in money, rising, likewise.
        monetary: `apart` = scored and shown, names go by recency and frequency; `with_frequency` = the second score
            is the mean of frequency's and money's, halves up, or frequency's where money is not known; `none` = not
            scored.
    """

    scores: int = 5
    recency: tuple[float, ...] = ()
    frequency: tuple[float, ...] = ()
    money: tuple[float, ...] = ()
    monetary: Money = "apart"

    def __post_init__(self) -> None:
        if type(self.scores) is not int or self.scores not in (3, 4, 5):
            raise BadRule(f"must be 3, 4 or 5, not {self.scores!r}", "settings.scores")
        one_of(self.monetary, get_args(Money), "use of money")
        for name in ("recency", "frequency", "money"):
            cuts = getattr(self, name)
            for cut in cuts:
                number(cut, f"settings.{name}")
            if cuts and len(cuts) != self.scores - 1:
                raise BadRule(f"needs {self.scores - 1} cuts for {self.scores} scores", f"settings.{name}")
            if list(cuts) != sorted(set(cuts)):
                raise BadRule("must rise from cut to cut", f"settings.{name}")


def fitting(grid: Grid, settings: RfmSettings) -> Grid:
    """The grid to name the cells by: the usual 5x5 names stand for the usual names of the settings' own size.

    Raises BadRule where a grid of one's own has another size than the settings have scores.
    """
    if grid.size == settings.scores:
        return grid
    if grid == DEFAULT_GRID:
        return default_grid(settings.scores)
    many, wanted = len(grid.names), settings.scores
    raise BadRule(
        f"has {many} names ({grid.size} by {grid.size}), and the settings have {wanted} scores",
        "grid",
        f'Name {wanted**2} cells, or set "scores" to {grid.size}; without a grid the usual names are taken.',
    )


@dataclass(frozen=True)
class Abc:
    """Users in classes A, B, C of a measure: those who, from the highest down, make up its first shares of the total.

    `cuts` (0.8, 0.95): A = the first 80 % of the total, B = to 95 %, C = the rest, with everyone whose measure is zero
    or less. Equal users are in the same class: a user belongs to the class in which the users above them end. Users
    without such events have no class.
    """

    classes: tuple[Class, ...]
    measure: Measure = "value"
    cuts: tuple[float, float] = (0.8, 0.95)
    event: str = "purchase"
    window: Window = field(default_factory=Ever)
    where: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        if not self.classes:
            raise BadRule("needs at least one class", "abc")
        for name in self.classes:
            one_of(name, get_args(Class), "class")
        object.__setattr__(self, "classes", tuple(sorted(set(self.classes))))  # a set, in one order
        text(self.event, "event")
        checked_measure(self.measure, self.event)
        cuts = tuple(number(cut, "cuts") for cut in self.cuts)
        if len(cuts) != 2 or not 0 < cuts[0] < cuts[1] < 1:
            raise BadRule(
                "must be two shares between 0 and 1, the second larger", "cuts", "80 % and 95 %: [0.8, 0.95]."
            )
        if self.measure.startswith("mean_") or self.measure == "order_value":
            raise BadRule("a mean has no total to share out", "measure", "Choose a count or a total.")


@dataclass(frozen=True)
class LoyaltySettings:
    """Thresholds of the stages; None = learned from the data (core.segments.loyalty says how).

    Attributes:
        slipping_after: days since the last order after which a customer is slipping.
        lost_after: days after which they are lost; a gap between two orders at least so long, then an order = returned.
        loyal_orders: orders from which a customer is loyal.
        new_within: days since the first order in which a customer is new.
    """

    slipping_after: int | None = None
    lost_after: int | None = None
    loyal_orders: int | None = None
    new_within: int | None = None

    def __post_init__(self) -> None:
        for name in ("slipping_after", "lost_after", "loyal_orders", "new_within"):
            if getattr(self, name) is not None:
                most = _LONGEST - (name == "slipping_after")  # a day is left in which to be slipping, or lost
                whole(getattr(self, name), f"settings.{name}", most=most)
        if self.lost_after == 1:
            raise BadRule("must be at least 2 days, so that a customer can be slipping before", "settings.lost_after")
        if self.slipping_after and self.lost_after and self.lost_after <= self.slipping_after:
            raise BadRule("must be longer than slipping_after", "settings.lost_after")


@dataclass(frozen=True)
class Loyalty:
    """Buyers in stages of loyalty: new, active, loyal, returned, slipping, lost; each buyer is in exactly one."""

    stages: tuple[Stage, ...]
    settings: LoyaltySettings = LoyaltySettings()  # frozen

    def __post_init__(self) -> None:
        if not self.stages:
            raise BadRule("needs at least one stage", "loyalty")
        for stage in self.stages:
            one_of(stage, STAGES, "stage")
        object.__setattr__(self, "stages", tuple(stage for stage in STAGES if stage in self.stages))
