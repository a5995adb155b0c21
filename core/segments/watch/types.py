"""What comparing and watching segments answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.segments.rule import Rule
from core.segments.watch.splits import Split

Unit = Literal["days", "weeks", "months"]


@dataclass(frozen=True)
class ItemLift:
    """An item (or category) in a segment against the whole.

    Attributes:
        id, label: of the item.
        users: members who took it (bought it; where the data have no purchases: touched it).
        share, share_all: of members, and of all users who did anything, 0 to 1.
        lift: share / share_all; 2 = twice as likely as anyone.
        low, high: 95 % interval of the lift.
    """

    id: str
    label: str
    users: int
    share: float
    share_all: float
    lift: float
    low: float
    high: float


@dataclass(frozen=True)
class Profile:
    """One segment in figures; "everyone" is one too. None where it cannot be said.

    Attributes:
        name: of the segment; words: its rule.
        users, share: members, and of all known users.
        active: members with an event (impressions apart) in the last 30 days before as_of; buyers: with an order, ever.
        orders: placed ever; orders_each: mean per buyer; revenue: net value; revenue_share: of everyone's; value_each:
            net value per member; order_value: net value per order.
        recency: median days since the last order of buyers; last_seen: median days since the last event of members.
        repeat_rate: buyers with two or more orders / buyers.
        retained: of members who were active from 60 to 30 days before as_of, those active in the last 30 days.
        items: top items by lift among those that enough members took, best first.
    """

    name: str
    words: str
    users: int
    share: float | None
    active: int | None
    buyers: int
    orders: int
    orders_each: float | None
    revenue: float | None
    revenue_share: float | None
    value_each: float | None
    order_value: float | None
    recency: float | None
    last_seen: float | None
    repeat_rate: float | None
    retained: float | None
    items: tuple[ItemLift, ...] = ()


@dataclass(frozen=True)
class Profiles:
    """Segments side by side; `everyone` first to compare with."""

    as_of: datetime | None
    everyone: Profile
    segments: tuple[Profile, ...]


@dataclass(frozen=True)
class Intersection:
    """Users who are in exactly these segments and in none of the others."""

    names: tuple[str, ...]
    users: int

    def rule(self, all_names: tuple[str, ...]) -> Rule:
        """The rule for them."""
        raise NotImplementedError


@dataclass(frozen=True)
class Pair:
    """Two segments: `users` in both; `share`: of the first's; `jaccard`: both / either; `lift`: against chance."""

    first: str
    second: str
    users: int
    share: float | None
    jaccard: float | None
    lift: float | None


@dataclass(frozen=True)
class Overlap:
    """How segments overlap.

    Attributes:
        names, sizes: of the segments asked about, at most 12.
        known: all known users.
        intersections: every exclusive intersection that has users, largest first; () names = in none.
        pairs: every ordered pair of different segments.
    """

    as_of: datetime | None
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    known: int
    intersections: tuple[Intersection, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Band:
    """Users who were in one part and are in another; None = in none (known then but in no part).

    "not yet known": users who have no event before `start` are apart, with was = "not yet seen".
    """

    was: str | None
    now: str | None
    users: int


@dataclass(frozen=True)
class Movement:
    """How users moved between the parts of a split from one moment to a later one (UTC, half-open ends of data).

    Attributes:
        parts: in the order in which they are shown.
        bands: those with users, by was, then now; users sum to all known users at `end`.
        settled: the split with its learned thresholds held fixed at those of `end`.
    """

    split: Split
    settled: Split
    start: datetime
    end: datetime
    parts: tuple[str, ...]
    bands: tuple[Band, ...]

    def rule(self, was: str | None, now: str | None) -> Rule:
        """The rule for the members of a band, with both moments pinned."""
        raise NotImplementedError


@dataclass(frozen=True)
class SizePoint:
    """A segment's size as of a moment: members, and of how many users seen by then."""

    as_of: datetime
    users: int
    of: int
