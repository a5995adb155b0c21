"""How far prices and quantities are from the usual: robust z on the logarithmic scale. Rules: core.quality.outliers."""

from __future__ import annotations

import numpy as np

from core.quality.types import Asked
from core.quality.usual import Bools, Counts, Floats, Ints, Usual, shelf, usual, usual_of_items

ENOUGH = 5  # sales from which on an item is measured against itself
PRICE_FLOOR, LIST_FLOOR, QUANTITY_FLOOR = 0.3, 0.4, 0.75
TAIL = 0.005  # the share of sales among which outliers of quantity are looked for


def price_z(asked: Asked, c: Counts) -> tuple[Floats, Floats, Ints]:
    """Of each count of prices: robust z, median in steps, and what it is measured against."""
    items = usual_of_items(asked, "price")
    at = items.place(c.item)
    middle, spread = items.middle.copy(), np.maximum(items.spread, PRICE_FLOOR)
    against = np.zeros(len(items.group), np.int64)
    few = items.n < ENOUGH
    if few.any():
        _by_others(asked, c, items, few, (middle, spread, against))
    return (c.step / 100 - middle[at]) / spread[at], middle[at] * 100, against[at]


def _by_others(asked: Asked, c: Counts, items: Usual, few: Bools, into: tuple[Floats, Floats, Ints]) -> None:
    """Where items have few sales: their list price, if such prices are those that items are sold at; else others'."""
    middle, spread, against = into
    known = shelf(asked)
    place = np.searchsorted(known.item, items.group)
    there = place < len(known.item)
    place[~there] = 0
    there &= items.group >= 0
    price = np.where(there, known.price[place], np.nan) if len(known.item) else np.full(len(place), np.nan)
    listed = np.log(np.where(price > 0, price, np.nan))
    off = np.abs(listed - items.middle)[~few]
    trusted = np.isnan(off).all() or np.nanmedian(off) < 0.5
    by_list = few & ~np.isnan(listed) & trusted
    middle[by_list], spread[by_list], against[by_list] = listed[by_list], LIST_FLOOR, 1
    category = np.where(there, known.category[place], -1) if len(known.item) else np.full(len(place), -1)
    rest = few & ~by_list
    for group, kind in ((category, 2), (np.zeros_like(category), 3)):
        if not rest.any():
            return
        peers = usual(group[items.place(c.item)], c.step, c.n)
        where = peers.place(group)
        fits = rest & (group >= 0) & (peers.n[where] >= 10 * ENOUGH)
        if kind == 3:
            fits = rest
        middle[fits] = peers.middle[where][fits]
        spread[fits] = np.maximum(peers.spread[where][fits], 2 * LIST_FLOOR)
        against[fits] = kind
        rest &= ~fits


def quantity_z(asked: Asked, c: Counts) -> tuple[Floats, Floats, Ints]:
    """Of each count of quantities: robust z (the smaller of those against its item and all), the usual, by what."""
    items = usual_of_items(asked, "quantity")
    every = usual(np.zeros_like(c.item), c.step, c.n)
    at = items.place(c.item)
    few = (items.n < ENOUGH)[at]
    if not len(c.n):
        return np.zeros(0), np.zeros(0), np.zeros(0, np.int64)
    overall = (c.step / 100 - every.middle[0]) / max(every.spread[0], QUANTITY_FLOOR)
    own = (c.step / 100 - items.middle[at]) / np.maximum(items.spread[at], QUANTITY_FLOOR)
    middle = np.where(few, every.middle[0], items.middle[at])
    return np.where(few, overall, np.minimum(overall, own)), middle * 100, np.where(few, 3, 0)


def in_tail(c: Counts) -> Bools:
    """Of each count of quantities: whether it is among the largest `TAIL` of all sales (or the ten largest)."""
    order = np.argsort(c.step, kind="stable")
    upto = np.cumsum(c.n[order])
    total = int(upto[-1]) if len(upto) else 0
    first = np.searchsorted(c.step[order], c.step, side="left")
    as_large = total - np.r_[0, upto][first]
    return np.asarray(as_large <= max(TAIL * total, 10), bool)
