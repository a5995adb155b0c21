"""What is usual: median and spread of prices and quantities on the logarithmic scale, per item and overall.

Ten million sales are counted in steps of 1 % per item, in the database; medians and spreads are then taken from the
counts. They are those of the rows to within half a step, are the same however many threads count, and cost a fifth.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.quality.ask import remember
from core.quality.types import Asked
from core.store import Query, ident

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SALES = "event = 'purchase' AND quantity > 0 AND value > 0"
STEP = {"price": "round(100 * ln(value::DOUBLE / quantity))::INTEGER", "quantity": "round(100 * ln(quantity))::INTEGER"}
"""A sale's step: 100 x natural logarithm, so that one step is 1 %."""

_APART = 100_000  # an item's steps lie within +-50,000 (e to the 500th), so item and step make one number
CELL = {name: f"(coalesce(item_no, -1)::BIGINT * {_APART} + {step} + {_APART // 2})" for name, step in STEP.items()}
TO_SPREAD = 1.4826  # the median absolute deviation of a normal distribution, times this, is its standard deviation


@dataclass(frozen=True)
class Counts:
    """Sales per item and step, by item, then step. `item` is -1 where sales name none."""

    cell: Ints
    item: Ints
    step: Ints
    n: Ints


@dataclass(frozen=True)
class Usual:
    """Of each group, by its number: how many sales, their median and spread (1.4826 x MAD) as logarithms."""

    group: Ints
    n: Ints
    middle: Floats
    spread: Floats

    def place(self, groups: Ints) -> Ints:
        """Where each of `groups`, all of them known, stands in the arrays."""
        return np.searchsorted(self.group, groups)


def counts(asked: Asked, of: str) -> Counts:
    """Sales by item and step of "price" or "quantity"."""

    def make() -> Counts:
        table = asked.reader.read(
            Query(f"SELECT {CELL[of]} AS cell, count(*) AS n FROM events WHERE {SALES} GROUP BY ALL"), step=asked.step
        )
        cell, n = np.asarray(table["cell"].to_numpy(), np.int64), np.asarray(table["n"].to_numpy(), np.int64)
        order = np.argsort(cell)  # no two are equal
        cell, n = cell[order], n[order]
        return Counts(cell, cell // _APART, cell % _APART - _APART // 2, n)

    return remember(asked, f"counts of {of}", make)


def usual(group: Ints, step: Ints, n: Ints) -> Usual:
    """Median and spread of each group; `n` sales stand at each `step` of 1 %."""
    keys, place = _places(group)
    middle, total = _medians(place, step.astype(np.float64), n, len(keys))
    away, _ = _medians(place, np.abs(step - middle[place]), n, len(keys))
    return Usual(keys, total, middle / 100, away * TO_SPREAD / 100)


def _places(group: Ints) -> tuple[Ints, Ints]:
    """The different groups in order, and the place of each row's among them; rows in order of group take no sorting."""
    if len(group) and (group[1:] < group[:-1]).any():
        keys, place = np.unique(group, return_inverse=True)
        return keys, place
    first = np.r_[np.ones(min(len(group), 1), bool), group[1:] != group[:-1]]
    return group[first], np.cumsum(first) - 1


def usual_of_items(asked: Asked, of: str) -> Usual:
    """What is usual of each item."""

    def make() -> Usual:
        c = counts(asked, of)
        return usual(c.item, c.step, c.n)

    return remember(asked, f"usual {of} of items", make)


def _medians(place: Ints, value: Floats, n: Ints, groups: int) -> tuple[Floats, Ints]:
    """Weighted median of each group (the mean of the two in the middle where they are even), and its weight."""
    # Values are whole or half steps, so group and value make one number: sorted four times as fast as two
    steps = np.rint(2 * value).astype(np.int64)
    least, most = (int(steps.min()), int(steps.max())) if len(steps) else (0, 0)
    order = np.argsort(place * (most - least + 1) + steps - least)
    total = np.bincount(place, n, groups).astype(np.int64)
    upto = np.cumsum(n[order])
    before = np.cumsum(total) - total
    low = np.searchsorted(upto, before + (total - 1) // 2, side="right")
    high = np.searchsorted(upto, before + total // 2, side="right")
    sorted_ = value[order]
    return (sorted_[low] + sorted_[high]) / 2, total


def near(c: Counts, steps: int) -> Ints:
    """Of each count: sales of the same item at most so many steps away, itself included."""
    upto = np.r_[0, np.cumsum(c.n)]
    high = np.searchsorted(c.cell, c.cell + steps, side="right")
    low = np.searchsorted(c.cell, c.cell - steps, side="left")
    return np.asarray(upto[high] - upto[low], np.int64)


@dataclass(frozen=True)
class Shelf:
    """What the item table says, by item number: list price (NaN: none) and category (-1: none)."""

    item: Ints
    price: Floats
    category: Ints


def shelf(asked: Asked) -> Shelf:
    """List prices and categories of items; all unknown where there are no such columns."""
    price = column_of(asked, "price")
    category = column_of(asked, "category")
    cost = f"TRY_CAST({ident(price)} AS DOUBLE)" if price else "NULL::DOUBLE"
    kind = f"{ident(category)}::VARCHAR" if category else "NULL::VARCHAR"
    table = asked.reader.read(Query(f"SELECT item_no, {cost} AS price, {kind} AS kind FROM items ORDER BY item_no"))
    codes = table["kind"].combine_chunks().dictionary_encode().indices.fill_null(-1)
    return Shelf(
        np.asarray(table["item_no"].to_numpy(), np.int64),
        np.asarray(table["price"].to_numpy(), np.float64),
        np.asarray(codes.to_numpy(), np.int64),
    )


def column_of(asked: Asked, role: str) -> str | None:
    """The first column of items in this role."""
    return next((c for c in asked.columns["items"] if asked.roles.get(("items", c)) == role), None)


def numbers(values: Ints) -> str:
    """Whole numbers as one parameter; `IN_NUMBERS` reads them."""
    return json.dumps(values.tolist())


IN_NUMBERS = "IN (SELECT unnest(from_json(?, '[\"BIGINT\"]')))"
