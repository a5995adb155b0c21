"""Ids that differ only in how they were typed: in case, white space, leading zeros or a ".0" from a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from core.quality.ask import remember
from core.quality.given import people_table, truth
from core.quality.per_user import percent, raw_ids
from core.quality.types import KEY, Asked, Finding, Kind, Merge, Param, Repair, Selection
from core.store import Query

DEFAULTS: Mapping[str, Param] = {"table": None, "case": True, "space": True, "zeros": False, "point": True}


def alike_pairs(asked: Asked, params: Mapping[str, Param]) -> pa.Table:
    """Which numbers become part of which: columns from_no, into_no, in order of into_no; asked once.

    Of each group of ids that are alike the one with the most events is kept (ties: the smaller id). Params left out
    have their defaults. Raises Refusal `bad_selection`.
    """
    return _alike(asked, params).select(["from_no", "into_no"])


def detect(asked: Asked) -> list[Finding]:
    """A finding each for users and for items that are there under several spellings of one id."""
    users = _finding(asked, "users")
    items = _finding(asked, "items")
    return [finding for finding in (users, items) if finding]


def _alike(asked: Asked, params: Mapping[str, Param]) -> pa.Table:
    params = {**DEFAULTS, **params}
    table = people_table(params)
    case, space, zeros, point = (truth(params, name) for name in ("case", "space", "zeros", "point"))
    name = f"alike {table} {case} {space} {zeros} {point}"
    return remember(asked, name, lambda: _pairs(asked, table, case, space, zeros, point))


def _finding(asked: Asked, table: Literal["users", "items"]) -> Finding | None:
    pairs = _alike(asked, {"table": table})
    if not pairs.num_rows:
        return None
    of = int(asked.reader.rows(Query(f"SELECT count(*) AS n FROM {table}"), step=asked.step)[0]["n"])
    selection = Selection.of("alike_ids", table=table)
    shown = pairs.sort_by([("events", "descending"), ("from_no", "ascending")]).slice(0, 8).to_pylist()
    names = raw_ids(asked, table, {row[name] for row in shown for name in ("from_no", "into_no")})
    what = table[:-1]
    return Finding(
        "alike_ids",
        "look",
        f"{pairs.num_rows:,} of {of:,} {table} ({percent(pairs.num_rows, of)}) have an id that differs from "
        "another's only in how it is typed.",
        'Compared without case, without white space, and without a ".0" at the end as spreadsheets add it. Leading '
        "zeros count as a difference unless asked otherwise. Of alike ids the one with the most events is kept.",
        table,
        pairs.num_rows,
        of,
        column=f"{what}_id",
        selection=selection,
        examples=tuple(
            {
                what: names[row["from_no"]],
                "why": f"the same as {names[row['into_no']]!r} but for the typing",
                "events": row["events"],
                "kept": names[row["into_no"]],
                "events_of_kept": row["kept"],
            }
            for row in shown
        ),
        facts={"groups": pc.count_distinct(pairs["into_no"]).as_py(), "events": pc.sum(pairs["events"]).as_py()},
        repairs=(Repair(selection, Merge(table)),),
        users=pairs.num_rows if table == "users" else None,
    )


def _pairs(
    asked: Asked, table: Literal["users", "items"], case: bool, space: bool, zeros: bool, point: bool
) -> pa.Table:
    key = KEY[table]
    form = name = f"{table[:-1]}_id"
    if space:
        form = f"regexp_replace({form}, '[\\s\\p{{Z}}\\x{{FEFF}}]+', '', 'g')"
    if case:
        form = f"lower({form})"
    if point:
        form = f"regexp_replace({form}, '^([0-9]+)\\.0+$', '\\1')"
    if zeros:
        form = f"regexp_replace({form}, '^0+(.)', '\\1')"
    query = Query(
        f"WITH formed AS (SELECT {key} AS k, {name} AS id, {form} AS form FROM {table}), "
        "alike AS (SELECT * FROM formed WHERE form IN (SELECT form FROM formed GROUP BY form HAVING count(*) > 1)), "
        f"counted AS (SELECT {key} AS k, count(*) AS n FROM events "
        f"WHERE {key} IN (SELECT k FROM alike) GROUP BY {key}), "
        "known AS (SELECT k, id, form, coalesce(n, 0) AS n FROM alike LEFT JOIN counted USING (k)), "
        "kept AS (SELECT k, n, first_value(k) OVER w AS into_no, first_value(n) OVER w AS best FROM known "
        "WINDOW w AS (PARTITION BY form ORDER BY n DESC, id)) "
        "SELECT k::BIGINT AS from_no, into_no::BIGINT AS into_no, n AS events, best AS kept FROM kept "
        "WHERE k <> into_no ORDER BY into_no, from_no"
    )
    return asked.reader.read(query, step=asked.step)


def _choose(asked: Asked, params: Mapping[str, Param]) -> Query | pa.Array:
    return alike_pairs(asked, params)["from_no"].combine_chunks()


KINDS: tuple[Kind, ...] = (Kind("alike_ids", None, "ids that differ only in how they are typed", DEFAULTS, _choose),)
"""alike_ids: `table` users or items; what is not looked at: `case`, white `space`, leading `zeros`, a `point` and zeros
at the end. Chooses all but the one kept of each group."""
