"""The questions to the workspace behind attention against outcome."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.share_areas import LOOKS, Area, names_of, text_of
from core.behaviour import (
    IS_ORDER,
    IS_TRADE,
    ORDER_KEY,
    Window,
    category_columns,
    item_names,
    spread_sort,
    wholly_returned,
)
from core.store import Query, Store, flat, ident

Attention = Literal["views", "looks", "dwell", "orders"]
Who = Literal["viewers", "buyers", "missed", "traders"]
_SHIFT = 32


def attention_there(store: Store) -> Attention:
    """The first kind of attention that the data have: views, other looks, or else only orders."""
    kinds: tuple[Attention, ...] = ("views", "looks")
    for kind in kinds:
        found = Query("SELECT count(*) AS n FROM (SELECT 1 FROM events WHERE item_no IS NOT NULL AND ") + looked(kind)
        if store.rows(found + " LIMIT 1)")[0]["n"]:
            return kind
    return "orders"


def looked(attention: Attention) -> Query:
    """The SQL condition on `events` for having looked."""
    match attention:
        case "views":
            return Query("event = ?", ("view",))
        case "looks":
            return Query("event IN (?, ?, ?, ?)", LOOKS)
        case "dwell":
            return Query(f"(dwell > 0 AND NOT {IS_TRADE})")
        case _:
            return Query(IS_ORDER)


def totals(store: Store, area: Area, attention: Attention, window: Window) -> pd.DataFrame:
    """key, attention, revenue (net), gross (of purchases), units (bought) of each area; anonymous events included."""
    look = looked(attention)
    amount = "sum(dwell)" if attention == "dwell" else "count(*)"
    sums = (
        Query(f"coalesce({amount} FILTER (")
        + look
        + f"), 0)::DOUBLE AS attention, coalesce(sum(value) FILTER ({IS_TRADE}), 0)::DOUBLE AS revenue,"
        " coalesce(sum(value) FILTER (event = 'purchase'), 0)::DOUBLE AS gross,"
        " coalesce(sum(coalesce(quantity, 1)) FILTER (event = 'purchase'), 0)::DOUBLE AS units"
    )
    kept = Query("(") + look + f" OR {IS_TRADE}) AND " + window.condition()
    by = "item_no" if area.of in ("item", "items") else "area_key" if area.of == "event" else "user_no"
    source = (
        f"SELECT *, {text_of(ident(area.column), area.lists)} AS area_key FROM events" if area.of == "event" else ""
    )
    each = Query(f"SELECT {by}, ") + sums + f" FROM {f'({source})' if source else 'events'} WHERE " + kept
    each += f" AND {by} IS NOT NULL GROUP BY {by}"
    if area.of in ("items", "user"):
        names, _ = names_of(area)
        added = ", ".join(f"sum({name}) AS {name}" for name in ("attention", "revenue", "gross", "units"))
        each = Query(f"SELECT area_key, {added} FROM (") + each + f") JOIN ({names}) USING ({by}) GROUP BY area_key"
    found: pd.DataFrame = store.read(each).to_pandas()
    found.columns = ["key", *found.columns[1:]]
    if attention == "orders":
        found = found.drop(columns="attention").merge(_orders(store, area, window), on="key", how="left")
        found["attention"] = found["attention"].fillna(0.0)
    return found[(found["attention"] > 0) | (found["revenue"] != 0) | (found["units"] > 0)].reset_index(drop=True)


def _orders(store: Store, area: Area, window: Window) -> pd.DataFrame:
    """key, attention: distinct orders that hold the area."""
    key = "area_key"
    source = f"SELECT *, item_no AS {key} FROM events"
    if area.of == "event":
        source = f"SELECT *, {text_of(ident(area.column), area.lists)} AS {key} FROM events"
    elif area.of != "item":
        names, number = names_of(area)
        source = f"SELECT * FROM events JOIN ({names}) USING ({number})"
    distinct = Query(f"SELECT DISTINCT {key}, {ORDER_KEY} FROM ({source}) WHERE {IS_ORDER} AND ") + window.condition()
    counted = Query(f"SELECT {key} AS key, count(*)::DOUBLE AS attention FROM (") + distinct
    return _frame(store, counted + f") WHERE {key} IS NOT NULL GROUP BY 1")


def pairs(store: Store, area: Area, attention: Attention, window: Window) -> pd.DataFrame:
    """key, viewers, buyers of each item or value of an items' column: users who looked, and who bought it then."""
    timed = window.end is not None
    names, numbered = Query(""), ""
    if area.of == "items":
        numbered = f"SELECT item_no, area_key, dense_rank() OVER (ORDER BY area_key) AS code FROM ({names_of(area)[0]})"
        names = Query(f"named AS MATERIALIZED ({numbered}), ")
    number = "item_no" if area.of == "item" else "code"
    join = "" if area.of == "item" else " JOIN named USING (item_no)"
    pair = f"(CAST({number} AS BIGINT) << {_SHIFT}) + user_no AS pair"
    known = "user_no IS NOT NULL AND item_no IS NOT NULL AND "
    rows = Query(f"FROM (SELECT user_no, item_no, at_utc FROM events WHERE {known}") + looked(attention) + " AND "
    rows += window.condition() + f"){join}"
    found = _viewers(store, names, Query(f"SELECT {pair} ") + rows)
    returned = bool(store.rows(_ANY_RETURN)[0]["n"])
    got = Query(f"SELECT {pair}, max(at_utc) AS bought FROM (") + _bought(window, known, returned=returned)
    got += f"){join} GROUP BY pair"
    then = "WHERE bought >= looked" if timed else ""
    # few of those who look buy: when they looked first is asked for these alone
    query = (
        Query("WITH ") + names + "got AS MATERIALIZED (" + got + f"), seen AS (SELECT {pair}, at_utc " + rows
        + f") SELECT pair >> {_SHIFT} AS number, count(*) AS buyers FROM (SELECT pair, min(at_utc) AS looked FROM seen"
        " SEMI JOIN got USING (pair) GROUP BY pair) JOIN got USING (pair) " + then + " GROUP BY 1"
    )  # fmt: skip
    found = found.merge(_frame(store, query), on="number", how="left")
    if area.of == "item":
        return found.rename(columns={"number": "key"})
    listed = _frame(store, Query(f"SELECT DISTINCT area_key AS key, code AS number FROM ({numbered})"))
    return found.merge(listed, on="number")[["key", "viewers", "buyers"]]


