"""Profiles: segments side by side in figures, and what their members take more than everybody does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from core.progress import Step, no_step
from core.segments.conditions import Setting, window_condition
from core.segments.measures import WENT_BACK, orders_of
from core.segments.parts import Ever
from core.segments.rule import Segment
from core.segments.watch.asked import checked_segments, masks, opened
from core.segments.watch.lift import LEAST, lifts
from core.segments.watch.types import ItemLift, Profile, Profiles
from core.segments.words import describe
from core.store import Query, Scratch, Store, ident

MOST = 24
"""Segments that can be set side by side at once."""

_DAY = 86_400_000_000  # microseconds


def profiles(
    store: Store,
    segments: Sequence[Segment],
    as_of: datetime | None = None,
    *,
    items: int = 10,
    step: Step = no_step,
) -> Profiles:
    """Up to 24 segments, saved or not, side by side in figures: see Profile.

    Figures see the data before `as_of` (UTC; by default just after the last event), with events at an unknown time. A
    segment pinned to a moment of its own has its members as of then, and figures as of `as_of`. The `items` with the
    best lift are given for each segment, and where items have categories, the categories likewise.
    Raises BadRule, Refusal `bad_number_of_segments`, `same_segment_twice`; Cancelled.
    """
    asked = checked_segments(segments, MOST)
    schema, end = opened(store, as_of)
    setting = Setting(schema, end)
    step.report(0.0, "who belongs")
    with store.scratch() as scratch, scratch.keep("member_masks", masks(asked, schema, end), step=step):
        step.report(0.3, "what they did")
        with scratch.keep("user_facts", _facts(setting), step=step):
            rows = {int(row["place"]): row for row in scratch.rows(_figures(len(asked), end), step=step)}
        step.report(0.6, "what they took")
        took = "bought" if "purchase" in schema.words else "touched"
        category = _category(store)
        best: dict[int, tuple[ItemLift, ...]] = {}
        best_categories: dict[int, tuple[ItemLift, ...]] = {}
        if items > 0:
            with scratch.keep("taken", _taken(setting, took), step=step):
                best = _best(scratch, _items(len(asked)), rows, items, _item_names(store), step)
                step.report(0.9)
                if category:
                    best_categories = _best(scratch, _categories(category, len(asked)), rows, items, None, step)
    step.report(1.0)
    whole = rows.get(-1, _NOBODY)
    everyone = _profile("everyone", "all users", whole, whole, end)
    found = tuple(
        _profile(
            segment.name,
            describe(segment.rule),
            rows.get(place, _NOBODY),
            whole,
            end,
            best.get(place, ()),
            best_categories.get(place, ()),
        )
        for place, segment in enumerate(asked)
    )
    return Profiles(end, everyone, found, took, category[0] if category else None)


def _facts(setting: Setting) -> Query:
    """One row a user with events: what Profile is made of. Orders apart: counting distinct values is slow."""
    before = window_condition(Ever(), setting, "")
    end = setting.as_of
    month = Query("false") if end is None else Query(
        "coalesce(e.at_utc >= ? AND e.at_utc < ?, false)", (end - timedelta(days=60), end - timedelta(days=30))
    )  # fmt: skip
    return (
        Query(
            "SELECT s.*, coalesce(o.amount, 0) AS orders FROM (SELECT e.user_no, "
            "bool_or(e.event <> 'impression') AS did, max(e.at_utc) FILTER (e.event <> 'impression') AS last_seen, "
            "max(e.at_utc) FILTER (e.event = 'purchase') AS last_order, "
            "sum(e.value) FILTER (e.event IN ('purchase', 'return')) AS revenue, bool_or(e.event <> 'impression' AND "
        )
        + month
        + ") AS earlier FROM events e WHERE e.user_no IS NOT NULL"
        + before
        + " GROUP BY e.user_no) s LEFT JOIN ("
        + orders_of(Query("FROM events e WHERE e.user_no IS NOT NULL AND e.event = 'purchase'") + before)
        + ") o USING (user_no)"
    )


def _figures(n: int, end: datetime | None) -> Query:
    """One row for each segment with members, by its place; -1 = everyone."""
    recent = Query("false") if end is None else Query("f.last_seen >= ?", (end - timedelta(days=30),))
    days = Query("(epoch_us(?::TIMESTAMP) - epoch_us(", (end,))
    # as in RFM: the least N for which the moment lies in the window "last N days"
    whole = f") + {_DAY - 1}) // {_DAY}"
    return (
        Query("SELECT place, count(*) AS users, count(*) FILTER (did) AS did, count(*) FILTER (recent) AS active, ")
        + "count(*) FILTER (orders > 0) AS buyers, count(*) FILTER (orders > 1) AS repeaters, "
        "coalesce(sum(orders), 0) AS orders, "
        "sum(revenue) AS revenue, count(*) FILTER (earlier) AS earlier, count(*) FILTER (earlier AND recent) AS kept, "
        "median(order_days)::DOUBLE AS recency, median(seen_days)::DOUBLE AS last_seen "
        "FROM (SELECT m.mask, f.did, f.orders, f.revenue, f.earlier, "
        + recent
        + " AS recent, "
        + days
        + "f.last_order"
        + whole
        + " AS order_days, "
        + days
        + "f.last_seen"
        + whole
        + " AS seen_days FROM member_masks m LEFT JOIN user_facts f USING (user_no)) "
        f"JOIN (SELECT unnest(range(-1, {n})) AS place) ON place < 0 OR (mask >> greatest(place, 0)) & 1 = 1 "
        "GROUP BY place"
    )


def _taken(setting: Setting, took: str) -> Query:
    """Who took which item, each pair once; items wholly returned are not bought."""
    known = "FROM events e WHERE e.user_no IS NOT NULL AND e.item_no IS NOT NULL AND e.event "
    before = window_condition(Ever(), setting, "")
    if took == "bought" and "return" in setting.schema.words:
        rows = Query(f"SELECT e.user_no, e.item_no {known} IN ('purchase', 'return')") + before
        return rows + f" GROUP BY e.user_no, e.item_no HAVING bool_or(e.event = 'purchase') AND NOT ({WENT_BACK})"
    return Query(f"SELECT DISTINCT e.user_no, e.item_no {known}" + _word(took)) + before


def _word(took: str) -> str:
    return "= 'purchase'" if took == "bought" else "<> 'impression'"


def _items(n: int) -> Query:
    """Takers of each item: of everyone, and of each segment."""
    pairs = "SELECT t.item_no AS thing, m.mask FROM taken t JOIN member_masks m USING (user_no)"
    return _counted(pairs, n)


def _categories(category: tuple[str, bool], n: int) -> Query:
    name, listed = category
    value = f"unnest(i.{ident(name)}::VARCHAR[])" if listed else f"i.{ident(name)}::VARCHAR"
    pairs = (
        "SELECT p.thing, m.mask FROM (SELECT DISTINCT t.user_no, c.thing FROM taken t "
        f"JOIN (SELECT i.item_no, {value} AS thing FROM items i) c USING (item_no) WHERE c.thing IS NOT NULL) p "
        "JOIN member_masks m USING (user_no)"
    )
    return _counted(pairs, n)


def _counted(pairs: str, n: int) -> Query:
    """First by mask, of which there are few: then each segment's sum goes over few rows."""
    sums = "".join(f", coalesce(sum(n) FILTER ((mask >> {k}) & 1 = 1), 0)::DOUBLE AS takers{k}" for k in range(n))
    return Query(
        f"SELECT thing, sum(n)::DOUBLE AS takers{sums} FROM (SELECT thing, mask, count(*) AS n FROM ({pairs}) "
        "GROUP BY thing, mask) GROUP BY thing"
    )


