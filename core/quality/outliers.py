"""Purchases of an unusual price or quantity, by the robust z, and whether a return has cancelled them.

The robust z of a value is its distance from the median over the median absolute deviation (x 1.4826), on the
logarithmic scale: twice the price is as far away as half of it.

price: against the item's own sales, or where it has fewer than `ENOUGH`, against its list price, else its category or
all items. The deviation counts as at least `PRICE_FLOOR`, so that an item always sold at one price is not flagged for a
few per cent; and a price at which the item was sold three times or more is another price of it, not an outlier.
quantity: far from both the item's and all sales' usual, among the largest 0.5 % of all, and more than ten times what
this buyer usually takes (of buyers with five purchases or more): wholesale is no mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from core.errors import Refusal
from core.quality.ask import one, remember
from core.quality.distances import ENOUGH, PRICE_FLOOR, QUANTITY_FLOOR, TAIL, in_tail, price_z, quantity_z
from core.quality.looks import described, medians
from core.quality.pairs import cancellations, paired
from core.quality.types import Asked, Cap, Exclude, Fill, Finding, Kind, Param, Repair, Selection
from core.quality.usual import (
    CELL,
    IN_NUMBERS,
    SALES,
    TO_SPREAD,
    Bools,
    Floats,
    Ints,
    counts,
    near,
    numbers,
    usual_of_items,
)
from core.store import Query

LIMITS = {"price": 6.0, "quantity": 3.5}
OTHER_PRICE = 3  # sales within 10 % of a price that make it one of the item's prices
USUAL_TIMES, USUAL_SALES = 10.0, 5
Against = ("its own sales", "its list price", "its category", "all items")


@dataclass(frozen=True)
class Odd:
    """Purchases of an unusual price or quantity, those of the most money at stake first.

    Attributes:
        no: event_no.
        usual: the price or quantity that was to be expected.
        sales: of the item, how many that is taken from.
        z: robust z, signed. against: place in `Against`.
        stake: value of the purchase less what it would be worth at the usual figure.
        paired: whether a return cancels it in full.
        slip: power of ten that it is off by, where a decimal point has slipped; else 0.
    """

    no: Ints
    usual: Floats
    sales: Ints
    z: Floats
    against: Ints
    stake: Floats
    paired: Bools
    slip: Ints

    def only(self, keep: Bools) -> Odd:
        """Some of them."""
        return Odd(**{name: column[keep] for name, column in vars(self).items()})


def odd(asked: Asked, of: str, limit: float) -> Odd:
    """All purchases whose price (`of` "price") or quantity is more than `limit` robust z from the usual."""
    return remember(asked, f"odd {of} beyond {limit}", lambda: _odd(asked, of, limit))


def _odd(asked: Asked, of: str, limit: float) -> Odd:
    c = counts(asked, of)
    z, middle, against = price_z(asked, c) if of == "price" else quantity_z(asked, c)
    flagged = (np.abs(z) > limit) & (near(c, 10) < OTHER_PRICE) if of == "price" else (z > limit) & in_tail(c)
    cells = np.flatnonzero(flagged)
    rows = asked.reader.read(
        Query(
            f"SELECT event_no, user_no, quantity, value::DOUBLE AS value, {CELL[of]} AS cell FROM events WHERE {SALES} "
            f"AND coalesce(item_no, -1) {IN_NUMBERS} AND quantity >= ? AND {CELL[of]} {IN_NUMBERS}",
            (
                numbers(np.unique(c.item[cells])),
                0.0 if of == "price" or not len(cells) else float(np.exp(c.step[cells].min() / 100 - 0.01)),
                numbers(c.cell[cells]),
            ),
        ),
        step=asked.step,
    )
    at = np.searchsorted(c.cell, np.asarray(rows["cell"].to_numpy(), np.int64))
    if of == "quantity":
        keep = ~_usual_for_buyer(asked, rows)
        rows, at = rows.filter(pa.array(keep)), at[keep]
    no = np.asarray(rows["event_no"].to_numpy(), np.int64)
    quantity, value = np.asarray(rows["quantity"].to_numpy()), np.asarray(rows["value"].to_numpy())
    figure = value / quantity if of == "price" else quantity
    ordinary = np.exp(middle[at] / 100)
    pairs = paired(asked)
    undone = np.isin(no, pairs["purchase_no"].to_numpy()[np.asarray(pairs["whole"].to_numpy(), bool)])
    items = usual_of_items(asked, of)
    found = Odd(
        no, ordinary, items.n[items.place(c.item[at])], z[at], against[at], value * (1 - ordinary / figure), undone,
        _slip(figure / ordinary) if of == "price" else np.zeros(len(no), np.int64),
    )  # fmt: skip
    turn = np.lexsort((no, -np.abs(found.stake)))
    return Odd(**{name: column[turn] for name, column in vars(found).items()})


def _usual_for_buyer(asked: Asked, rows: pa.Table) -> Bools:
    """Whether a row's quantity is at most ten times the median of what its user buys."""
    who = np.asarray(rows["user_no"].fill_null(-1).to_numpy(), np.int64)
    table = asked.reader.read(
        Query(
            f"SELECT user_no, median(quantity) AS middle FROM events WHERE {SALES} AND user_no {IN_NUMBERS} "
            "GROUP BY user_no HAVING count(*) >= ? ORDER BY user_no",
            (numbers(np.unique(who[who >= 0])), USUAL_SALES),
        ),
        step=asked.step,
    )
    if not len(table):
        return np.zeros(len(who), bool)
    users = np.asarray(table["user_no"].to_numpy(), np.int64)
    place = np.minimum(np.searchsorted(users, who), len(users) - 1)
    most = np.where(users[place] == who, table["middle"].to_numpy()[place] * USUAL_TIMES, -1)
    return np.asarray(rows["quantity"].to_numpy() <= most, bool)


