"""What explanations say, in raw ids and words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.recommend import Spec, ViewName


@dataclass(frozen=True)
class Part:
    """One past item, or one similar user, and what it adds to the score.

    Attributes:
        id: raw id of the item or user.
        label: what people call it: an item's title, a user's id.
        value: float64; may be negative.
        share: value / (score - base); None where that is 0 or not known.
        note: what the user did with the item ("bought 3 times, last on 4 Nov 2011"), or how alike the user is
            ("12 items in common"); "" where nothing is to say.
    """

    id: str
    label: str
    value: float
    share: float | None
    note: str = ""


@dataclass(frozen=True)
class LabelledView:
    """One way of taking a score apart, largest part first (by absolute value, then id).

    Attributes:
        of: "items" or "users".
        exact: base + all parts = score.
        fidelity: where not exact, the share of the score that the parts account for.
        how: one sentence on what a part is.
        parts: all of them, or the largest where `most` was given.
        others: how many parts are not in `parts`, and `others_value` their sum.
    """

    of: ViewName
    exact: bool
    fidelity: float
    how: str
    parts: tuple[Part, ...]
    others: int = 0
    others_value: float = 0.0


@dataclass(frozen=True)
class Spoken:
    """What one part of a blend has to do with a score: `share` as in core.recommend.Explanation.spoke; `name` plain."""

    model: Spec
    name: str
    share: float


@dataclass(frozen=True)
class Why:
    """Why a user is matched to an item.

    Attributes:
        user, item: raw ids; `label` what people call the item.
        model: the model that says so.
        score, base: float64; scores of different models cannot be compared.
        items, users: the two views.
        sentence: one sentence in plain words, without any other user's id; speaks of similar users only when there
            are at least 10 of them.
        seen: the user has had to do with the item already.
        rank: the item's place in the user's list of all items not seen yet, from 1; None where it was seen, or the
            model cannot say.
        spoke: of a blend, its parts in their order; else empty. `spoke_words`: the same in words ("" where empty).
    """

    user: str
    item: str
    label: str
    model: Spec
    score: float
    base: float
    items: LabelledView
    users: LabelledView
    sentence: str
    seen: bool
    rank: int | None = None
    spoke: tuple[Spoken, ...] = ()
    spoke_words: str = ""


@dataclass(frozen=True)
class Recommended:
    """One line of a user's list: rank from 1, the item, its category where there is one, the score, and why."""

    rank: int
    item: str
    label: str
    category: str | None
    score: float
    sentence: str


@dataclass(frozen=True)
class SharedItem:
    """An item two users share: `share` of their cosine (the shares add up to 1), and both weights."""

    item: str
    label: str
    share: float
    weight: float
    other_weight: float


@dataclass(frozen=True)
class SimilarUser:
    """How alike another user is.

    Attributes:
        user: raw id.
        similarity: shrunken, cosine x shared / (shared + shrink): one shared item is never "100 % alike".
        cosine: over all items, 0 to 1.
        shared: items in common.
        items: the shared items, largest share first (at most 50; the rest is `others_share`).
        others_share: share of the cosine that the items not listed make.
    """

    user: str
    similarity: float
    cosine: float
    shared: int
    items: tuple[SharedItem, ...]
    others_share: float = 0.0


@dataclass(frozen=True)
class Taste:
    """A category (or channel, device): the user's share of events, everyone's, and the ratio of the two.

    Attributes:
        name: the value.
        events: the user's events.
        share: of the user's events that have a value, 0 to 1.
        usual: the same over all users.
        lift: share / usual.
    """

    name: str
    events: int
    share: float
    usual: float
    lift: float


@dataclass(frozen=True)
class Did:
    """One line of a user's history; missing values None; times UTC."""

    at: datetime | None
    event: str
    item: str | None
    label: str | None
    quantity: float | None
    value: float | None
    rating: float | None
    channel: str | None


