"""Purchases and the returns that cancel them.

A return cancels a purchase of the same item by the same user: whole where quantity and value are exactly opposite, in
part where it takes back some of the pieces at the same price (within 1 %; of the same order: at any price). Purchases
without a user are matched whole only: nothing says who sent back a part. First those that name each other's order
(letters before its number aside: C541433 names 541433), then the latest purchase before the return or at the same
moment (ties: the higher event_no). No purchase is used up twice. Returns are events "return", and purchases of a
quantity below zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.quality.ask import one, remember
from core.quality.looks import described
from core.quality.types import Asked, Exclude, Finding, Kind, Param, Repair, Selection
from core.quality.usual import IN_NUMBERS, numbers
from core.store import Query

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

TRIES = 100  # purchases looked at for one return of a part: a shared login must not cost the square of its events
_RETURN = "(event = 'return' OR (event = 'purchase' AND quantity < 0))"
_BOUGHT = "event = 'purchase' AND coalesce(quantity, 1) > 0"
# What rows must share to belong together; anonymous ones are looked for by quantity and value too: they are many
_NAMED = "(user_no::BIGINT << 32) + coalesce(item_no, -1)"
_NAMELESS = "hash(item_no, abs(quantity), abs(value))"
_LETTERS = "'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_# '"
_CELLS = (
    "event_no AS no, coalesce(user_no, -1)::BIGINT AS who, coalesce(item_no, -1)::BIGINT AS what, "
    f"CASE WHEN order_id IS NULL THEN 0 ELSE (hash(coalesce(nullif(ltrim(order_id, {_LETTERS}), ''), order_id)) >> 1) "
    f"END"
    "::BIGINT AS named, "
    "coalesce(abs(quantity), -1)::DOUBLE AS pieces, coalesce(round(abs(value::DOUBLE) * 10000), -1)::BIGINT AS money, "
    "epoch_us(at_utc) AS at"
)
_ROWS = Query(
    f"WITH r AS (SELECT * FROM events WHERE {_RETURN} AND (user_no IS NOT NULL OR item_no IS NOT NULL) "
    "AND (quantity IS NOT NULL OR value IS NOT NULL)) "
    f"SELECT {_CELLS}, TRUE AS back FROM r UNION ALL SELECT {_CELLS}, FALSE AS back FROM events WHERE {_BOUGHT} "
    f"AND user_no IS NOT NULL AND {_NAMED} IN (SELECT {_NAMED} FROM r WHERE user_no IS NOT NULL) "
    f"UNION ALL SELECT {_CELLS}, FALSE AS back FROM events WHERE {_BOUGHT} "
    f"AND user_no IS NULL AND {_NAMELESS} IN (SELECT {_NAMELESS} FROM r WHERE user_no IS NULL)"
)


def paired(asked: Asked) -> pa.Table:
    """Each return that cancels a purchase, with it: by the return's number.

    Columns: purchase_no, return_no (event_no), whole (false: in part), minutes from the one to the other (NULL where
    a time is not known).
    """
    return remember(asked, "paired", lambda: match(asked.reader.read(_ROWS, step=asked.step)))


def match(rows: pa.Table) -> pa.Table:
    """Pairs among rows (no, who, what, named, pieces, money, at, back), see the module and `paired`."""
    rows = rows.sort_by("no")
    no, who, what, named, money = (_ints(rows, name) for name in ("no", "who", "what", "named", "money"))
    pieces = np.asarray(rows["pieces"].to_numpy(), np.float64)
    back = np.asarray(rows["back"].to_numpy(), bool)
    timeless = np.asarray(rows["at"].is_null().to_numpy(), bool)
    at = np.where(timeless, no, np.asarray(rows["at"].fill_null(0).to_numpy(), np.int64))  # then in the files' order
    same = (who, what, timeless, pieces, money)
    free = np.ones(len(no), bool)
    bought, sent, whole = [], [], []
    for extra, may in (((named,), named != 0), ((), free)):
        of = np.flatnonzero(free & may)
        p, r = _latest_first([key[of] for key in (*extra, *same)], at[of], back[of], no[of])
        bought.append(of[p])
        sent.append(of[r])
        whole.append(np.ones(len(p), bool))
        free[of[p]] = free[of[r]] = False
    of = np.flatnonzero(free & (who >= 0))
    p, r = _parts((who[of], what[of], timeless[of]), at[of], back[of], named[of], pieces[of], money[of])
    bought.append(of[p])
    sent.append(of[r])
    whole.append(np.zeros(len(p), bool))
    b, s, w = np.concatenate(bought), np.concatenate(sent), np.concatenate(whole)
    turn = np.argsort(no[s], kind="stable")
    b, s, w = b[turn], s[turn], w[turn]
    minutes = pa.array((at[s] - at[b]) / 60e6, pa.float64(), mask=timeless[s])
    return pa.table({"purchase_no": no[b], "return_no": no[s], "whole": w, "minutes": minutes})


def _ints(rows: pa.Table, name: str) -> Ints:
    return np.asarray(rows[name].to_numpy(), np.int64)


def _starts(keys: Sequence[npt.NDArray[np.generic]]) -> Bools:
    """Of rows sorted by `keys`: whether a row begins a new group."""
    first = np.zeros(len(keys[0]), bool)
    first[:1] = True
    for key in keys:
        first[1:] |= key[1:] != key[:-1]
    return first


def _latest_first(keys: Sequence[npt.NDArray[np.generic]], at: Ints, back: Bools, no: Ints) -> tuple[Ints, Ints]:
    """Rows of purchases and of their returns where, within rows of equal keys, each return takes the latest one left.

    That is how brackets close: a purchase opens one, a return closes the last that is open. So the depth of each is
    worked out for all groups at once, and at one depth a return closes the purchase just before it.
    """
    order = np.lexsort((no, back, at, *keys))
    if not len(order):
        return order, order
    group = np.cumsum(_starts([key[order] for key in keys])) - 1
    closes = back[order]
    total = np.cumsum(np.where(closes, -1, 1))
    begins = np.searchsorted(group, group)
    level = total - np.where(begins > 0, total[begins - 1], 0)
    apart = group * (len(order) + 1)  # keeps the running minimum of one group out of the next
    lowest = np.minimum.accumulate(np.minimum(level, 0) - apart) + apart
    before = np.where(np.arange(len(order)) == begins, 0, np.r_[0, lowest[:-1]])
    lost = closes & (lowest < before)  # a return that finds nothing open
    depth = level - lowest + closes
    kept = np.flatnonzero(~lost)
    kept = kept[np.lexsort((kept, depth[kept], group[kept]))]
    opens, shuts = kept[:-1], kept[1:]
    fits = ~closes[opens] & closes[shuts] & (group[opens] == group[shuts]) & (depth[opens] == depth[shuts])
    return order[opens[fits]], order[shuts[fits]]


def _parts(
    keys: tuple[Ints, Ints, Bools], at: Ints, back: Bools, named: Ints, pieces: Floats, money: Ints
) -> tuple[Ints, Ints]:
    """Rows of purchases and of returns that take back a part of them; each return the latest that has enough left."""
    order = np.lexsort((np.arange(len(at)), back, at, *keys))
    if not len(order):
        return order, order
    closes = back[order]
    size = np.where(pieces[order] > 0, pieces[order], money[order] / 1e4)
    price = np.where(pieces[order] > 0, money[order] / np.where(pieces[order] > 0, pieces[order], 1), -1)
    buys = np.flatnonzero(~closes)
    until = np.cumsum(~closes)  # purchases up to here, counted over all groups
    first = np.flatnonzero(_starts([key[order] for key in keys]))
    group = np.searchsorted(first, np.arange(len(order)), side="right") - 1
    since: Ints = (until - ~closes)[first][group]
    left, cost, orders = size[buys].tolist(), price[buys].tolist(), named[order][buys].tolist()
    taken, by = [], []
    for row in np.flatnonzero(closes & (until > since) & (size > 0)).tolist():
        need, paid, own = size[row] * (1 - 1e-9), price[row], int(named[order[row]])
        found = -1
        for j in range(int(until[row]) - 1, max(int(since[row]), int(until[row]) - TRIES) - 1, -1):
            if left[j] < need:
                continue
            if own and orders[j] == own:
                found = j
                break
            if found < 0 and abs(cost[j] - paid) <= 0.01 * abs(paid):
                found = j
                if not own:
                    break
        if found >= 0:
            left[found] -= size[row]
            taken.append(int(buys[found]))
            by.append(row)
    return order[np.array(taken, np.int64)], order[np.array(by, np.int64)]


def cancelled(asked: Asked, within_hours: float | None) -> pa.Table:
    """Whole pairs, of which the return came within so many hours (None: at any time, also where none is known)."""
    pairs = paired(asked)
    keep = np.asarray(pairs["whole"].to_numpy(), bool)
    if within_hours is not None:
        keep = keep & (pairs["minutes"].to_numpy() <= within_hours * 60)  # NaN, not known, is not within
    return pairs.filter(pa.array(keep))


def cancellations(asked: Asked, nos: list[int]) -> dict[int, dict[str, Any]]:
    """Of purchases that are cancelled in full: their return's order and the minutes between."""
    pairs = paired(asked)
    mine = np.isin(pairs["purchase_no"].to_numpy(), nos) & np.asarray(pairs["whole"].to_numpy(), bool)
    found = pairs.filter(pa.array(mine)).to_pylist()
    if not found:
        return {}
    orders = asked.reader.rows(
        Query(
            f"SELECT event_no, order_id FROM events WHERE event_no {IN_NUMBERS}",
            (numbers(np.array([row["return_no"] for row in found], np.int64)),),
        )
    )
    order = {row["event_no"]: row["order_id"] for row in orders}
    return {
        row["purchase_no"]: {"cancelled by": order[row["return_no"]], "cancelled after minutes": row["minutes"]}
        for row in found
    }


