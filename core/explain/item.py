"""Who takes an item, and what goes with it."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from core.explain import usual
from core.explain.alike import goes_with
from core.explain.tables import (
    ACTS,
    IS_ORDER,
    IS_TRADE,
    KEPT,
    NET_UNITS,
    ORDER_KEY,
    before,
    end_of,
    in_order,
    item_labels,
    number_of,
    own_values,
    remembered,
    words,
)
from core.explain.types import ItemPortrait, Trait
from core.interactions import Array, Interactions
from core.store import EVENTS, Query, Store

LEAST_BUYERS = 10  # of a value that is called a trait
MOST_TRAITS = 8
_BEYOND_CHANCE = 2.6  # standard errors: chance alone goes so far less than once in 200 times


def item_portrait(store: Store, x: Interactions, item: str) -> ItemPortrait:
    """Who takes an item, over all the data up to their end, and what goes with it by the matrix `x`.

    An item that the matrix leaves out has a portrait, with nothing that goes with it. Raises Refusal `unknown_item`.
    """
    no, end = number_of(store, "items", item), end_of(store, None)
    mine = Query("SELECT * FROM events WHERE item_no = ?", (no,)) + before(end)
    facts = store.rows(_facts(mine))[0]
    found = words(store)
    bought = "purchase" in found
    users = {str(e["event"]): int(e["n"]) for e in facts["users"] or []}
    if "purchase" in users:
        users["purchase"] = int(facts["buyers"])
    takers = _takers(mine, found)
    return ItemPortrait(
        item,
        item_labels(store, [no])[no],
        own_values(store, "items", no),
        tuple((event, users[event]) for event in in_order(users) if users[event]),
        int(facts["buyers"]) if bought else None,
        int(facts["orders"]) if bought else None,
        float(facts["units"] or 0) if bought else None,
        None if facts["net"] is None else float(facts["net"]),
        facts["repeaters"] / facts["buyers"] if facts["buyers"] else None,
        facts["first_seen"],
        facts["last_seen"],
        *(_orders(store, takers, end) if bought else (None, None)),
        _traits(store, takers, found, end),
        goes_with(store, x, item),
    )


def _facts(mine: Query) -> Query:
    """One row: what is counted over the item's events, in one pass over all events."""
    return (
        Query("WITH mine AS MATERIALIZED (")
        + mine
        + f"), kept AS MATERIALIZED (SELECT user_no FROM mine WHERE {IS_TRADE} AND user_no IS NOT NULL"
        + f" GROUP BY user_no HAVING {KEPT}), "
        + f"ordered AS MATERIALIZED (SELECT DISTINCT {ORDER_KEY} FROM mine WHERE {IS_ORDER})"
        + f""" SELECT
            (SELECT list({{'event': event, 'n': n}}) FROM (SELECT event, count(DISTINCT user_no) AS n
                FROM mine GROUP BY event)) AS users,
            (SELECT count(*) FROM kept) AS buyers,
            (SELECT count(*) FROM ordered) AS orders,
            (SELECT count(*) FROM (SELECT user_no FROM ordered WHERE user_no IN (SELECT user_no FROM kept)
                GROUP BY user_no HAVING count(*) > 1)) AS repeaters,
            {NET_UNITS} FILTER ({IS_TRADE}) AS units, sum(value) FILTER ({IS_TRADE}) AS net,
            min(at_utc) FILTER ({ACTS}) AS first_seen, max(at_utc) FILTER ({ACTS}) AS last_seen
        FROM mine"""
    )


def _takers(mine: Query, found: tuple[str, ...]) -> Query:
    """Those of whom traits are told: buyers who kept the item, or without purchases those of the weightiest event."""
    known = Query("SELECT user_no FROM (") + mine + ") WHERE user_no IS NOT NULL AND "
    if "purchase" in found:
        return known + f"{IS_TRADE} GROUP BY user_no HAVING {KEPT}"
    return known + Query("event = ? GROUP BY user_no", (_strongest(found),))


def _strongest(found: tuple[str, ...]) -> str:
    """The weightiest event in the data; of equal ones the later in the vocabulary, then the analyst's own."""
    weights = {word.name: word.weight for word in EVENTS}
    return max(found, key=lambda event: (weights.get(event, 1.0), found.index(event)), default="")


def _orders(store: Store, takers: Query, end: datetime | None) -> tuple[float | None, float | None]:
    """Median orders, of anything, of the item's buyers and of all buyers."""
    everyone = usual.buyers(store, end)
    theirs: Array = store.read(takers)["user_no"].to_numpy()
    own = everyone.orders[np.searchsorted(everyone.numbers, theirs)]
    return (float(np.median(own)) if len(own) else None, float(np.median(everyone.orders)))


def _traits(store: Store, takers: Query, found: tuple[str, ...], end: datetime | None) -> tuple[Trait, ...]:
    base = Query("SELECT DISTINCT user_no FROM events WHERE user_no IS NOT NULL AND event = ?", (_base(found),))
    everyone, told = remembered(store, ("traits", end), lambda: usual.user_values(store, base + before(end)))
    own, own_told = usual.user_values(store, takers)
    traits = []
    for (column, value), n in own.items():
        share, common = n / own_told[column], everyone[column, value] / told[column]
        chance = (common * (1 - common) / own_told[column]) ** 0.5
        if n >= LEAST_BUYERS and share - common > _BEYOND_CHANCE * chance:
            traits.append(Trait(column, value, n, share, common, share / common))
    return tuple(sorted(traits, key=lambda t: (-t.lift, -t.users, t.column, t.value))[:MOST_TRAITS])


def _base(found: tuple[str, ...]) -> str:
    return "purchase" if "purchase" in found else _strongest(found)
