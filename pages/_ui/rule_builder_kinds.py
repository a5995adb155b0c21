"""The kinds of conditions: what the menu calls them, what they mean, what a new one starts with."""

from __future__ import annotations

from typing import Any

from core.segments import Schema
from pages._ui.rule_builder_parts import Condition, Kind

NAMES: dict[Kind, tuple[str, str]] = {
    "did": ("What they did", "how often, how much, since when; or did not"),
    "moment": ("First or last time", "their first order was this month"),
    "regularly": ("Regularly", "in 3 of the last 4 weeks"),
    "stopped": ("Stopped", "used to, and no longer do"),
    "resumed": ("Came back", "again, after a pause"),
    "order": ("One thing, then another", "then did, or then did not"),
    "prop": ("What they are", "country, age, birthday, tags"),
    "rfm": ("By value: RFM", "recency, frequency, money"),
    "abc": ("By value: ABC class", "who brings 80 % of the money"),
    "loyalty": ("By value: loyalty stage", "new, active, loyal, slipping, lost"),
    "top": ("The top by a measure", "the best 10 % by money"),
    "segment": ("Saved segment", "members of another segment"),
    "group": ("Group: cluster, look-alikes, list", "kept groups and frozen members"),
    "sample": ("A random share", "the same users every time"),
    "sql": ("Your own SQL", "for what cannot be clicked"),
}
"""Name and a few words, in the order of the menu."""

MEANING: dict[Kind, str] = {
    "did": "Users whose events of this kind, in the window and passing the filters, measure up to the number. An order "
    "counts once placed, returned or not; units and money are net of returns. With a filter on items, an item wholly "
    "returned does not count as bought.",
    "moment": "Users whose very first (or last) event of this kind lies in the window. The first is the first in all "
    "the data, not the first in the window. With filters, the first that passes them. Events without a time are left "
    "out.",
    "regularly": "Users who did it in at least so many of the last periods. Periods are counted back from the end of "
    "the data (week 1 is its last 7 days), so each is a whole one; how often within one does not matter.",
    "stopped": "Users who did it before, at least so often, and not once since the quiet time began. The quiet time "
    "ends at the end of the data.",
    "resumed": "Users who did it again lately for the first time after a pause: the time before that had no such event "
    "for at least so long.",
    "order": "Users who did the first and, later, the second, both inside the window. “Then did not”: users with at "
    "least one first event that no such second followed; with a limit, only those first events count whose time has "
    "run out by the end of the data.",
    "prop": "A column of your users file. A missing value fails every test but “is missing”.",
    "rfm": "Buyers by how lately (R) and how often (F) they order; equal customers always get equal scores. Scores and "
    "cuts can be changed under “Scores”.",
    "abc": "Users from the highest down: class A makes up the first 80 % of the total, B the next 15 %, C the rest, "
    "with everyone at zero or below. Users without such events have no class.",
    "loyalty": "Each buyer is in exactly one stage: new, active, loyal, returned (after being lost), slipping, lost. "
    "The thresholds are learned from how long customers of these data take between orders, unless you set your own.",
    "top": "Among the users who have the measure at all, those with the highest. Users with equal values are all in or "
    "all out, so the share can differ a little.",
    "segment": "Members of a saved segment, as of its own date where it has one.",
    "group": "Users of a kept group: clusters, look-alikes, a list from a file, or the frozen members of a segment. A "
    "group stays as it was made, whatever happens to the data.",
    "sample": "A fixed random share of all users, drawn by their ids: the same on every run and machine. A larger "
    "share of the same draw contains the smaller.",
    "sql": "One SELECT that names users by a column user_id or user_no. It reads only the tables below, sees the data "
    "up to the end chosen above, and may take 30 seconds.",
}

MISSING = """
- A condition on a **missing value does not hold**: a user without a country is neither “is France” nor “is not France”.
  To find them, ask “is missing”.
- **“Not” is everyone else**: “not where country is France”, and “none of these holds”, take in users without a country.
- **No events** count as zero: “at most 0 orders” holds for users who never bought; an average of nothing is missing,
  so no comparison of it holds.
- **Events without a time** count only in the window “ever”.
- “Before” or “after” **an event that a user never had**: the condition does not hold, “at most 0” neither.
- **Without a class, score or stage** (no orders): not a member of any of them; “are not” takes these users in.
"""


def fits(kind: Kind, schema: Schema) -> bool:
    """Whether the workspace has anything to ask in this way."""
    bought = schema.timed and "purchase" in schema.words
    return {
        "prop": bool(schema.user),
        "segment": bool(schema.segments),
        "rfm": bought,
        "loyalty": bought,
        **dict.fromkeys(("order", "moment", "regularly", "stopped", "resumed"), schema.timed),
    }.get(kind, True)


def starting(kind: Kind, schema: Schema | None = None) -> Condition:
    """A new condition, with what is asked most often filled in, of events that the data have."""
    has = "purchase" if schema is None or "purchase" in schema.words or not schema.words else schema.words[0]
    event: dict[str, Any] = {"event": has}
    counted = "orders" if has == "purchase" else "events"
    values: dict[Kind, dict[str, Any]] = {
        "did": {**event, "measure": counted, "op": "at_least", "value": 1, "window": "ever", "n": 30},
        "moment": {**event, "which": "first", "window": "last", "n": 30, "unit": "days"},
        "regularly": {**event, "of_them": 3, "n": 4, "unit": "weeks"},
        "stopped": {**event, "least": 2, "quiet": 30, "quiet_unit": "days", "limited": True}
        | {"before": 90, "before_unit": "days"},
        "resumed": {**event, "pause": 90, "pause_unit": "days", "within": 30, "within_unit": "days"},
        "order": {"first": "cart", "then": "purchase", "window": "ever", "n": 30, "within": 7, "within_unit": "days"},
        "top": {**event, "measure": "value", "percent": 10.0, "window": "ever", "n": 30},
        "abc": {**event, "measure": "value", "classes": ["A"], "upto_a": 80.0, "upto_b": 95.0, "window": "ever"}
        | {"n": 365},
        "loyalty": {"stages": ["slipping"]},
        "sample": {"percent": 10.0, "salt": ""},
    }
    return Condition(dict(values.get(kind, {})), kind=kind)
