"""The judged users in parts: by a column of users, a saved segment, or how long their history is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.segments import get_segment, members
from core.store import Query, Store, contact_columns, ident

MOST_PARTS = 12
"""Parts of a column at most: the largest, and all others together."""
MISSING, OTHERS = "(missing)", "(all others)"


@dataclass(frozen=True, eq=False)
class People:
    """Judged users in parts.

    Attributes:
        by: as in CompareSpec.segments.
        parts: what people call each part, in a sensible order.
        part: int64 (n,), the place in `parts` of each judged user.
    """

    by: str
    parts: tuple[str, ...]
    part: Array


def people(store: Store, by: str, x: Interactions | None, user_nos: Array) -> People:
    """The users `user_nos` (rising) in parts; parts without a judged user are left out. `x`: for "history" alone.

    Raises Refusal `no_such_column`, `personal_column`, and what core.segments raises of a segment.
    """
    kind, _, name = by.partition(":")
    if kind == "history":
        assert x is not None
        return _packed(by, *_history(np.diff(x.matrix.indptr)[x.users.rows(user_nos)]))
    if kind == "segment":
        rows = store.read(members(store, get_segment(store, name)))["user_no"].to_numpy()
        return _packed(by, [name, f"not in {name}"], np.where(np.isin(user_nos, rows), 0, 1))
    return _packed(by, *_column(store, name, user_nos))


def _history(lengths: Array) -> tuple[list[str], Array]:
    """Short, middle and long: cut at the values nearest to thirds, so that equal histories are together."""
    places, edges = _thirds(lengths.astype(np.float64))
    low = [int(lengths.min()), *(int(e) + 1 for e in edges)]
    high = [*(int(e) for e in edges), int(lengths.max())]
    names = {1: ("all histories",), 2: ("short history", "long history")}.get(
        len(low), ("short history", "middle history", "long history")
    )
    told = [
        f"{name} ({a:,} item{'s' if b != 1 else ''})" if a == b else f"{name} ({a:,} to {b:,} items)"
        for name, a, b in zip(names, low, high, strict=True)
    ]
    return told, places


def _thirds(values: Array) -> tuple[Array, list[float]]:
    """The part of each value, and the highest value of every part but the last."""
    edges = sorted(
        {float(np.quantile(values, share, method="lower")) for share in (1 / 3, 2 / 3)} - {float(values.max())}
    )
    return np.searchsorted(edges, values, side="left"), edges


def _column(store: Store, name: str, user_nos: Array) -> tuple[list[str], Array]:
    kinds = {
        str(row["column_name"]): str(row["data_type"])
        for row in store.rows(
            Query(
                "SELECT d.column_name, d.data_type FROM duckdb_columns() d"
                " JOIN columns c USING (table_name, column_name) WHERE d.schema_name = 'main'"
                " AND d.table_name = 'users' ORDER BY d.column_index"
            )
        )
    }
    if name.lower() in {column.lower() for column in contact_columns(store)}:
        raise Refusal("personal_column", f"{name} says how to reach people.", "Name a column that many users share.")
    if name not in kinds:
        known = ", ".join(sorted(kinds)) or "none"
        raise Refusal("no_such_column", f"Users have no column {name!r}.", f"There are: {known}.")
    kind, cell = kinds[name], ident(name)
    number = kind.startswith(("DECIMAL", "DOUBLE", "FLOAT")) or "INT" in kind
    text = f"array_to_string({cell}, ', ')" if kind.endswith("[]") else f"CAST({cell} AS VARCHAR)"
    amount = f"CAST({cell} AS DOUBLE)" if number else "NULL::DOUBLE"
    table = store.read(Query(f"SELECT user_no, {text} AS told, {amount} AS amount FROM users ORDER BY user_no"))
    table = table.take(pa.array(np.searchsorted(table["user_no"].to_numpy(), user_nos)))
    told = pc.if_else(pc.equal(pc.fill_null(table["told"], ""), ""), MISSING, table["told"])
    coded = told.combine_chunks().dictionary_encode()
    found = [str(value) for value in coded.dictionary.to_pylist()]
    order = sorted(range(len(found)), key=lambda n: (found[n] == MISSING, found[n]))
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    places, names = back[coded.indices.to_numpy()], [found[n] for n in order]
    if len(names) <= MOST_PARTS:
        return names, places
    if number:
        return _numbers(pc.fill_null(table["amount"], np.nan).to_numpy())
    counts = np.bincount(places, minlength=len(names))
    largest = np.sort(np.lexsort((np.arange(len(names)), -counts))[: MOST_PARTS - 1])
    new = np.full(len(names), len(largest))
    new[largest] = np.arange(len(largest))
    return [*(names[n] for n in largest), OTHERS], new[places]


def _numbers(values: Array) -> tuple[list[str], Array]:
    known = np.isfinite(values)
    places = np.full(len(values), 0)
    inner, edges = _thirds(values[known])
    places[known] = inner
    names = []
    for n in range(len(edges) + 1):
        below = f"above {edges[n - 1]:,g}" if n else ""
        upto = f"up to {edges[n]:,g}" if n < len(edges) else ""
        names.append(" ".join(t for t in (below, upto) if t) or "all values")
    places[~known] = len(names)
    return [*names, MISSING], places


def _packed(by: str, names: Sequence[str], places: Array) -> People:
    used, part = np.unique(places, return_inverse=True)
    return People(by, tuple(names[n] for n in used), part)