def _best(
    scratch: Scratch,
    counted: Query,
    rows: Mapping[int, Mapping[str, Any]],
    most: int,
    names: Query | None,
    step: Step,
) -> dict[int, tuple[ItemLift, ...]]:
    """The things of best lift for each segment, by its place; `names` yields thing, id, label (else it is its own)."""
    table = scratch.read(Query("SELECT * FROM (") + counted + ") ORDER BY thing", step=step)
    takers_all = table["takers"].to_numpy()
    everyone = int(rows.get(-1, _NOBODY)["did"])
    found = {}
    for place in sorted(set(rows) - {-1}):
        takers = table[f"takers{place}"].to_numpy()
        enough = np.flatnonzero(takers >= LEAST)
        if not len(enough):
            continue
        got = lifts(takers[enough], takers_all[enough], int(rows[place]["did"]), everyone)
        order = np.lexsort((-got.lift, -got.low))[:most]
        columns = (takers[enough], got.share, got.share_all, got.lift, got.low, got.high)
        found[place] = (enough[order], np.column_stack([column[order] for column in columns]))
    labels = _labels(scratch, table, [places for places, _ in found.values()], names)
    return {
        place: tuple(
            ItemLift(*labels[int(at)], int(row[0]), *(float(figure) for figure in row[1:]))
            for at, row in zip(things, figures, strict=True)
        )
        for place, (things, figures) in found.items()
    }


