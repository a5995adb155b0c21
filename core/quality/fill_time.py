"""Filling in time: a straight line between the known values before and after, the nearest value at both ends."""

from __future__ import annotations

from core.quality.fill_column import Column, chosen_keys, filled_rows, known_rows
from core.quality.types import Scope
from core.store import Query


def interpolated(scope: Scope, column: Column, group: Column | None, keys: str | Query) -> Query:
    """(key, value) of the events to be filled, by at_utc; those without a time are left out.

    Several known values of one moment count as their mean. Within a group only its own values count; a group without
    any, and events whose group is not known, take the line through all values.
    """
    columns = [column] if group is None else [column, group]
    by = "1" if group is None else group.sql
    known = (
        f"n AS (SELECT {by} AS g, t.at_utc AS moment, CAST({column.number} AS DOUBLE) AS v "
        f"FROM {known_rows(scope, columns)} WHERE {column.sql} IS NOT NULL AND t.at_utc IS NOT NULL)"
    )
    each = f"e AS (SELECT g, moment, {tidy('favg(v)')} AS v FROM n WHERE g IS NOT NULL GROUP BY g, moment)"
    rows = (
        f"r AS (SELECT t.event_no AS key, {by} AS g, t.at_utc AS moment FROM {filled_rows(scope, columns)} "
        "WHERE t.at_utc IS NOT NULL)"
    )
    if group is None:
        return chosen_keys(keys) + f", {known}, {each}, {rows} {_line('e', 'r', column)}"
    return chosen_keys(keys) + (
        f", {known}, {each}, {rows}, a AS (SELECT 1 AS g, moment, {tidy('favg(v)')} AS v FROM n GROUP BY moment), "
        "own AS (SELECT r.* FROM r SEMI JOIN e ON e.g = r.g), "
        "others AS (SELECT r.key, 1 AS g, r.moment FROM r ANTI JOIN e ON e.g = r.g) "
        f"{_line('e', 'own', column)} UNION ALL {_line('a', 'others', column)}"
    )


def tidy(number: str) -> str:
    """SQL of a DOUBLE cut to 12 digits: sums by several threads differ in the last ones from run to run."""
    return f"(CASE WHEN {number} = 0 THEN 0 ELSE round({number}, 12 - CAST(ceil(log10(abs({number}))) AS INTEGER)) END)"


def _line(known: str, rows: str, column: Column) -> str:
    share = "(epoch_us(r.moment) - epoch_us(b.moment)) / (epoch_us(f.moment) - epoch_us(b.moment))"
    value = (
        "CASE WHEN b.moment IS NULL THEN f.v WHEN f.moment IS NULL OR f.moment = b.moment THEN b.v "
        f"ELSE b.v + (f.v - b.v) * {share} END"
    )
    return (
        f"SELECT key, {column.back('v')} AS value FROM (SELECT r.key, {value} AS v FROM {rows} r "
        f"ASOF LEFT JOIN {known} b ON b.g = r.g AND b.moment <= r.moment "
        f"ASOF LEFT JOIN {known} f ON f.g = r.g AND f.moment >= r.moment) WHERE v IS NOT NULL"
    )