@dataclass(frozen=True)
class UserPortrait:
    """Who a user is, up to the end of the data. Missing = None, never 0.

    Attributes:
        user: raw id.
        attributes: the user's own columns, (column, value as text), only those with a value; contact columns left out.
        events: (event, how many), in the vocabulary's order.
        items: distinct items, impressions aside.
        first_seen, last_seen: UTC, of events but impressions. active_days: days (UTC) with any event but impressions.
        orders, net_revenue, order_value: net of returns; net revenue / orders; None without purchases / values.
            Orders are 0 for a user who bought nothing in data that have purchases; a return takes no order away.
        value_rank: share of buyers with more net revenue, 0 to 1 (0.04: among the top 4 %), of those whose net
            revenue is known.
        days_since_order, days_between_orders: to the end of the data; median between the beginnings of one order
            and the next, with at least two orders.
        weekday, hour: when most events but impressions fall: 0 = Monday; UTC; of equal ones the first.
        category_column: which column of items `tastes` goes by; None where items have none.
        tastes, channels, devices: by events but impressions (tastes: and returns), most first, at most 8 each. An event
            of an item in several categories counts in each: shares can sum to over 1.
        history: latest first, at most 200 lines; `history_total` of them in all.
    """

    user: str
    attributes: tuple[tuple[str, str], ...]
    events: tuple[tuple[str, int], ...]
    items: int
    first_seen: datetime | None
    last_seen: datetime | None
    active_days: int | None
    orders: int | None
    net_revenue: float | None
    order_value: float | None
    value_rank: float | None
    days_since_order: float | None
    days_between_orders: float | None
    weekday: int | None
    hour: int | None
    category_column: str | None
    tastes: tuple[Taste, ...]
    channels: tuple[Taste, ...]
    devices: tuple[Taste, ...]
    history: tuple[Did, ...]
    history_total: int


@dataclass(frozen=True)
class GoesWith:
    """An item taken by the same users: users of both, lift (against chance), and shrunken cosine."""

    item: str
    label: str
    users: int
    lift: float
    similarity: float


@dataclass(frozen=True)
class Trait:
    """A value of a users' column among an item's buyers: how many, their share, the share among all buyers, lift."""

    column: str
    value: str
    users: int
    share: float
    usual: float
    lift: float


@dataclass(frozen=True)
class ItemPortrait:
    """Who takes an item, and what goes with it. Missing = None.

    Attributes:
        item: raw id; `label` its title, else the id.
        attributes: the item's own columns, (column, value as text).
        users: by event, (event, distinct users), in the vocabulary's order; purchase: as `buyers`.
        buyers, orders, units, net_revenue: net of returns; None where the data have no purchases (or values). Buyers:
            users who bought it and did not return all of it; orders: those that hold it, anonymous ones included.
        repeat_share: share of buyers with two or more orders of it.
        first_seen, last_seen: UTC, of events but impressions.
        buyer_orders, usual_orders: median orders of its buyers, and of all buyers.
        traits: values of users' columns (words, lists, yes or no) that set its buyers apart: at least 10 buyers, and a
            share that lies 2.6 standard errors or more above the usual one; largest lift first, at most 8. In data
            without purchases: of the users of the weightiest event.
        goes_with: at most 10, most alike first.
    """

    item: str
    label: str
    attributes: tuple[tuple[str, str], ...]
    users: tuple[tuple[str, int], ...]
    buyers: int | None
    orders: int | None
    units: float | None
    net_revenue: float | None
    repeat_share: float | None
    first_seen: datetime | None
    last_seen: datetime | None
    buyer_orders: float | None
    usual_orders: float | None
    traits: tuple[Trait, ...]
    goes_with: tuple[GoesWith, ...]


@dataclass(frozen=True)
class Found:
    """A user or item found by search: raw id, what people call it, and how many events it has."""

    id: str
    label: str
    events: int
