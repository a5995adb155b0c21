"""The gates between candidates and the list to send, each over all users at once, in the order of STAGES."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np

from core.campaigns.candidates import People
from core.campaigns.ids import consent_columns, ids_digest, items_query, users_query
from core.campaigns.types import Campaign
from core.errors import Refusal
from core.interactions import Array
from core.store import Query, Store, ident, joined

YES = "'true', 'yes', 'y', '1', '1.0', 't', 'on'"
_UNITS = "sum(coalesce(quantity, CASE event WHEN 'return' THEN -1 ELSE 1 END)) FILTER (event IN ('purchase', 'return'))"


@dataclass(frozen=True, eq=False)
class Gate:
    """What one gate says.

    Attributes:
        passes: bool (n,), in the order of People.
        words: what it asks, for the waterfall.
        notes, facts: see TargetList.
    """

    passes: Array
    words: str
    notes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def consent(people: People, campaign: Campaign) -> Gate:
    """Who agreed to be written to by the campaign's channel. Raises Refusal `unknown_channel`."""
    columns = consent_columns(people.store)
    if not columns:
        passes = np.full(len(people), campaign.assume_consent)
        how = "treated as consenting" if campaign.assume_consent else "treated as not consenting"
        note = f"These data have no consent column: all users are {how}."
        return Gate(passes, f"no consent data: all {how}", (note,), {"consent": [], "assumed": campaign.assume_consent})
    asked = _asked_columns(columns, campaign.channel)
    # a column may have been widened to text by a file that says it in other words
    said = " AND ".join(f"coalesce(lower(trim({ident(c)}::VARCHAR)) IN ({YES}), false)" for c in asked)
    passes = people.mask(Query(f"SELECT user_no FROM users WHERE {said}"))
    which = f"for {campaign.channel} " if campaign.channel else "for every channel "
    notes = (
        ()
        if campaign.channel or len(asked) == 1
        else (f"No channel is named, so only users who agreed to all of {', '.join(asked)} are on the list.",)
    )
    words = f"agreed {which}({', '.join(asked)}); a missing answer is no"
    return Gate(passes, words, notes, {"consent": asked, "assumed": None})


def suppressed(people: People, raw_ids: Sequence[str]) -> Gate:
    """Who is not on the suppression list, neither by id nor by a contact."""
    given = list(dict.fromkeys(text.strip() for text in raw_ids if text.strip()))
    facts: dict[str, Any] = {"suppressed_ids": len(given), "suppressed_unknown": 0, "suppressed_digest": None}
    if not given:
        return Gate(np.ones(len(people), dtype=bool), "no suppression list", (), facts)
    found, unknown = people.named(given, contacts=True)
    facts |= {"suppressed_unknown": unknown, "suppressed_digest": ids_digest(given)}
    notes = (
        (f"{unknown:,} of {len(given):,} entries of the suppression list match no id and no contact in these data.",)
        if unknown
        else ()
    )
    return Gate(~found, f"not on the suppression list of {len(given):,}", notes, facts)


def bought(people: People, campaign: Campaign, items: Array | None, as_of: datetime | None) -> Gate:
    """Who has not bought any of the items, or not recently; for ask "segment" and "ids" everybody passes."""
    everybody = np.ones(len(people), dtype=bool)
    if campaign.ask in ("segment", "ids"):
        return Gate(everybody, "holds for offers: items bought are left out", (), {"bought_by": None})
    if campaign.bought == "keep":
        return Gate(everybody, "buyers stay: repeat purchases are wanted", (), {"bought_by": None})
    assert items is not None
    words = buying_words(people.store, campaign)
    pairs = bought_pairs(people.store, campaign, items, as_of, words)
    passes = ~people.mask(Query("SELECT DISTINCT user_no FROM (") + pairs + ")")
    notes = (
        ()
        if words == ("purchase",)
        else (f"These data have no purchases: whoever did any of {', '.join(words)} with it counts as having bought.",)
    )
    since = "" if campaign.bought == "ever" else f" in the last {campaign.bought_days} days"
    what = "it" if len(items) == 1 else "any of it"
    return Gate(passes, f"have not bought {what}{since} and kept it", notes, {"bought_by": list(words)})


