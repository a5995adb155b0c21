"""How rows of sales look to people: order, item, title, quantity, price, money."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from core.quality.types import Asked
from core.quality.usual import IN_NUMBERS, SALES, column_of, numbers
from core.store import Query, ident


def described(asked: Asked, nos: npt.NDArray[np.int64], *, most: int, ranked: bool = False) -> dict[str, Any]:
    """Of events: "rows", up to `most` of them (those of the most money, or with `ranked` the first of `nos`, in that
    order) as name -> value; "money", the value of all of them; "users", how many stand behind them.
    """
    title = column_of(asked, "title")
    words = f"i.{ident(title)}::VARCHAR" if title else "NULL::VARCHAR"
    every = asked.reader.rows(
        Query(
            "SELECT coalesce(sum(abs(value)), 0)::DOUBLE AS money, count(DISTINCT user_no) AS users FROM events "
            f"WHERE event_no {IN_NUMBERS}",
            (numbers(nos),),
        ),
        step=asked.step,
    )[0]
    rows = asked.reader.rows(
        Query(
            f"SELECT e.event_no, e.at_utc AS time, u.user_id AS user, e.order_id AS order, i.item_id AS item, {words} "
            "AS title, e.quantity, round(e.value::DOUBLE / nullif(e.quantity, 0), 4) AS price, e.value::DOUBLE "
            "AS value FROM events e LEFT JOIN users u USING (user_no) LEFT JOIN items i ON i.item_no = e.item_no "
            f"WHERE e.event_no {IN_NUMBERS} ORDER BY abs(e.value) DESC NULLS LAST, e.event_no LIMIT ?",
            (numbers(nos[:most] if ranked else nos), most),
        ),
        step=asked.step,
    )
    if ranked:
        place = {no: i for i, no in enumerate(nos.tolist())}
        rows.sort(key=lambda row: place[row["event_no"]])
    if not title:
        for row in rows:
            del row["title"]
    return {"rows": rows, "money": float(every["money"]), "users": int(every["users"])}


def medians(asked: Asked, of: str, nos: list[int]) -> dict[int, float]:
    """Of purchases that are shown, the exact median of their item's sales: the counts know it to half a per cent."""
    if not nos:
        return {}
    figure = "e.value::DOUBLE / e.quantity" if of == "price" else "e.quantity"
    rows = asked.reader.rows(
        Query(
            f"WITH n AS (SELECT event_no, coalesce(item_no, -1) AS item FROM events WHERE event_no {IN_NUMBERS}), "
            f"m AS (SELECT coalesce(item_no, -1) AS item, median({figure}) AS middle FROM events e WHERE {SALES} AND "
            "coalesce(item_no, -1) IN (SELECT item FROM n) GROUP BY ALL) "
            "SELECT event_no, middle FROM n JOIN m USING (item)",
            (numbers(np.array(nos, np.int64)),),
        ),
        step=asked.step,
    )
    return {row["event_no"]: row["middle"] for row in rows}
