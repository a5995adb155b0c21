"""Share of wallet: of what buyers spend, how much goes to a category, a brand, or this shop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from core.behaviour import EVERYTHING, IS_TRADE, NET_UNITS, Window, resolve, table
from core.errors import Refusal
from core.segments import read_schema
from core.store import Query, Store, ident

Kind = Literal["total", "elsewhere"]
BANDS = ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0))
"""Shares of wallet, from the first to below the second; the last one to 100 % itself."""

_FEW = 300
NEEDED = (
    "Share of wallet proper needs to know what each user spends altogether, which no shop sees in its own data: load an"
    " attribute file of users with a number for it (from a survey, a panel or a bank), for the same stretch of time."
)


@dataclass(frozen=True, eq=False)
class Requirements:
    """What the buyers of each category (brand, ...) spend on it, of all that they spend here.

    Attributes:
        window: as asked, with its end filled in.
        column: the items' column. measure: "value" (net revenue), or "units" where no purchase has a value.
        buyers: users with net purchases of items whose column is known; total: what they bought of these.
        table: label (str), buyers (int, users with net purchases of it), penetration (of all buyers), amount (net),
            share (of the total), scr (of all that its buyers bought, the share that was of it), sole (share of its
            buyers who bought nothing else); by amount, the first 300. An item of several categories counts in each.
        problem: why nothing can be shown.
    """

    window: Window
    column: str = ""
    measure: str = "value"
    buyers: int = 0
    total: float = 0.0
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class Wallet:
    """What users spend here, of what they spend altogether by a column of their own.

    Attributes:
        window: as asked, with its end filled in.
        column, kind: whether the column is the total, or what they spend elsewhere.
        users: buyers with a known wallet above zero; unknown: buyers without; over: those of `users` who spent more
            here than the column says they spend at all (their share counts as 100 %).
        share: all their spending here / all their wallets. median: of the users' own shares.
        table: low, high (float), users (int), share_of_users (float).
        problem: why nothing can be shown.
    """

    window: Window
    column: str = ""
    kind: Kind = "total"
    users: int = 0
    unknown: int = 0
    over: int = 0
    share: float | None = None
    median: float | None = None
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    problem: str | None = None


def item_columns(store: Store) -> tuple[str, ...]:
    """The items' columns of words or lists of words: categories first, then the others, no titles and ids."""
    rows = store.rows(Query("SELECT column_name, role FROM columns WHERE table_name = 'items'"))
    roles = {str(row["column_name"]): str(row["role"]) for row in rows}
    kinds = read_schema(store).item
    names = [name for name, kind in kinds.items() if kind in ("text", "list") and roles.get(name) != "title"]
    return tuple(sorted((n for n in names if n in roles), key=lambda n: (roles[n] != "category", n)))


def wallet_columns(store: Store) -> tuple[str, ...]:
    """The users' columns of numbers: what they spend may be one of them."""
    return tuple(sorted(name for name, kind in read_schema(store).user.items() if kind == "number"))


def requirements(store: Store, column: str, window: Window = EVERYTHING) -> Requirements:
    """Share of requirements by an item column. Raises Refusal `no_such_column`."""
    window = resolve(store, window)
    measure = _measure(store, window)
    pairs = _pairs(store, column, window, measure)
    rows = table(
        store,
        Query("WITH ") + pairs + ", everyone AS (SELECT count(*) AS n, sum(all_of_it) AS total FROM whole)"
        " SELECT label, count(*) AS buyers, count(*) / n AS penetration, sum(amount) AS amount, sum(amount) / total AS"
        " share, sum(amount) / sum(all_of_it) AS scr, count(*) FILTER (amount >= all_of_it * (1 - 1e-9)) / count(*) AS"
        " sole, n AS everyone, total FROM pairs JOIN whole USING (user_no), everyone GROUP BY label, n, total"
        f" ORDER BY amount DESC, label LIMIT {_FEW}",
    )  # fmt: skip
    if rows.empty:
        return Requirements(window, column, measure, problem=f"Nobody has bought items with a known {column} in this"
                            " period, net of returns.")  # fmt: skip
    shown = rows.drop(columns=["everyone", "total"])
    return Requirements(window, column, measure, int(rows["everyone"][0]), float(rows["total"][0]), shown)


def requirements_users(
    store: Store, column: str, label: str, window: Window = EVERYTHING, *, sole: bool = False
) -> Query:
    """The users (`user_no`) with net purchases of `label`; with `sole`, those who bought nothing else."""
    window = resolve(store, window)
    pairs = Query("SELECT user_no FROM (WITH ") + _pairs(store, column, window, _measure(store, window))
    more = " AND amount >= all_of_it * (1 - 1e-9)" if sole else ""
    return pairs + Query(f" SELECT user_no FROM pairs JOIN whole USING (user_no) WHERE label = ?{more})", (label,))


