"""Rules: which users belong to a segment, as frozen, checked values that mean the same on any workspace.

A rule is read against the universe of all known users. A condition on a missing value is false, and `Not` is the
complement: everyone for whom the inner rule does not hold, users without any event included.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from core.segments.amounts import Measure, checked_measure, default_measure
from core.segments.grid import DEFAULT_GRID, Grid
from core.segments.listed import Ago, InGroup, Sql
from core.segments.parts import BadRule, Compare, EventStep, Ever, Filter, Span, Test, Window, share, text
from core.segments.rhythm import Moment, Regularly, Resumed, Stopped
from core.segments.worth import Abc, Loyalty, LoyaltySettings, RfmSettings, fitting

__all__ = [
    "Abc", "Ago", "All", "Any", "At", "Did", "InGroup", "InSegment", "Leaf", "Loyalty", "LoyaltySettings", "Measure",
    "Moment", "Not", "Order", "Prop", "Regularly", "Resumed", "Rfm", "RfmSettings", "Rule", "Sample", "Segment", "Sql",
    "Stopped", "Top", "children", "default_measure", "walk",
]  # fmt: skip

_MOST_NODES, _MOST_DEPTH = 500, 40


@dataclass(frozen=True)
class Prop:
    """Users whose own attribute (a column of `users`) passes the test."""

    column: str
    test: Test

    def __post_init__(self) -> None:
        text(self.column, "prop")


@dataclass(frozen=True)
class Did:
    """Users whose events of one kind, in the window and passing the filters, measure up to the comparison.

    `measure=None` becomes orders for purchases and events for the rest. An order counts once placed, returned or
    not. With a filter on items, or measure `items`, an item that the user has wholly returned (net quantity of all
    purchases and returns before as_of zero or below) does not count as bought.
    """

    event: str
    measure: Measure | None = None
    compare: Compare = field(default_factory=lambda: Compare("at_least", 1))
    window: Window = field(default_factory=Ever)
    where: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        text(self.event, "did")
        object.__setattr__(self, "measure", checked_measure(self.measure, self.event))


@dataclass(frozen=True)
class Order:
    """Users who did `first` and, strictly later (at most `within` after it), `then`; both inside the window.

    With `same_item` both concern the same item (viewed it, then bought it). With `absent`: users with at least one
    `first` that no such `then` followed; of `within`, only those `first` count whose time had run out at the end of
    the data. The window then limits `first` alone, and with `same_item` a `first` without an item does not count.
    """

    first: EventStep
    then: EventStep
    within: Span | None = None
    window: Window = field(default_factory=Ever)
    same_item: bool = False
    absent: bool = False


@dataclass(frozen=True)
class Top:
    """The `share` (0 to 1) of users with the highest measure, among those who have the measure at all.

    Users with equal values are all in or all out: the cut is the value boundary nearest to the share, the larger
    group where two are equally near, never nobody.
    """

    measure: Measure
    share: float
    event: str = "purchase"
    window: Window = field(default_factory=Ever)
    where: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        text(self.event, "event")
        checked_measure(self.measure, self.event)
        object.__setattr__(self, "share", share(self.share, "share"))


@dataclass(frozen=True)
class Sample:
    """About `share` of all users, drawn by a hash of salt and user id: the same on every run and machine.

    Another salt draws independently; a larger share with the same salt contains the smaller.
    """

    share: float
    salt: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "share", share(self.share, "sample"))
        text(self.salt, "salt", empty=True)


@dataclass(frozen=True)
class InSegment:
    """Members of a saved segment, by name (upper and lower case alike); at its own as_of where it has one."""

    name: str

    def __post_init__(self) -> None:
        text(self.name, "segment")


@dataclass(frozen=True)
class Rfm:
    """Buyers in RFM segments named by the grid, or in single cells ("55": recency score, then frequency score).

    The grid has as many names each way as the settings have scores; the usual grid becomes that of their size.
    """

    groups: tuple[str, ...]
    grid: Grid = DEFAULT_GRID
    settings: RfmSettings = RfmSettings()  # noqa: RUF009  # frozen

    def __post_init__(self) -> None:
        if not self.groups:
            raise BadRule("needs at least one segment or cell", "rfm")
        object.__setattr__(self, "grid", fitting(self.grid, self.settings))
        for place, group in enumerate(self.groups):
            if group not in self.grid.all_cells() and group not in self.grid.names:
                known = ", ".join(self.grid.distinct())
                raise BadRule(f"the grid has no segment {group!r}", f"rfm[{place}]", f"It has: {known}.")

    def cells(self) -> tuple[str, ...]:
        """The cells meant, in the order of `grid.all_cells()`."""
        named = zip(self.grid.all_cells(), self.grid.names, strict=True)
        return tuple(cell for cell, name in named if cell in self.groups or name in self.groups)


@dataclass(frozen=True)
class All:
    """Users for whom every rule holds; of no rules: everyone."""

    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        _check_size(self)


@dataclass(frozen=True)
class Any:
    """Users for whom at least one rule holds."""

    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        if not self.rules:
            raise BadRule("needs at least one condition", "any")
        _check_size(self)


@dataclass(frozen=True)
class Not:
    """All known users for whom the rule does not hold."""

    rule: Rule

    def __post_init__(self) -> None:
        _check_size(self)


@dataclass(frozen=True)
class At:
    """Users for whom the rule held as of another moment: a date (UTC, itself not included), or so long before as_of.

    It never sees past the as_of that it is asked at.
    """

    as_of: datetime | Ago
    rule: Rule

    def __post_init__(self) -> None:
        if isinstance(self.as_of, datetime) and self.as_of.tzinfo is not None:
            raise BadRule("must be in UTC, without an offset", "as_of")
        _check_size(self)


Leaf = (
    Prop | Did | Order | Moment | Regularly | Stopped | Resumed | Top | Sample | InSegment | InGroup | Rfm | Abc
    | Loyalty | Sql
)  # fmt: skip
Rule = Leaf | At | All | Any | Not


@dataclass(frozen=True)
class Segment:
    """A named rule; `as_of` (UTC) pins the end of the data it sees, None = just after the last event.

    `made_from`: of a frozen segment, whose `rule` is its own kept group, the rule that chose the members; None = live.
    """

    name: str
    rule: Rule
    as_of: datetime | None = None
    made_from: Rule | None = None

    def __post_init__(self) -> None:
        name = text(self.name, "name", most=80)
        if name != name.strip() or not name.isprintable():
            raise BadRule("must not start or end with a space, nor hold line breaks", "name")


def children(rule: Rule) -> tuple[tuple[str, Rule], ...]:
    """The rules directly inside a rule, each with its path from it ("all[0]", "not")."""
    match rule:
        case All(rules):
            return tuple((f"all[{n}]", r) for n, r in enumerate(rules))
        case Any(rules):
            return tuple((f"any[{n}]", r) for n, r in enumerate(rules))
        case Not(inner):
            return (("not", inner),)
        case At(rule=inner):
            return (("rule", inner),)
        case _:
            return ()


def walk(rule: Rule, path: str = "") -> Iterator[tuple[str, Rule]]:
    """The rule and every rule inside it with its path, outer before inner, in reading order."""
    yield path, rule
    for step, inner in children(rule):
        yield from walk(inner, f"{path}.{step}" if path else step)


def _check_size(rule: Rule) -> None:
    nodes, level = 0, [rule]
    for _ in range(_MOST_DEPTH):
        nodes += len(level)
        level = [inner for r in level for _, inner in children(r)]
        if not level:
            break
    if level or nodes > _MOST_NODES:
        raise BadRule(f"must have at most {_MOST_NODES} conditions, nested at most {_MOST_DEPTH} deep")
