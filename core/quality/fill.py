"""New values for missing ones, or in the place of values that are not believed.

The figure is always taken over rows that are not to be filled, so that an outlier that is to be replaced has no part
in what replaces it. Constant, mean, median and mode are one question to DuckDB; interpolation in time is in
core.quality.fill_time, nearest neighbours and the iterative model in core.quality.fill_model.
"""

from __future__ import annotations

from math import isfinite, nan

import pyarrow as pa

from core.errors import Refusal
from core.quality.ask import one, remember
from core.quality.fill_column import (
    FITS,
    NAMES_GROUPS,
    NAMES_ROWS,
    Column,
    chosen_keys,
    column_of,
    filled_rows,
    known_rows,
    source,
)
from core.quality.fill_model import default_using, modelled
from core.quality.fill_time import interpolated, tidy
from core.quality.types import KEY, Asked, Fill, FillMethod, Scope
from core.store import Query


def fill_values(asked: Asked, fill: Fill, scope: Scope, keys: str | Query) -> Query | pa.Table:
    """The values that a fill gives: columns (key, value), value in the column's own type ("price": DOUBLE).

    `keys` is a temp table with the column `key` that the reader sees, or a query of one column. Rows for which
    nothing can be said (interpolation without a time) are left out. For events' "price" the caller sets
    value = price x quantity.

    Raises Refusal `no_such_column`, `bad_fill` (the method, the constant or the group does not suit the column),
    `nothing_known` (there is no value to learn from), `too_many_rows` (neighbours, iterative).
    """
    column = _target(asked, scope, fill.column)
    allowed = _suited(asked, scope, column)
    if fill.method not in allowed:
        raise Refusal(
            "bad_fill", f"{fill.column!r} cannot be filled by {fill.method!r}.",
            f"It can be by: {', '.join(allowed)}." if allowed else "It names rows: nothing else can stand for it.",
        )  # fmt: skip
    if fill.method == "constant":
        return _constant(asked, fill, scope, column, keys)
    group = None if fill.group is None else _group(asked, scope, fill, column)
    if not one(asked, _known(scope, column, keys))["known"]:
        raise Refusal(
            "nothing_known", f"{fill.column!r} has no value in any row that is not to be filled.",
            "Fill it with a constant, or leave the rows as they are.",
        )  # fmt: skip
    if fill.method == "interpolate":
        return interpolated(scope, column, group, keys)
    if fill.method in ("neighbours", "iterative"):
        return modelled(asked, fill, scope, column, keys)
    return _figure(fill.method, scope, column, group, keys)


def fill_choices(asked: Asked, scope: Scope, column: str) -> tuple[FillMethod, ...]:
    """The methods that suit a column and its values, the plainest first; () for ids of rows and for lists.

    Text that is nearly all different (titles), and a column without any value, can only have a constant; interpolation
    needs times; neighbours and iterative need other columns. Raises Refusal `no_such_column`.
    """
    try:
        target = _target(asked, scope, column)
    except Refusal as refusal:
        if refusal.code == "bad_fill":
            return ()
        raise
    suited = _suited(asked, scope, target)
    facts = remember(asked, f"fill_choices {scope} {column}", lambda: one(asked, _facts(scope, target)))
    if not facts["known"]:
        return tuple(m for m in suited if m == "constant")
    if target.family == "text" and facts["levels"] > max(50, facts["known"] / 2):
        return tuple(m for m in suited if m == "constant")
    left_out = set() if facts["timed"] else {"interpolate"}
    if not default_using(asked, scope, target):
        left_out |= {"neighbours", "iterative"}
    return tuple(m for m in suited if m not in left_out)


def _target(asked: Asked, scope: Scope, name: str) -> Column:
    own = asked.columns[scope]
    if name not in own and not (scope == "events" and name in ("price", "item", "user")):
        known = ", ".join([*own, *(("price",) if scope == "events" else ())])
        raise Refusal("no_such_column", f"The {scope} have no column {name!r}.", f"They have: {known}.")
    if name not in own and name in ("item", "user"):
        raise Refusal("bad_fill", f"Who or what an event is about ({name}) cannot be made up.", "Exclude the events.")
    return column_of(asked, scope, name)


def _suited(asked: Asked, scope: Scope, column: Column) -> tuple[FillMethod, ...]:
    if column.name in NAMES_ROWS and scope != "events":
        return ()
    if column.name in NAMES_GROUPS and scope == "events":
        return ("constant",)
    timed = scope == "events" and "at_utc" in asked.columns["events"] and column.name != "at_utc"
    return tuple(m for m in FITS[column.family] if timed or m != "interpolate")


def _group(asked: Asked, scope: Scope, fill: Fill, column: Column) -> Column:
    assert fill.group is not None
    if fill.method in ("neighbours", "iterative"):
        raise Refusal(
            "bad_fill", f"{fill.method!r} takes no group: it looks at columns.", f"Name {fill.group!r} in `using`."
        )
    group = column_of(asked, scope, fill.group)
    if group.sql == column.sql:
        raise Refusal("bad_fill", f"{fill.column!r} cannot be its own group.", "Take another column.")
    return group