def _viewers(store: Store, names: Query, pairs: Query) -> pd.DataFrame:
    """number, viewers: how many different pairs share their upper bits. Sorting them is quicker than hashing."""
    asked = Query("WITH ") + names + "listed AS (" + pairs + ") SELECT pair FROM listed"
    keys = spread_sort(flat(store.read(asked).column(0)))
    numbers = keys[_fresh(keys)] >> _SHIFT
    begins = np.flatnonzero(_fresh(numbers))
    return pd.DataFrame({"number": numbers[begins], "viewers": np.diff(begins, append=len(numbers))})


def _fresh(rising: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each is another than the one before."""
    fresh = np.ones(len(rising), dtype=np.bool_)
    np.not_equal(rising[1:], rising[:-1], out=fresh[1:])
    return fresh


def _frame(store: Store, query: Query) -> pd.DataFrame:
    made: pd.DataFrame = store.read(query).to_pandas()
    return made


_ANY_RETURN = Query("SELECT count(*) AS n FROM (SELECT 1 FROM events WHERE event = 'return' LIMIT 1)")


def _bought(window: Window, known: str, *, returned: bool = True) -> Query:
    """user_no, item_no, at_utc of purchases that were not wholly returned by the window's end (if any were)."""
    bought = Query(f"SELECT user_no, item_no, at_utc FROM events WHERE {known}event = 'purchase' AND ")
    if not returned:
        return bought + window.condition()
    gone = wholly_returned(Window(None, window.end).condition())
    anti = Query(" ANTI JOIN (") + gone + ") USING (user_no, item_no)"
    return Query("SELECT user_no, item_no, at_utc FROM (") + bought + window.condition() + ")" + anti


def users_of(area: Area, attention: Attention, window: Window, key: int | str, who: Who) -> Query:
    """user_no of those who looked, bought after it, looked without buying after it, or traded at all."""
    mine = _mine(area, key)
    if who == "traders":
        rows = Query(f"SELECT DISTINCT user_no FROM events WHERE user_no IS NOT NULL AND {IS_TRADE} AND ")
        return rows + window.condition() + " AND " + mine
    known = "user_no IS NOT NULL AND "
    seen = Query(f"SELECT user_no, min(at_utc) AS looked FROM events WHERE {known}") + looked(attention) + " AND "
    seen += window.condition() + " AND " + mine + " GROUP BY user_no"
    if who == "viewers":
        return Query("SELECT user_no FROM (") + seen + ")"
    got = Query("SELECT user_no, max(at_utc) AS bought FROM (") + _bought(window, known) + ") WHERE " + mine
    then = "bought >= looked" if window.end is not None else "b.user_no IS NOT NULL"
    test = f"coalesce({then}, false)"
    return (
        Query("SELECT user_no FROM (") + seen + ") s LEFT JOIN (" + got + " GROUP BY user_no) b USING (user_no)"
        f" WHERE {test if who == 'buyers' else f'NOT {test}'}"
    )  # fmt: skip


def _mine(area: Area, key: int | str) -> Query:
    if area.of == "item":
        return Query("item_no = ?", (key,))
    if area.of == "event":
        column = ident(area.column)
        values = f"list_contains(CAST({column} AS VARCHAR[]), ?)" if area.lists else f"CAST({column} AS VARCHAR) = ?"
        return Query(values, (key,))
    names, number = names_of(area)
    return Query(f"{number} IN (SELECT {number} FROM ({names}) WHERE area_key = ?)", (key,))


def labels(store: Store, area: Area, table: pd.DataFrame) -> pd.DataFrame:
    """`table` with id and label of each key."""
    if area.of != "item":
        table["key"] = table["key"].astype(str)
        return table.assign(id=table["key"], label=table["key"])
    table["key"] = table["key"].astype("int64")
    names = item_names(store, [int(key) for key in table["key"]])
    table["id"] = [names[key][0] for key in table["key"]]
    table["label"] = [names[key][1] for key in table["key"]]
    return table


def usual_groups(store: Store) -> dict[int, str]:
    """item_no -> its category, by the first category column; of several the first by name."""
    columns = category_columns(store)
    if not columns:
        return {}
    first = next(iter(columns.values()))
    rows = store.read(
        Query(f"SELECT item_no, min(category) AS category FROM ({first}) WHERE category IS NOT NULL GROUP BY item_no")
    )
    return dict(zip(rows.column("item_no").to_pylist(), rows.column("category").to_pylist(), strict=True))


def prices(store: Store, area: Area) -> dict[int, float]:
    """item_no -> the price that the catalogue gives; {} where it gives none."""
    rows = store.rows(
        Query("SELECT column_name FROM columns WHERE table_name = 'items' AND role = 'price' ORDER BY column_name")
    )
    if area.of != "item" or not rows:
        return {}
    price = f"TRY_CAST({ident(str(rows[0]['column_name']))} AS DOUBLE)"
    found = store.read(Query(f"SELECT item_no, {price} AS price FROM items WHERE {price} IS NOT NULL"))
    values = np.asarray(found.column("price").to_numpy(), dtype=np.float64)
    return dict(zip(found.column("item_no").to_pylist(), values.tolist(), strict=True))