def wallet(store: Store, column: str, kind: Kind = "total", window: Window = EVERYTHING) -> Wallet:
    """Share of wallet by a number column of users. Raises Refusal `no_such_column`."""
    window = resolve(store, window)
    rows = table(store, _wallets(store, column, kind, window))
    known = rows[rows["wallet"].notna() & (rows["wallet"] > 0)]
    if known.empty:
        return Wallet(window, column, kind, 0, len(rows), problem=f"No buyer of this period has a {column} above zero."
                      if len(rows) else "Nobody has bought for a known value in this period.")  # fmt: skip
    own = np.clip((known["spent"] / known["wallet"]).to_numpy(dtype=np.float64), 0, 1)
    place = np.minimum((own * len(BANDS) + 1e-9).astype(np.int64), len(BANDS) - 1)
    users = np.bincount(place, minlength=len(BANDS))
    bands = pd.DataFrame([*BANDS], columns=["low", "high"]).assign(users=users, share_of_users=users / len(own))
    spent = np.minimum(known["spent"].clip(lower=0), known["wallet"])
    return Wallet(
        window, column, kind, len(known), len(rows) - len(known), int((known["spent"] > known["wallet"]).sum()),
        float(spent.sum() / known["wallet"].sum()), float(np.median(own)), bands,
    )  # fmt: skip


def wallet_users(store: Store, column: str, kind: Kind, band: int, window: Window = EVERYTHING) -> Query:
    """The users in a band of the share of wallet, by its place in BANDS. Raises Refusal `no_such_cell`."""
    if not 0 <= band < len(BANDS):
        raise Refusal("no_such_cell", f"There is no band {band + 1}.")
    inside = Query("SELECT user_no FROM (") + _wallets(store, column, kind, resolve(store, window))
    return inside + Query(
        f") WHERE wallet > 0 AND least(floor(greatest(least(spent / wallet, 1), 0) * {len(BANDS)} + 1e-9),"
        f" {len(BANDS) - 1}) = ?", (band,),
    )  # fmt: skip


def _measure(store: Store, window: Window) -> str:
    valued = Query(f"SELECT count(value) > 0 AS any FROM events WHERE {IS_TRADE} AND user_no IS NOT NULL AND ")
    return "value" if store.rows(valued + window.condition())[0]["any"] else "units"


def _pairs(store: Store, column: str, window: Window, measure: str) -> Query:
    """CTEs: `pairs` (user_no, label, amount above zero), `whole` (user_no, all_of_it): net, in the window.

    A user's whole is the sum over the items with a known label on which the user's net is above zero; a pair likewise:
    so what went back wholly is no part of either, and no share is above 1.
    """
    kinds = read_schema(store).item
    if column not in item_columns(store):
        raise Refusal("no_such_column", f"The items have no column {column!r} of words.",
                      f"There are: {', '.join(item_columns(store)) or 'none'}.")  # fmt: skip
    name = ident(column)
    value = f"unnest(CAST({name} AS VARCHAR[]))" if kinds[column] == "list" else f"CAST({name} AS VARCHAR)"
    amount = "sum(value)::DOUBLE" if measure == "value" else f"({NET_UNITS})::DOUBLE"
    labels = (
        f"labels AS (SELECT DISTINCT item_no, label FROM (SELECT item_no, {value} AS label FROM items)"
        " WHERE label IS NOT NULL AND trim(label) != '')"
    )
    bought = (
        Query(
            f", bought AS MATERIALIZED (SELECT user_no, item_no, {amount} AS amount FROM events WHERE {IS_TRADE}"
            " AND user_no IS NOT NULL AND item_no IS NOT NULL AND "
        )
        + window.condition()
    )
    return (
        Query(labels) + bought + " GROUP BY user_no, item_no HAVING amount > 0)"
        ", whole AS (SELECT user_no, sum(amount) AS all_of_it FROM bought WHERE item_no IN (SELECT item_no FROM labels)"
        " GROUP BY user_no)"
        ", pairs AS (SELECT user_no, label, sum(amount) AS amount FROM bought JOIN labels USING (item_no)"
        " GROUP BY user_no, label)"
    )  # fmt: skip


def _wallets(store: Store, column: str, kind: Kind, window: Window) -> Query:
    """user_no, spent (net here), wallet (NULL: not known) of users who bought in the window."""
    if column not in wallet_columns(store):
        raise Refusal("no_such_column", f"The users have no column {column!r} of numbers.", NEEDED)
    name = f"CAST(u.{ident(column)} AS DOUBLE)"
    whole = name if kind == "total" else f"{name} + greatest(spent, 0)"
    return (
        Query(f"SELECT user_no, spent, {whole} AS wallet FROM (SELECT user_no, sum(value)::DOUBLE AS spent FROM events"
              f" WHERE {IS_TRADE} AND user_no IS NOT NULL AND ")
        + window.condition()
        + " GROUP BY user_no HAVING bool_or(event = 'purchase') AND count(value) > 0) JOIN users u USING (user_no)"
    )  # fmt: skip
