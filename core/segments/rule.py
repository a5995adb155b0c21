"""Rules: which users belong to a segment, as frozen, checked values that mean the same on any workspace.

A rule is read against the universe of all known users. A condition on a missing value is false, and `Not` is the
complement: everyone for whom the inner rule does not hold, users without any event included.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from core.segments.grid import CELLS, DEFAULT_GRID, Grid
from core.segments.parts import BadRule, Compare, EventStep, Ever, Filter, Span, Test, Window, share, text

Measure = Literal[
    "orders", "events", "items", "days",
    "quantity", "value", "dwell",
    "mean_quantity", "order_value", "mean_dwell", "mean_rating",
]  # fmt: skip
"""What can be measured of a user's events.

Counts: `orders` (order ids, else user and UTC day; purchases only), `events` (rows), `items` (distinct items), `days`
(distinct UTC days). Totals: `quantity` and `value` (of purchases: net of returns), `dwell` (seconds). Means:
`mean_quantity` (units per purchase line, returns apart), `order_value` (net value per order), `mean_dwell`
(seconds), `mean_rating`. Counts and totals of no events are 0; means of nothing, and totals of events none of which
has the value, are missing.
"""

COUNTS = ("orders", "events", "items", "days")
TOTALS = ("quantity", "value", "dwell")
PURCHASES_ONLY = ("orders", "order_value")

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
        object.__setattr__(self, "measure", _checked_measure(self.measure, self.event))


@dataclass(frozen=True)
class Order:
    """Users who did `first` and, strictly later (at most `within` after it), `then`; both inside the window.

    With `same_item` both concern the same item (viewed it, then bought it).
    """

    first: EventStep
    then: EventStep
    within: Span | None = None
    window: Window = field(default_factory=Ever)
    same_item: bool = False


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
        _checked_measure(self.measure, self.event)
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
    """Buyers in RFM segments named by the grid, or in single cells ("55": recency score, then frequency score)."""

    groups: tuple[str, ...]
    grid: Grid = DEFAULT_GRID

    def __post_init__(self) -> None:
        if not self.groups:
            raise BadRule("needs at least one segment or cell", "rfm")
        for place, group in enumerate(self.groups):
            if group not in CELLS and group not in self.grid.names:
                known = ", ".join(self.grid.distinct())
                raise BadRule(f"the grid has no segment {group!r}", f"rfm[{place}]", f"It has: {known}.")

    def cells(self) -> tuple[str, ...]:
        """The cells meant, in the order of CELLS."""
        return tuple(c for c in CELLS if c in self.groups or self.grid.name(int(c[0]), int(c[1])) in self.groups)


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


Rule = Prop | Did | Order | Top | Sample | InSegment | Rfm | All | Any | Not


@dataclass(frozen=True)
class Segment:
    """A named rule; `as_of` (UTC) pins the end of the data it sees, None = just after the last event."""

    name: str
    rule: Rule
    as_of: datetime | None = None

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
        case _:
            return ()


def walk(rule: Rule, path: str = "") -> Iterator[tuple[str, Rule]]:
    """The rule and every rule inside it with its path, outer before inner, in reading order."""
    yield path, rule
    for step, inner in children(rule):
        yield from walk(inner, f"{path}.{step}" if path else step)


def default_measure(event: str) -> Measure:
    """What is counted when nobody says: orders of purchases, events of everything else."""
    return "orders" if event == "purchase" else "events"


def _checked_measure(measure: str | None, event: str) -> Measure:
    chosen = default_measure(event) if measure is None else measure
    if chosen not in get_args(Measure):
        raise BadRule(f"unknown measure {chosen!r}", "measure", f"Known: {', '.join(get_args(Measure))}.")
    if chosen in PURCHASES_ONLY and event != "purchase":
        raise BadRule(
            f"{chosen!r} is measured of purchases only, not of {event!r}", "measure", "Count 'events' instead."
        )
    return chosen  # type: ignore[return-value]  # it is one of them, as the line above has made sure


def _check_size(rule: Rule) -> None:
    nodes, level = 0, [rule]
    for _ in range(_MOST_DEPTH):
        nodes += len(level)
        level = [inner for r in level for _, inner in children(r)]
        if not level:
            break
    if level or nodes > _MOST_NODES:
        raise BadRule(f"must have at most {_MOST_NODES} conditions, nested at most {_MOST_DEPTH} deep")