def _choose(asked: Asked, params: Mapping[str, Param]) -> pa.Array:
    hours = params["within_hours"]
    pairs = cancelled(asked, None if hours is None else float(str(hours)))
    return pa.concat_arrays([pairs[name].combine_chunks() for name in ("purchase_no", "return_no")])


HOURS = 24.0
KINDS: tuple[Kind, ...] = (
    Kind(
        "cancelled_pair", "events", "purchases cancelled in full, and their returns", {"within_hours": HOURS}, _choose
    ),
)


def detect(asked: Asked) -> list[Finding]:
    """Purchases that were taken back in full within a day, with what is known of all returns."""
    total = one(asked, _TOTAL)
    pairs, soon = paired(asked), cancelled(asked, HOURS)
    if not len(soon):
        return []
    selection = Selection.of("cancelled_pair", within_hours=HOURS)
    shown = described(asked, soon["purchase_no"].to_numpy(), most=8)
    money = shown.pop("money")
    returns, found = int(total["returns"]), len(pairs)
    whole = int(np.count_nonzero(pairs["whole"].to_numpy()))
    back = dict(zip(soon["purchase_no"].to_pylist(), soon["minutes"].to_pylist(), strict=True))
    examples = tuple({**row, "cancelled after minutes": back[row["event_no"]]} for row in shown["rows"])
    return [
        Finding(
            "cancelled_pair",
            "note",
            f"{len(soon):,} purchases worth {money:,.2f} were taken back in full within {HOURS:.0f} hours",
            f"A return cancels the latest purchase before it of the same item by the same user, or of the order that "
            f"it "
            f"names, where quantity and value are exactly opposite. Of {returns:,} returns {found:,} have their "
            f"purchase ({whole:,} in full); for the other {returns - found:,} it was made before the data begin, or "
            "differs in price or quantity. Leaving both sides out keeps net revenue as it is, and takes away orders "
            "and "
            "interest in what was never kept.",
            "events",
            2 * len(soon),
            int(total["events"]),
            selection=selection,
            examples=examples,
            facts={
                "returns": returns,
                "returns_paired": found,
                "returns_paired_whole": whole,
                "returns_unpaired": returns - found,
                "share_paired": found / returns if returns else None,
                "money": money,
            },
            repairs=(Repair(selection, Exclude(), "bought by mistake and taken back the same day"),),
            users=shown["users"],
        )
    ]


_TOTAL = Query(f"SELECT count(*) AS events, count(*) FILTER ({_RETURN}) AS returns FROM events")
