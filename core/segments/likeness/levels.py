"""Which columns of items say what kind of thing an item is, from coarse to fine, and which item has which value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array, Interactions
from core.store import Query, Store, ident

_MOST = 200  # values of a level that have a dimension of their own
_NESTED = 0.9  # how surely a finer value must tell the category, beyond guessing the commonest


@dataclass(frozen=True, eq=False)
class Level:
    """One level of categories.

    Attributes:
        column: of items. keys: its values in lower case; labels: as they are written most often.
        of: float32 CSR (items, keys): 1 for an item's value, parts of 1 where it has several.
        note: "" or what was left out.
    """

    column: str
    keys: tuple[str, ...]
    labels: tuple[str, ...]
    of: csr_matrix
    note: str = ""

    def on(self, keys: Sequence[str]) -> csr_matrix:
        """`of` with exactly these columns; those that the level does not have are empty."""
        place = {key: n for n, key in enumerate(self.keys)}
        at = np.array([place.get(key, -1) for key in keys], dtype=np.int64)
        have = np.flatnonzero(at >= 0)
        move = csr_matrix((np.ones(len(have)), (at[have], have)), shape=(len(self.keys), len(keys)))
        return csr_matrix(self.of @ move)


def levels(store: Store, x: Interactions, *, only: Sequence[str] | None = None) -> list[Level]:
    """The levels of the items of `x`: columns loaded as categories, and text attributes whose values lie within one
    category each (subcategories). With `only`, these columns. At most 200 values a level, the most taken ones.
    """
    rows = store.rows(
        Query(
            "SELECT c.column_name, c.role, d.data_type FROM columns c JOIN duckdb_columns() d"
            " USING (table_name, column_name) WHERE d.schema_name = 'main' AND c.table_name = 'items'"
            " AND c.role IN ('category', 'attribute') AND d.data_type IN ('VARCHAR', 'VARCHAR[]')"
            " ORDER BY c.role DESC, d.column_index"
        )
    )
    takers = np.bincount(x.matrix.indices, minlength=x.shape[1])
    found: list[Level] = []
    if only is not None:
        wanted = [row for row in rows if str(row["column_name"]) in only]
        return [_level(store, x, str(r["column_name"]), str(r["data_type"]), takers, most=None) for r in wanted]
    for row in rows:
        column, kind = str(row["column_name"]), str(row["data_type"])
        if row["role"] == "category":
            level = _level(store, x, column, kind, takers, most=_MOST)
            if len(level.keys) >= 2:
                found.append(level)
        elif found and kind == "VARCHAR":
            level = _level(store, x, column, kind, takers, most=_MOST)
            if any(finer(level.of, coarse.of) for coarse in found):
                found.append(level)
    return found


def finer(fine: csr_matrix, coarse: csr_matrix) -> bool:
    """Whether each value of `fine` lies within one of `coarse`: it has more values, of three items or more on average,
    and knowing it one guesses the coarse one with a tenth at most of the errors made without knowing it.
    """
    values = int((fine.sum(axis=0) > 0).sum())
    has = np.asarray(fine.sum(axis=1)).ravel() > 0
    if values <= (coarse.sum(axis=0) > 0).sum() / 2 or values < 3 or has.sum() < 3 * values:
        return False
    both = np.asarray((fine.T @ coarse).todense())
    total = both.sum()
    if total <= 0 or not np.all(np.diff(coarse.indptr) <= 1):  # lists have no inside
        return False
    blind = both.sum(axis=0).max() / total
    return bool(blind < 1 and (both.max(axis=1).sum() / total - blind) / (1 - blind) >= _NESTED)


def _level(store: Store, x: Interactions, column: str, kind: str, takers: Array, *, most: int | None) -> Level:
    cell = ident(column)
    value = f"unnest(CAST({cell} AS VARCHAR[]))" if kind.endswith("[]") else f"CAST({cell} AS VARCHAR)"
    values = f"SELECT item_no, trim(v) AS v, lower(trim(v)) AS k FROM (SELECT item_no, {value} AS v FROM items)"
    pairs = store.read(Query(f"SELECT DISTINCT item_no, k FROM ({values}) WHERE k <> '' ORDER BY k, item_no"))
    spelt = store.read(
        Query(f"SELECT k, v, count(*) AS n FROM ({values}) WHERE k <> '' GROUP BY k, v ORDER BY k, n DESC, v")
    )
    keys, codes = np.unique(np.asarray(pairs["k"].to_pylist(), dtype=object).astype(str), return_inverse=True)
    _, first = np.unique(np.asarray(spelt["k"].to_pylist(), dtype=object).astype(str), return_index=True)
    labels = np.asarray(spelt["v"].to_pylist(), dtype=object).astype(str)[first]
    rows = x.items.rows(pairs["item_no"].to_numpy())
    codes, rows = codes[rows >= 0], rows[rows >= 0]
    each = 1.0 / np.bincount(rows, minlength=x.shape[1])[rows] if len(rows) else np.empty(0)
    of = csr_matrix((each.astype(np.float32), (rows, codes)), shape=(x.shape[1], len(keys)))
    weight = takers @ of
    kept = np.arange(len(keys)) if most is None else np.sort(np.argsort(-weight, kind="stable")[:most])
    if most is not None:
        kept = kept[weight[kept] > 0]
    left = int((weight > 0).sum()) - len(kept)
    note = f"Of {column} the {most:,} most taken values count; {left:,} others do not." if left > 0 else ""
    return Level(column, tuple(map(str, keys[kept])), tuple(map(str, labels[kept])), csr_matrix(of[:, kept]), note)