def _slip(ratio: Floats) -> Ints:
    """The power of ten (-4 to 4) that a ratio is within 20 % of; 0 where it is near none."""
    power = np.round(np.log10(ratio))
    near_it = np.abs(np.log10(ratio) - power) < np.log10(1.2)
    return np.where(near_it & (np.abs(power) <= 4), power, 0).astype(np.int64)


# ---- selections and findings


def which(asked: Asked, of: str, params: Mapping[str, Param]) -> Odd:
    """The purchases that a selection's parameters mean (its `with_return` aside). Raises Refusal `bad_selection`."""
    limit, state = params["limit"], params["paired"]
    if not isinstance(limit, int | float) or isinstance(limit, bool) or not limit > 0:
        raise Refusal("bad_selection", f"limit = {limit!r} is no limit.", "Give a number above 0, as 6.")
    found = odd(asked, of, float(limit))
    if params.get("slip"):
        found = found.only(found.slip != 0)
    return found.only(standing(state, found.paired))


def standing(state: Param, undone: Bools) -> Bools:
    """Which of them are as `paired` asks for: any, paired, unpaired. Raises Refusal `bad_selection`."""
    if state not in ("any", "paired", "unpaired"):
        raise Refusal("bad_selection", f"paired = {state!r} is not known.", "There are: any, paired, unpaired.")
    return np.ones(len(undone), bool) if state == "any" else undone == (state == "paired")


def with_returns(asked: Asked, no: Ints) -> Ints:
    """Purchases, and the returns that cancel them in full."""
    pairs = paired(asked)
    mine = np.isin(pairs["purchase_no"].to_numpy(), no) & np.asarray(pairs["whole"].to_numpy(), bool)
    return np.asarray(np.r_[no, np.asarray(pairs["return_no"].to_numpy(), np.int64)[mine]], np.int64)


def numbers_of(asked: Asked, no: Ints, params: Mapping[str, Param]) -> pa.Array:
    """A selection's answer: purchases, with their returns where `with_return` says so."""
    return pa.array(with_returns(asked, no) if params["with_return"] else no, pa.int64())


def _price(asked: Asked, params: Mapping[str, Param]) -> pa.Array:
    return numbers_of(asked, which(asked, "price", params).no, params)


def _quantity(asked: Asked, params: Mapping[str, Param]) -> pa.Array:
    return numbers_of(asked, which(asked, "quantity", params).no, params)


_STATE: dict[str, Param] = {"paired": "any", "with_return": False}
KINDS: tuple[Kind, ...] = (
    Kind(
        "price_outlier", "events", "purchases at an unusual price",
        {"limit": LIMITS["price"], "slip": False, **_STATE}, _price,
    ),
    Kind(
        "quantity_outlier", "events", "purchases of an unusual quantity",
        {"limit": LIMITS["quantity"], **_STATE}, _quantity,
    ),
)  # fmt: skip


def detect(asked: Asked) -> list[Finding]:
    """Unusual prices and quantities: those that stand, and those that a return has cancelled."""
    total = int(one(asked, _SOLD)["n"])
    if not total:
        return []
    found = [_finding(asked, of, state, total) for of in ("price", "quantity") for state in ("unpaired", "paired")]
    return [finding for finding in found if finding is not None]


