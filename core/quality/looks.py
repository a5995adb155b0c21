"""How rows of sales look to people: order, item, title, quantity, price, money."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from core.quality.types import Asked
from core.quality.usual import IN_NUMBERS, _column, numbers
from core.store import Query, ident


def described(asked: Asked, nos: npt.NDArray[np.int64], *, most: int, ranked: bool = False) -> dict[str, Any]:
    """Of events: "rows", up to `most` of them (those of the most money, or with `ranked` the first of `nos`, in that
    order) as name -> value; "money", the value of all of them; "users", how many stand behind them."""
    title = _column(asked, "title")
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
            f"SELECT e.event_no, e.at_utc AS time, u.user_id AS user, e.order_id AS order, i.item_id AS item, {words} AS "
            "title, e.quantity, (e.value::DOUBLE / nullif(e.quantity, 0)) AS price, e.value::DOUBLE AS value FROM events "
            "e LEFT JOIN users u USING (user_no) LEFT JOIN items i ON i.item_no = e.item_no WHERE e.event_no "
            f"{IN_NUMBERS} ORDER BY abs(e.value) DESC NULLS LAST, e.event_no LIMIT ?",
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