def _labels(
    scratch: Scratch, table: pa.Table, chosen: Iterable[np.ndarray[Any, Any]], names: Query | None
) -> dict[int, tuple[str, str]]:
    """Id and label of the things in these rows of the table."""
    rows = sorted({int(at) for places in chosen for at in places})
    things = table["thing"].take(pa.array(rows, pa.int64())).to_pylist()
    if names is None:
        return {at: (str(thing), str(thing)) for at, thing in zip(rows, things, strict=True)}
    if not rows:
        return {}
    marks = ", ".join("?" for _ in things)
    asked = names + Query(f" WHERE item_no IN ({marks})", tuple(things))
    called = {int(row["item_no"]): (str(row["item_id"]), str(row["label"])) for row in scratch.rows(asked)}
    return {at: called[int(thing)] for at, thing in zip(rows, things, strict=True)}


def _item_names(store: Store) -> Query:
    """Items with their id and what to call them: the title where there is one, else the id."""
    rows = store.rows(
        Query("SELECT column_name FROM columns WHERE table_name = 'items' AND role = 'title' ORDER BY column_name")
    )
    titles = [f"nullif(trim(CAST({ident(str(row['column_name']))} AS VARCHAR)), '')" for row in rows]
    return Query(f"SELECT item_no, item_id, coalesce({', '.join([*titles, 'item_id'])}) AS label FROM items")


def _category(store: Store) -> tuple[str, bool] | None:
    """The first column of items that names categories, and whether it holds lists."""
    rows = store.rows(
        Query(
            "SELECT c.column_name, d.data_type FROM columns c JOIN duckdb_columns() d USING (table_name, column_name) "
            "WHERE d.schema_name = 'main' AND c.table_name = 'items' AND c.role = 'category' ORDER BY d.column_index"
        )
    )
    return (str(rows[0]["column_name"]), str(rows[0]["data_type"]).endswith("[]")) if rows else None


_NOBODY: Mapping[str, Any] = {
    **dict.fromkeys(("users", "did", "active", "buyers", "repeaters", "orders", "earlier", "kept"), 0),
    **dict.fromkeys(("revenue", "recency", "last_seen")),
}


def _profile(
    name: str,
    words: str,
    row: Mapping[str, Any],
    whole: Mapping[str, Any],
    end: datetime | None,
    items: tuple[ItemLift, ...] = (),
    categories: tuple[ItemLift, ...] = (),
) -> Profile:
    users, buyers, orders = int(row["users"]), int(row["buyers"]), int(row["orders"])
    total = None if whole["revenue"] is None else float(whole["revenue"])
    revenue = None if row["revenue"] is None else float(row["revenue"])
    if revenue is None and total is not None and not orders:
        revenue = 0.0  # who bought nothing brought nothing; of orders without a value it is not known
    timed = end is not None
    return Profile(
        name=name,
        words=words,
        users=users,
        share=_ratio(users, int(whole["users"])),
        active=int(row["active"]) if timed else None,
        buyers=buyers,
        orders=orders,
        orders_each=_ratio(orders, buyers),
        revenue=revenue,
        revenue_share=_ratio(revenue, total) if total is not None and total > 0 else None,
        value_each=_ratio(revenue, users),
        order_value=_ratio(revenue, orders),
        recency=row["recency"],
        last_seen=row["last_seen"],
        repeat_rate=_ratio(int(row["repeaters"]), buyers),
        retained=_ratio(int(row["kept"]), int(row["earlier"])) if timed else None,
        items=items,
        did=int(row["did"]),
        categories=categories,
    )


def _ratio(part: float | None, whole: float) -> float | None:
    return part / whole if part is not None and whole else None