def buying_words(store: Store, campaign: Campaign) -> tuple[str, ...]:
    """The events that count as having bought: purchases; in data without any, every event that weighs something."""
    words = [str(row["event"]) for row in store.rows(Query("SELECT DISTINCT event FROM events ORDER BY event"))]
    if "purchase" in words:
        return ("purchase",)
    return tuple(word for word in words if campaign.matrix.weight(word) > 0)


def bought_pairs(
    store: Store,
    campaign: Campaign,
    items: Array | None,
    as_of: datetime | None,
    words: Sequence[str],
    users: Array | None = None,
) -> Query:
    """user_no, item_no, each once: who bought which of the items (None = any; of `users`, where given) and kept it.

    Kept: units bought less units returned, all before as_of, are above 0, or nothing was returned. For "days" at least
    one purchase lies in the last so many days before as_of. Raises Refusal `no_times` where that cannot be told.
    """
    net = "purchase" in words
    when, recent = Query(""), Query("true")
    if as_of is not None:
        when = Query(" AND (at_utc < ? OR at_utc IS NULL)", (as_of,))
    if campaign.bought == "days":
        if as_of is None:
            raise Refusal("no_times", "These data have no times, so nobody bought lately.", "Ask for ever, or keep.")
        recent = Query("at_utc >= ?", (as_of - timedelta(days=campaign.bought_days or 0),))
    if not words:
        return Query("SELECT NULL::INTEGER AS user_no, NULL::INTEGER AS item_no WHERE false")
    named = joined(", ", [Query("?", (word,)) for word in ([*words, "return"] if net else words)])
    query = Query("SELECT user_no, item_no FROM events WHERE user_no IS NOT NULL AND event IN (") + named + ")" + when
    if items is None:
        query = query + " AND item_no IS NOT NULL"
    else:
        query = query + " AND item_no IN (" + items_query(items) + ")"
    if users is not None:
        query = query + " AND user_no IN (" + users_query(users) + ")"
    query = query + " GROUP BY user_no, item_no HAVING coalesce(bool_or(event <> 'return' AND " + recent + "), false)"
    return query + (f" AND NOT (bool_or(event = 'return') AND coalesce({_UNITS}, 0) <= 0)" if net else "")


def ranked(order: Array, lots: Array) -> Array:
    """int64: places in the order of rank: the greatest `order` first, equal ones by lot, the smaller first."""
    return np.lexsort((lots, -order))


def held_out(holds: Array, share: float) -> Array:
    """Bool: who falls to the control group: a draw below `share` of all 2^64; a larger share holds the smaller."""
    return holds < np.uint64(round(share * 2**64))


def walked(control: Array, campaign: Campaign) -> int:
    """How many ranks are walked; `control` is bool in the order of rank.

    For a size: until so many are contacted; for a share: that part of all, rounded up; else, or where fewer
    pass, all.
    """
    if campaign.share is not None:
        return ceil(Fraction(str(campaign.share)) * len(control))
    if campaign.size is None:
        return len(control)
    reached = np.flatnonzero(np.cumsum(~control) == campaign.size)
    return int(reached[0]) + 1 if len(reached) else len(control)


def _asked_columns(columns: list[str], channel: str | None) -> list[str]:
    if channel is None:
        return columns
    wanted = channel.strip().casefold()
    for name in (wanted, f"consent_{wanted}"):
        found = [column for column in columns if column.casefold() == name]
        if found:
            return found
    raise Refusal(
        "unknown_channel",
        f"There is no consent for the channel {channel!r} in these data.",
        f"There is consent for: {', '.join(c.removeprefix('consent_') for c in columns)}.",
    )