def _known(scope: Scope, column: Column, keys: str | Query) -> Query:
    return chosen_keys(keys) + f"SELECT count({column.sql}) AS known FROM {known_rows(scope, [column])}"


def _facts(scope: Scope, column: Column) -> Query:
    timed = "count(t.at_utc)" if scope == "events" else "0"
    return Query(
        f"SELECT count({column.sql}) AS known, approx_count_distinct({column.sql}) AS levels, {timed} AS timed "
        f"FROM {source(scope, [column])}"
    )


def _figure(method: FillMethod, scope: Scope, column: Column, group: Column | None, keys: str | Query) -> Query:
    """Mean, median or mode of each group, of all where a group has no value or a row has no group."""
    columns = [column] if group is None else [column, group]
    key, by = f"t.{KEY[scope]}", "NULL" if group is None else group.sql
    v = column.sql if method == "mode" else column.number
    known = (
        f"n AS (SELECT {by} AS g, {v} AS v, count(*) AS n FROM {known_rows(scope, columns)} "
        f"WHERE {column.sql} IS NOT NULL GROUP BY ALL), "
        if method == "mode"
        else f"n AS (SELECT {by} AS g, {v} AS v FROM {known_rows(scope, columns)} WHERE {column.sql} IS NOT NULL), "
    )
    if method == "mode":  # ties: the smallest value
        each = (
            "SELECT g, v FROM n WHERE g IS NOT NULL QUALIFY row_number() OVER (PARTITION BY g ORDER BY n DESC, v) = 1"
        )
        whole = "SELECT v FROM (SELECT v, sum(n) AS n FROM n GROUP BY v) ORDER BY n DESC, v LIMIT 1"
        value = "{}"
    else:
        figure = _FIGURES[method].format("v")
        if method == "mean":
            figure = tidy("favg(v)") if column.loose else "CAST(sum(v) AS DOUBLE) / count(*)"
        each = f"SELECT g, {figure} AS v FROM n WHERE g IS NOT NULL GROUP BY g"
        whole = f"SELECT {figure} AS v FROM n"
        value = column.back("{}")
    if group is None:
        return chosen_keys(keys) + (
            f", {known}a AS ({whole}) SELECT {key} AS key, {value.format('a.v')} AS value "
            f"FROM {filled_rows(scope, [])}, a"
        )
    return chosen_keys(keys) + (
        f", {known}a AS ({whole}), e AS ({each}), "
        f"r AS (SELECT {key} AS key, {by} AS g FROM {filled_rows(scope, [group])}) "
        f"SELECT r.key, {value.format('coalesce(e.v, a.v)')} AS value FROM r LEFT JOIN e ON e.g = r.g CROSS JOIN a"
    )


_FIGURES: dict[FillMethod, str] = {"mean": "", "median": "median(CAST({} AS DOUBLE))"}


def _constant(asked: Asked, fill: Fill, scope: Scope, column: Column, keys: str | Query) -> Query:
    text = _as_text(fill, column)
    cast = f"TRY_CAST(? AS {column.type})"
    same = f"CAST({cast} AS DOUBLE) = CAST(? AS DOUBLE)" if column.whole else "true"
    fits = one(asked, Query(f"SELECT {cast} IS NOT NULL AND {same} AS fits", (text,) * (3 if column.whole else 1)))
    if not fits["fits"]:
        raise _no_value(fill, column)
    return chosen_keys(keys) + Query(
        f"SELECT t.{KEY[scope]} AS key, CAST(? AS {column.type}) AS value FROM {filled_rows(scope, [])}", (text,)
    )


def _as_text(fill: Fill, column: Column) -> str:
    value = fill.value
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Refusal("bad_fill", f"No value was given to fill {fill.column!r} with.", f"Give {_holds(column)}.")
    if isinstance(value, bool):
        if column.family not in ("flag", "text"):
            raise _no_value(fill, column)
        return str(value).lower()
    try:
        number = float(value)
    except ValueError:
        number = nan
    if column.family == "number" and not isfinite(number):
        raise _no_value(fill, column)
    if isinstance(value, str):
        return value
    return str(int(value)) if isfinite(number) and value == int(value) else repr(number)


def _no_value(fill: Fill, column: Column) -> Refusal:
    return Refusal(
        "bad_fill", f"{fill.value!r} is no value for {fill.column!r}, which holds {_holds(column)}.",
        "Give one of that kind, within the limits of the column.",
    )  # fmt: skip


def _holds(column: Column) -> str:
    if column.whole:
        return "whole numbers"
    words = {"number": "numbers", "date": "dates as 2026-03-31", "flag": "true or false", "text": "text"}
    return words.get(column.family, column.type.lower())
