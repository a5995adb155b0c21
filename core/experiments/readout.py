"""Reading a saved list against what happened in its window: from the events, or from a file of responses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.experiments.effect import effect
from core.experiments.note import Told, note
from core.experiments.responses import find_members, read_responses
from core.experiments.stored import get_saved
from core.experiments.types import ARMS, Arm, ArmName, Readout, SavedList
from core.interactions import Array
from core.progress import Step, no_step
from core.store import Query, Store

_GAP = "\x1f"


@dataclass(frozen=True)
class _Seen:
    """Each member: group, responded, value (None where nothing has one); and what was noticed on the way."""

    arm: Array
    responded: Array
    value: Array | None
    missing: int
    unknown: int = 0
    outside: int = 0
    mended: int = 0


def readout(store: Store, name: str, *, responses: Path | None = None, step: Step = no_step) -> Readout:
    """What may be concluded from a saved list.

    From events: a user has responded with at least one event `saved.event` (about `saved.items`, if any are named) in
    [sent_at, sent_at + days), cut at the end of the data. A purchase that was wholly returned within the window does
    not count: of each user and item, units sent back after the first purchase in the window are taken off, unless the
    return names an order from before the window. Value is that of all purchases less returns in the window, whatever
    the item. Events without a user never count. Every member of the list counts as a user, known or not.

    From a file of responses (`responses.read_responses`): the file decides who has responded, and `saved.event` and
    `saved.items` are not looked at.

    Raises Refusal `no_such_list`, and those of `responses.read_responses`.
    """
    saved = get_saved(store, name)
    end = saved.sent_at + timedelta(days=saved.days)
    problem = None
    if responses is None:
        as_of = store.as_of()
        until = saved.sent_at if as_of is None else min(end, max(as_of, saved.sent_at))
        problem = _not_yet(store, saved, as_of)
        seen = _from_events(store, saved, until, step)
    else:
        until = end
        seen = _from_file(store, saved, responses, step)
    step.report(0.9, "Comparing the groups")
    arms = (_arm(seen, "contacted"), _arm(seen, "control"))
    if responses is not None and not problem:
        problem = _everybody(arms, responses)
    found = effect(*arms, holdout=saved.holdout, problem=problem)
    source = "events" if responses is None else responses.name
    noticed = (seen.unknown, seen.missing, seen.outside, seen.mended)
    told = Told(saved, (saved.sent_at, until), arms, found, source, *noticed)
    return Readout(saved, told.window, until == end, arms, found, note(told), source, seen.unknown, seen.missing)


def _not_yet(store: Store, saved: SavedList, as_of: datetime | None) -> str | None:
    """Why the events can say nothing about this list."""
    if as_of is None:
        return "The data have no times, so nothing can be read in a window; give a file of responses."
    if as_of <= saved.sent_at:
        return (
            f"The data end on {as_of:%-d %b %Y}, before the list was sent ({saved.sent_at:%-d %b %Y, %H:%M} UTC): load "
            "later events, or give a file of responses."
        )
    if not store.rows(Query("SELECT 1 FROM events WHERE event = ? LIMIT 1", (saved.event,))):
        return f"The data have no event {saved.event!r}, which is what counts as a response to this list."
    if saved.items and not store.rows(Query("SELECT 1 FROM items WHERE item_id IN ") + _ids(saved.items) + " LIMIT 1"):
        return f"The data know no item {', '.join(saved.items[:3])}, which responses to this list must be about."
    return None


def _from_events(store: Store, saved: SavedList, until: datetime, step: Step) -> _Seen:
    window = (saved.sent_at, until)
    found = store.read(_members(saved, window), step=step.part(0.1, 0.9))
    valued = store.rows(
        Query(
            "SELECT 1 FROM events WHERE at_utc >= ? AND at_utc < ? AND event IN ('purchase', 'return') "
            "AND value IS NOT NULL LIMIT 1",
            window,
        )
    )
    value = found["value"].to_numpy() if valued else None
    return _Seen(_groups(found), _flags(found["responded"]), value, int(_flags(found["missing"]).sum()))


def _members(saved: SavedList, window: tuple[datetime, datetime]) -> Query:
    """user_no, arm, responded, value, missing: one row a member, in an order that never changes."""
    about = Query(" AND item_no IN (SELECT item_no FROM items WHERE item_id IN ") + _ids(saved.items) + ")"
    about = about if saved.items else Query("")
    begin = Query(
        """
        WITH m AS (SELECT m.arm, m.user_id, u.user_no FROM saved_members m LEFT JOIN users u USING (user_id)
            WHERE m.name = ?),
        e AS (SELECT user_no, item_no, event, at_utc, order_id, quantity, value FROM events
            WHERE at_utc >= ? AND at_utc < ? AND user_no IN (SELECT user_no FROM m WHERE user_no IS NOT NULL)),
        """,
        (saved.name, *window),
    )
    end = Query(
        """,
        worth AS (SELECT user_no, sum(value) AS value FROM e WHERE event IN ('purchase', 'return') GROUP BY user_no)
        SELECT m.user_no, m.arm, r.user_no IS NOT NULL AS responded, coalesce(w.value, 0)::DOUBLE AS value,
            m.user_no IS NULL AS missing
        FROM m LEFT JOIN responded r USING (user_no) LEFT JOIN worth w USING (user_no) ORDER BY m.arm, m.user_id
        """
    )
    return begin + (_kept(about, window[0]) if saved.event == "purchase" else _did(saved.event, about)) + end


def _did(event: str, about: Query) -> Query:
    return Query("responded AS (SELECT DISTINCT user_no FROM e WHERE event = ?", (event,)) + about + ")"


def _kept(about: Query, begin: datetime) -> Query:
    """Users who bought something in the window and had not sent all of it back by its end."""
    bought = Query(
        "bought AS (SELECT user_no, item_no, min(at_utc) AS first, sum(coalesce(quantity, 1)) AS units "
        "FROM e WHERE event = 'purchase'"
    )
    back = Query(
        """ GROUP BY user_no, item_no),
        earlier AS (SELECT DISTINCT user_no, item_no, order_id FROM events WHERE event = 'purchase' AND at_utc < ?
            AND order_id IS NOT NULL AND user_no IN (SELECT user_no FROM e WHERE event = 'return')),
        back AS (SELECT b.user_no, b.item_no, sum(coalesce(e.quantity, -1)) AS units FROM bought b
            JOIN e ON e.event = 'return' AND e.user_no = b.user_no AND e.item_no IS NOT DISTINCT FROM b.item_no
                AND e.at_utc >= b.first
            ANTI JOIN earlier p ON p.user_no = e.user_no AND p.item_no IS NOT DISTINCT FROM e.item_no
                AND p.order_id = e.order_id
            GROUP BY b.user_no, b.item_no),
        responded AS (SELECT DISTINCT b.user_no FROM bought b LEFT JOIN back k
            ON k.user_no = b.user_no AND k.item_no IS NOT DISTINCT FROM b.item_no
            WHERE k.units IS NULL OR b.units + k.units > 0)""",
        (begin,),
    )
    return bought + about + back


def _from_file(store: Store, saved: SavedList, path: Path, step: Step) -> _Seen:
    window = (saved.sent_at, saved.sent_at + timedelta(days=saved.days))
    given = read_responses(path, window, step=step)
    step.report(0.5, "Finding the users")
    members = store.read(
        Query(
            "SELECT m.arm, m.user_id, u.user_no IS NULL AS missing FROM saved_members m LEFT JOIN users u "
            "USING (user_id) WHERE m.name = ? ORDER BY m.arm, m.user_id",
            (saved.name,),
        )
    )
    ids = members["user_id"].to_pylist()
    strangers = given.rows.keys() - set(ids)
    known = store.read(Query("SELECT user_id FROM users WHERE user_id IN ") + _ids(tuple(strangers)))
    rows, unknown, mended = find_members(given, ids, frozenset(known["user_id"].to_pylist()))
    responded = np.array([said for said, _ in rows], dtype=bool)
    value = np.array([value for _, value in rows], dtype=np.float64) if given.has_value else None
    missing = int(_flags(members["missing"]).sum())
    return _Seen(_groups(members), responded, value, missing, unknown, given.outside, mended)


def _everybody(arms: tuple[Arm, Arm], path: Path) -> str | None:
    if all(arm.users and arm.responses == arm.users for arm in arms):
        return (
            f"Everybody in both groups has responded, says {path.name}: does it list all users, rather than those who "
            "responded? Leave the others out, or say yes or no in a column responded."
        )
    return None


def _arm(seen: _Seen, arm: ArmName) -> Arm:
    inside = seen.arm == ARMS.index(arm)
    users, responses = int(inside.sum()), int(seen.responded[inside].sum())
    rate = responses / users if users else None
    if seen.value is None or not users:
        return Arm(arm, users, responses, rate, None)
    value = seen.value[inside]
    return Arm(arm, users, responses, rate, float(value.mean()), float((value * value).mean()))


def _groups(found: pa.Table) -> Array:
    """Place in ARMS of each row."""
    return np.where(found["arm"].to_numpy(zero_copy_only=False) == ARMS[0], 0, 1).astype(np.int8)


def _flags(column: pa.ChunkedArray) -> Array:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=bool)


def _ids(ids: tuple[str, ...]) -> Query:
    """`(SELECT ...)` of the ids, as one parameter: a file may hold more of them than a statement takes marks."""
    return Query("(SELECT unnest(string_split(?, ?)))", (_GAP.join(ids), _GAP))
