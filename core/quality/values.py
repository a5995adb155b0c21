"""New values in columns: caps and fills, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import pyarrow as pa

from core.errors import Refusal
from core.quality.codec import bad_repair
from core.quality.types import KEY, Asked, Cap, Fill, Scope
from core.store import Query, Writer, ident

_NUMBERS = ("DOUBLE", "FLOAT", "DECIMAL", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_FIXED = frozenset({"user_id", "item_id", "event", "order_id"})
_MONEY = "DECIMAL(18,4)"
# Returns hold quantities and values at or below zero, whatever a repair makes of them.
_UNIT_PRICE = "t.value::DOUBLE / nullif(t.quantity, 0)"


def cap_values(writer: Writer, asked: Asked, cap: Cap, scope: Scope) -> None:
    """Make repair_new_X and repair_made of the chosen rows (repair_keys) whose value lies beyond a limit.

    Quantiles are those of all rows that show, linear between two values; of events, of each kind of event by itself,
    or the sums of returns would set the limit of purchases. Call it inside Writer.repaired().
    """
    sql, kind = _column(asked, scope, cap.column)
    if not kind.startswith(_NUMBERS):
        raise Refusal("not_a_number", f"{cap.column!r} holds no numbers ({kind}).", "Name a column of numbers.")
    key = KEY[scope]
    groups = (["t.event"] if scope == "events" else []) + ([_group(asked, scope, cap.group)] if cap.group else [])
    limits, on = Query("SELECT ?::DOUBLE AS low, ?::DOUBLE AS high", (cap.low, cap.high)), "true"
    if cap.quantiles:
        named = "".join(f", {group} AS g{n}" for n, group in enumerate(groups))
        grouped = f" GROUP BY {', '.join(f'g{n}' for n in range(len(groups)))}" if groups else ""
        # both limits from one sorting of the values
        low, high = (f"q[{n}]" if share is not None else "NULL::DOUBLE" for n, share in ((1, cap.low), (2, cap.high)))
        shares = [float(share or 0.0) for share in (cap.low, cap.high)]
        limits = Query(
            f"SELECT * EXCLUDE (q), {low} AS low, {high} AS high FROM (SELECT quantile_cont(({sql})::DOUBLE, "
            f"{shares!r}) AS q{named} FROM {scope} t{grouped})"
        )
        on = " AND ".join(f"l.g{n} IS NOT DISTINCT FROM {group}" for n, group in enumerate(groups)) or "true"
    writer.run(
        Query("CREATE OR REPLACE TEMP TABLE repair_limits AS ") + limits,
        step=asked.step,
    )
    writer.run(
        f"CREATE OR REPLACE TEMP TABLE repair_values AS SELECT t.{key} AS key, CASE WHEN {sql} < l.low THEN l.low "
        f"ELSE l.high END AS value FROM {scope} t SEMI JOIN repair_keys k ON k.key = t.{key} JOIN repair_limits l "
        f"ON {on} WHERE {sql} < l.low OR {sql} > l.high",
        step=asked.step,
    )
    _put_values(writer, scope, cap.column, kind)


def fill_column(writer: Writer, asked: Asked, fill: Fill, scope: Scope) -> str:
    """Make repair_new_X and repair_made of the chosen rows (repair_keys); a note on those that got no value."""
    sql, kind = _column(asked, scope, fill.column)
    if fill.group:
        _group(asked, scope, fill.group)
    for name in fill.using:
        _column(asked, scope, name)
    if fill.method == "constant" and _cast_fails(writer, fill, kind):
        raise bad_repair(f"{fill.value!r} is no value for {fill.column!r}, which holds {kind}.")
    found: Query | pa.Table = import_module("core.quality.fill").fill_values(asked, fill, scope, "repair_keys")
    cast = f"TRY_CAST(q.value AS {kind})"
    into = "CREATE OR REPLACE TEMP TABLE repair_filled AS SELECT k.key, "
    picked = f"{cast} AS value, q.value IS NOT NULL AND {cast} IS NULL AS odd FROM repair_keys k LEFT JOIN "
    if isinstance(found, Query):
        writer.run(Query(f"{into}{picked}(") + found + ") q ON q.key = k.key", step=asked.step)
    else:
        with writer.table("repair_given", found.select(["key", "value"])):
            writer.run(f"{into}{picked}repair_given q ON q.key = k.key", step=asked.step)
    row = writer.rows(
        Query("SELECT count(*) FILTER (odd) AS odd, count(*) FILTER (value IS NULL) AS without FROM repair_filled")
    )[0]
    if row["odd"]:
        raise bad_repair(f"{row['odd']:,} of the values do not fit {fill.column!r}, which holds {kind}.")
    key = KEY[scope]
    writer.run(
        "CREATE OR REPLACE TEMP TABLE repair_values AS SELECT f.key, f.value FROM repair_filled f "
        f"JOIN {scope} t ON t.{key} = f.key WHERE f.value IS NOT NULL AND f.value IS DISTINCT FROM {sql}"
    )
    _put_values(writer, scope, fill.column, kind)
    return (
        f"{row['without']:,} of the rows got no value: there is nothing to work it out from." if row["without"] else ""
    )


def new_rows(writer: Writer, scope: Scope, changes: Mapping[str, str], keys: str, *, where: str = "true") -> None:
    """Make repair_new_X and repair_gone_X: rows `t` of the table named in `keys` (row `c`), with columns replaced."""
    key = KEY[scope]
    replaced = ", ".join(f"{sql} AS {ident(name)}" for name, sql in changes.items())
    writer.run(
        f"CREATE OR REPLACE TEMP TABLE repair_new_{scope} AS SELECT t.* REPLACE ({replaced}) FROM {scope} t "
        f"JOIN {keys} c ON c.key = t.{key} WHERE {where}"
    )
    writer.run(f"CREATE OR REPLACE TEMP TABLE repair_gone_{scope} AS SELECT {key} AS key FROM repair_new_{scope}")


# ---- inside


def _put_values(writer: Writer, scope: Scope, column: str, kind: str) -> None:
    """Rows with the new values of repair_values(key, value), and repair_made(key, column_name) of what differs."""
    money = f"TRY_CAST({{}} AS {_MONEY})"
    changes = {column: f"TRY_CAST(c.value AS {kind})"}
    if scope == "events" and column == "price":
        changes = {"value": money.format("c.value * t.quantity")}
    elif scope == "events" and column == "quantity":  # the price stays
        followed = f"{_UNIT_PRICE} * c.value"
        changes["value"] = (
            f"CASE WHEN t.value IS NOT NULL AND t.quantity <> 0 THEN {money.format(followed)} ELSE t.value END"
        )
    if scope == "events":
        for name in changes.keys() & {"quantity", "value"}:
            changes[name] = (
                f"CASE WHEN t.event = 'return' THEN {_lowered(name, column, changes)} ELSE {changes[name]} END"
            )
    new_rows(writer, scope, changes, "repair_values")
    key = KEY[scope]
    made = [
        f"SELECT n.{key} AS key, '{name}' AS column_name FROM repair_new_{scope} n JOIN {scope} t USING ({key}) "
        f"WHERE n.{name} IS DISTINCT FROM t.{name}"
        for name in changes
        if name in ("quantity", "value")
    ] or [f"SELECT key, ?::VARCHAR AS column_name FROM repair_gone_{scope}"]
    params = (column,) if "?" in made[0] else ()
    writer.run(Query("CREATE OR REPLACE TEMP TABLE repair_made AS " + " UNION ALL ".join(made), params))
    if scope == "events" and "value" in changes:
        row = writer.rows(
            Query(
                "SELECT count(*) AS n FROM repair_new_events n JOIN events t USING (event_no) "
                "WHERE n.value IS NULL AND t.value IS NOT NULL"
            )
        )[0]
        if row["n"]:
            raise bad_repair("The new values are larger than money can be here.", "Give smaller limits.")


def _lowered(name: str, column: str, changes: Mapping[str, str]) -> str:
    """Of a return: nothing above zero. A cap stops at zero there; a fill with 3 means 3 that came back."""
    return f"0 - abs({changes[name]})"


def _column(asked: Asked, scope: Scope, name: str) -> tuple[str, str]:
    """SQL of a column that can be changed (row `t`) and its type. Raises Refusal `no_such_column`."""
    known = {column: kind for column, kind in asked.columns[scope].items() if column not in _FIXED}
    if scope == "events" and {"value", "quantity"} <= known.keys() and name == "price":
        return f"({_UNIT_PRICE})", "DOUBLE"
    if name not in known:
        raise _no_column(scope, name, list(known))
    return f"t.{ident(name)}", known[name]


def _group(asked: Asked, scope: Scope, name: str) -> str:
    if scope == "events" and name in ("user", "item"):
        return f"t.{name}_no"
    if name not in asked.columns[scope]:
        raise _no_column(scope, name, list(asked.columns[scope]))
    return f"t.{ident(name)}"


def _no_column(scope: Scope, name: str, known: list[str]) -> Refusal:
    return Refusal("no_such_column", f"The {scope} have no column {name!r} here.", f"There are: {', '.join(known)}.")


def _cast_fails(writer: Writer, fill: Fill, kind: str) -> bool:
    row = writer.rows(Query(f"SELECT TRY_CAST(?::VARCHAR AS {kind}) IS NULL AS bad", (str(fill.value),)))[0]
    return bool(row["bad"])
