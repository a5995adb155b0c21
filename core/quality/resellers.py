"""Buyers of far larger quantities than others: businesses among consumers, or whoever buys for others."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from core.quality.ask import remember
from core.quality.given import amount
from core.quality.per_user import Floats, Ints, Place, buying, column, numbers, percent, raw_ids
from core.quality.types import Asked, Exclude, Finding, Kind, Param, Repair, Selection
from core.store import Query

DEFAULTS: Mapping[str, Param] = {"far": 3.5, "orders": 3}
FIGURES = ("units", "line", "money")
TRADE = 0.25  # where so much of the money is theirs, they are the business, and leaving them out is no repair


def resellers(asked: Asked, params: Mapping[str, Param]) -> tuple[pa.Table, Mapping[str, Floats]]:
    """The rows of `buying` of the users taken for resellers, largest orders first, and how far each figure lies out.

    Raises Refusal `bad_selection`.
    """
    far, orders = amount(params, "far"), amount(params, "orders")
    return remember(asked, f"resellers {far} {orders}", lambda: _resellers(asked, far, orders))


def detect(asked: Asked) -> list[Finding]:
    """At most one finding; its repair is a second thought, and is left out where resellers are much of the trade."""
    found, far = resellers(asked, DEFAULTS)
    count, buyers = found.num_rows, buying(asked)
    if not count:
        return []
    money, total = float(column(found, "total").sum()), float(column(buyers, "total").sum())
    usual = {name: float(np.nanmedian(column(buyers, name))) for name in FIGURES}
    share = money / total if total else 0.0
    selection = Selection.of("reseller")
    names = raw_ids(asked, "users", numbers(found, "user_no")[:8])
    lots = (
        f" The usual buyer takes {usual['line']:,.0f} units a line here: much of the trade is wholesale already, and "
        "only those who stand out even so are named."
        if usual["line"] >= 5
        else ""
    )
    advice = (
        "They are a large part of the trade: this looks like wholesale, so no repair is offered; split them off by a "
        "segment rather than leave them out."
        if share > TRADE
        else "They are real customers: leave them out only where the question is about consumers."
    )
    return [
        Finding(
            "reseller",
            "look",
            f"{count:,} of {buyers.num_rows:,} buyers take far larger quantities than others; "
            f"{percent(money, total)} of gross revenue is theirs.",
            f"Of at least {DEFAULTS['orders']} orders, the median order lies at least {DEFAULTS['far']:g} spreads "
            "(median deviations of logarithms) above that of other buyers in two of: units an order, units a line, "
            f"money an order; units among them. Others: {usual['units']:,.0f} units and {usual['money']:,.2f} of "
            f"money an order, {usual['line']:,.1f} units a line. Single slips of the hand do not count.{lots} {advice}",
            "users",
            count,
            buyers.num_rows,
            selection=selection,
            examples=tuple(
                {"user": names[int(row["user_no"])], "why": _why(row, i, far, usual), "orders": row["orders"],
                 "revenue": round(row["total"] or 0.0, 2)}
                for i, row in enumerate(found.slice(0, 8).to_pylist())
            ),
            facts={"revenue": money, "share_of_revenue": share, **{f"usual_{name}": usual[name] for name in FIGURES}},
            repairs=() if share > TRADE else (Repair(selection, Exclude()),),
            users=count,
        )
    ]  # fmt: skip


def _resellers(asked: Asked, far: float, orders: float) -> tuple[pa.Table, Mapping[str, Floats]]:
    table = buying(asked)
    placed, above = {}, {}
    for name in FIGURES:
        values = column(table, name)
        place = Place.of(values)
        placed[name] = np.zeros(len(values)) if place is None else place.far(values)
        above[name] = np.zeros(len(values), np.bool_) if place is None else place.above(values, far)
    number = sum(values.astype(np.int64) for values in above.values())
    is_one = (number >= 2) & (above["units"] | above["line"]) & (column(table, "orders") >= orders)
    chosen: Ints = np.flatnonzero(is_one)
    chosen = chosen[np.argsort(-column(table, "units")[chosen], kind="stable")]
    return table.take(chosen), {name: values[chosen] for name, values in placed.items()}


def _why(row: Mapping[str, float], i: int, far: Mapping[str, Floats], usual: Mapping[str, float]) -> str:
    said = {
        "units": f"{row['units'] or 0:,.0f} units an order (others: {usual['units']:,.0f})",
        "line": f"{row['line'] or 0:,.1f} units a line (others: {usual['line']:,.1f})",
        "money": f"{row['money'] or 0:,.2f} an order (others: {usual['money']:,.2f})",
    }
    return "; ".join(said[name] for name in sorted(FIGURES, key=lambda name: -far[name][i])[:2])


def _choose(asked: Asked, params: Mapping[str, Param]) -> Query | pa.Array:
    return pa.array(numbers(resellers(asked, params)[0], "user_no"), pa.int64())


KINDS: tuple[Kind, ...] = (Kind("reseller", "users", "buyers of far larger quantities than others", DEFAULTS, _choose),)
"""reseller: `far` = spreads above other buyers; `orders` = orders that a user must have."""
