"""Events behind a finding: a few of them as a person would look for them, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.quality.ask import one
from core.quality.types import Asked
from core.store import Query

EXAMPLES = 8
_SHOWN = "event, at_utc, order_id, quantity, value, rating"


@dataclass(frozen=True)
class Behind:
    """What stands behind a finding about events: `users` are distinct and known, `value` is money or None."""

    count: int
    users: int
    value: float | None
    examples: tuple[dict[str, Any], ...]


def behind(asked: Asked, where: Query, *, order: str = "event_no", blank: str = "") -> Behind:
    """The events that fulfil `where`, the first by `order` as examples; `blank` is shown even though it is missing."""
    row = one(
        asked,
        Query("SELECT count(*) AS n, count(DISTINCT user_no) AS users, sum(value)::DOUBLE AS value FROM events WHERE ")
        + where,
    )
    shown = examples(asked, where, order=order, blank=blank) if row["n"] else ()
    return Behind(int(row["n"]), int(row["users"]), row["value"], shown)


def examples(asked: Asked, where: Query, *, order: str = "event_no", blank: str = "") -> tuple[dict[str, Any], ...]:
    """Up to 8 events: user, item (raw ids), event, time, order, quantity, value, rating, as far as they are known."""
    query = (
        Query(
            "SELECT u.user_id AS user, i.item_id AS item, e.* FROM (SELECT row_number() OVER () AS place, user_no, "
            f"item_no, {_SHOWN} FROM (FROM events WHERE "
        )
        + where
        + f" ORDER BY {order} LIMIT {EXAMPLES})) e LEFT JOIN users u USING (user_no) LEFT JOIN items i USING (item_no) "
        "ORDER BY e.place"
    )
    return tuple(_told(row, blank) for row in asked.reader.rows(query, step=asked.step))


def _told(row: dict[str, Any], blank: str) -> dict[str, Any]:
    """A row without what is not known and without numbers of ours; times in ISO, money as a plain number."""
    out: dict[str, Any] = {}
    for name, value in row.items():
        if name in ("place", "user_no", "item_no") or (value is None and name != blank):
            continue
        if name == "at_utc":
            out["time"] = None if value is None else value.isoformat(sep=" ", timespec="seconds")
        else:
            out["order" if name == "order_id" else name] = (
                float(value) if name == "value" and value is not None else value
            )
    return out
