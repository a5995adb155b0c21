"""What comparing and watching segments answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.segments.rule import All, Any, At, Did, InSegment, Not, Rule
from core.segments.watch.splits import ByLoyalty, ByRfm, Split, part_rule

NOT_SEEN = "not yet seen"
"""Where users were who had no event yet."""

SEEN: Rule = Any((Did("*"), Did("impression")))
"""Users with any event before as_of, or at an unknown time."""

Unit = Literal["days", "weeks", "months"]


@dataclass(frozen=True)
class ItemLift:
    """An item (or category) in a segment against the whole.

    Attributes:
        id, label: of the item.
        users: members who took it (bought it and did not send it all back; where there are no purchases: touched it).
        share, share_all: users who took it of the members who did anything, and of all users who did anything, 0 to 1.
        lift: share / share_all; 2 = twice as likely as anyone.
        low, high: 95 % interval of the lift (core.segments.watch.lift).
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
        items: top items by the low end of the lift's interval, among those that enough members took, best first: by
            the lift itself, items of few takers would shine by luck.
        did: members who did anything (an event, impressions apart) before as_of, or at an unknown time.
        categories: top categories of items likewise; () where items have no categories.
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
    did: int = 0
    categories: tuple[ItemLift, ...] = ()


@dataclass(frozen=True)
class Profiles:
    """Segments side by side; `everyone` first to compare with.

    `took`: what taking an item means here, "bought" or "touched"; `category`: the column of items that names
    categories, None where there is none.
    """

    as_of: datetime | None
    everyone: Profile
    segments: tuple[Profile, ...]
    took: str = "bought"
    category: str | None = None


@dataclass(frozen=True)
class Intersection:
    """Users who are in exactly these segments and in none of the others."""

    names: tuple[str, ...]
    users: int

    def rule(self, all_names: tuple[str, ...]) -> Rule:
        """The rule for them, where all these names are saved segments; for others see Overlap.rule."""
        return exclusive([InSegment(n) for n in all_names], [n in self.names for n in all_names])


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
        rules: by which `rule` names each segment: InSegment where it is saved as asked about, else its own rule.
    """

    as_of: datetime | None
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    known: int
    intersections: tuple[Intersection, ...]
    pairs: tuple[Pair, ...]
    rules: tuple[Rule, ...] = ()

    def rule(self, names: tuple[str, ...]) -> Rule:
        """The rule for those who are in exactly these segments, asked as of the overlap's own as_of."""
        return exclusive(list(self.rules), [name in names for name in self.names])


def exclusive(rules: list[Rule], inside: list[bool]) -> Rule:
    """The rule for users for whom exactly the rules hold that are marked `inside`.

    >>> exclusive([InSegment("a"), InSegment("b")], [True, False])
    All(rules=(InSegment(name='a'), Not(rule=InSegment(name='b'))))
    """
    both = zip(rules, inside, strict=True)
    return All(tuple(rule if within else Not(rule) for rule, within in both))


@dataclass(frozen=True)
class Band:
    """Users who were in one part and are in another; None = in none (known then but in no part).

    Users who have no event before `start`, of any kind, are apart, whatever part they would be in: was = NOT_SEEN.
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
        settled: the split with its thresholds held fixed at those of `end`, where that was asked for and is possible.
    """

    split: Split
    settled: Split
    start: datetime
    end: datetime
    parts: tuple[str, ...]
    bands: tuple[Band, ...]

    def rule(self, was: str | None, now: str | None) -> Rule:
        """The rule for the members of a band, with both moments pinned. Raises BadRule for a part there is not."""
        then, later = At(self.start, self._was(was)), At(self.end, part_rule(self.settled, now))
        return All((then, later))

    def _was(self, was: str | None) -> Rule:
        if was == NOT_SEEN:
            return Not(SEEN)
        part = part_rule(self.settled, was)
        # who bought was seen; those in none, or in a group or segment by other things than events, may not have been
        bought = was is not None and isinstance(self.settled, ByRfm | ByLoyalty)
        return part if bought else All((part, SEEN))


@dataclass(frozen=True)
class SizePoint:
    """A segment's size as of a moment.

    Attributes:
        as_of: UTC.
        users: all known users for whom the rule held as of then; they may be users not yet seen by then.
        of: users seen by then (any event before as_of, or at an unknown time).
        seen: of these, those for whom the rule held: `seen / of` is the segment's share of users seen.
    """

    as_of: datetime
    users: int
    of: int
    seen: int = 0

    @property
    def share(self) -> float | None:
        """Of the users seen by then the share for whom the rule held; None where nobody had been seen."""
        return self.seen / self.of if self.of else None