_SOLD = Query(f"SELECT count(*) AS n FROM events WHERE {SALES}")


def _finding(asked: Asked, of: str, state: str, total: int) -> Finding | None:
    limit = LIMITS[of]
    o = odd(asked, of, limit)
    o = o.only(standing(state, o.paired))
    if not len(o.no):
        return None
    undone = state == "paired"
    chosen = Selection.of(f"{of}_outlier", paired=state, **({"with_return": True} if undone else {}))
    shown = described(asked, o.no, most=8, ranked=True)
    slips = int(np.count_nonzero(o.slip))
    count = len(with_returns(asked, o.no)) if undone else len(o.no)
    stake = float(np.abs(o.stake).sum())
    tail = ", each with its cancellation" if undone else f", {stake:,.2f} away from the usual; no return cancels them"
    return Finding(
        f"{of}_outlier",
        "serious" if slips and not undone else "look",
        f"{len(o.no):,} purchases worth {shown['money']:,.2f} have an unusual {of}{tail}",
        _meaning(of, limit, slips) + _both(undone),
        "events",
        count,
        total,
        column=of,
        selection=chosen,
        examples=tuple(examples(asked, shown["rows"], o, of)),
        facts={
            "limit": limit,
            "purchases": len(o.no),
            "money": shown["money"],
            "stake": stake,
            **({"decimal_slips": slips} if of == "price" else {}),
        },
        repairs=_repairs(of, chosen, slips, len(o.no)),
        users=shown["users"],
    )


def _both(undone: bool) -> str:
    return " Counted and left out with both sides, so that net revenue stays as it is." if undone else ""


def _meaning(of: str, limit: float, slips: int) -> str:
    if of == "price":
        words = (
            f"On the logarithmic scale, more than {limit:g} robust deviations (median absolute deviation x "
            f"{TO_SPREAD}, at "
            f"least {PRICE_FLOOR}) from the median of the item's sales; where it has fewer than {ENOUGH}, from its "
            f"list "
            "price, else from its category or all items. A price at which the item was sold three times or more is "
            "taken "
            "for another price of it."
        )
        return words + (
            f" In {slips:,} a decimal point seems to have slipped (10, 100, ... times off)." if slips else ""
        )
    return (
        f"On the logarithmic scale, more than {limit:g} robust deviations (at least {QUANTITY_FLOOR}) above the "
        f"median of "
        f"the item's sales and of all sales, among the largest {TAIL:.1%} of all, and more than {USUAL_TIMES:g} times "
        f"what "
        f"the buyer usually takes (of buyers with {USUAL_SALES} purchases or more)."
    )


def _repairs(of: str, chosen: Selection, slips: int, found: int) -> tuple[Repair, ...]:
    if chosen.get("paired") == "paired":
        return (Repair(chosen, Exclude(), "bought by mistake and cancelled: both sides go"),)
    if of == "quantity":
        return (
            Repair(
                chosen, Cap("quantity", high=0.999, quantiles=True, group="item"), "at most the item's 99.9 % quantile"
            ),
            Repair(chosen, Exclude()),
        )
    fill = Fill("price", "median", group="item")
    slipped = Selection.of("price_outlier", paired="unpaired", slip=True)
    some = (Repair(slipped, fill, "a decimal point slipped"),) if 0 < slips < found else ()
    low_high = Cap("price", low=0.001, high=0.999, quantiles=True, group="item")
    return (*some, Repair(chosen, fill, "the item's usual price"), Repair(chosen, low_high), Repair(chosen, Exclude()))


def examples(asked: Asked, rows: list[dict[str, Any]], o: Odd, of: str) -> list[dict[str, Any]]:
    """Rows of looks.described with what was to be expected, why they stand out, and their cancellation."""
    place = {no: i for i, no in enumerate(o.no.tolist())}
    undone = cancellations(asked, [row["event_no"] for row in rows])
    exact = medians(asked, of, [row["event_no"] for row in rows if not o.against[place[row["event_no"]]]])
    for row in rows:
        i = place[row["event_no"]]
        usual_ = exact.get(row["event_no"], float(o.usual[i]))
        ratio = row[of] / usual_
        row[f"usual {of}"] = round(usual_, 4)
        row["usual from"] = Against[int(o.against[i])]
        row["sales of the item"] = int(o.sales[i])
        times = f"{ratio:,.1f} times the usual" if ratio >= 1 else f"a {1 / ratio:,.1f}th of the usual"
        row["reason"] = f"a decimal point slipped: {times}" if o.slip[i] else times
        row.update(undone.get(row["event_no"], {}))
    return rows
