"""Merging ids: which number becomes part of which, and what the one that is kept takes over."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import pyarrow as pa

from core.quality.codec import bad_repair
from core.quality.kinds import kind_of
from core.quality.types import KEY, Asked, Merge, Repair
from core.store import Query, Writer, ident


def flat(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """From -> the last of its chain (a -> b -> c gives a -> c). Raises Refusal `bad_repair` for two ends, and circles.

    >>> flat([("a", "b"), ("b", "c")])
    {'a': 'c', 'b': 'c'}
    """
    into: dict[Any, Any] = {}
    for one, other in pairs:
        if one == other:
            raise bad_repair("An id cannot become part of itself.", "Name two ids in each pair.")
        if into.setdefault(one, other) != other:
            raise bad_repair("An id is to become part of two others.", "Give each id one that it becomes part of.")
    ends: dict[Any, Any] = {}
    for one, last in list(into.items()):
        seen = {one}
        while last in into and last not in ends:
            if last in seen:
                raise bad_repair("The pairs go in a circle.", "Leave one id that all the others become part of.")
            seen.add(last)
            last = into[last]
        last = ends.get(last, last)
        ends.update(dict.fromkeys(seen, last))
    return {one: ends[one] for one in into}


def merge_pairs(writer: Writer, asked: Asked, repair: Repair, *, strict: bool) -> str:
    """Make the temporary table repair_pairs(from_no, into_no) of ids that show now; a note on pairs that do not fit.

    With `strict`, an id that no user or item has is refused (`no_such_id`). Call it inside Writer.repaired().
    """
    merge = repair.action
    assert isinstance(merge, Merge)
    key, note = KEY[merge.table], ""
    if merge.pairs:
        ids = flat(merge.pairs)
        given = pa.table({"a": pa.array(ids.keys(), pa.string()), "b": pa.array(ids.values(), pa.string())})
        with writer.table("repair_given", given):
            name = f"{merge.table[:-1]}_id"
            missing = (
                "SELECT DISTINCT id FROM (SELECT a AS id FROM repair_given UNION SELECT b FROM repair_given) g "
                f"WHERE NOT EXISTS (SELECT 1 FROM {merge.table} t WHERE t.{name} = g.id) ORDER BY id"
            )
            unknown = [str(row["id"]) for row in writer.rows(Query(missing))]
            if unknown and strict:
                raise bad_repair(
                    f"No {merge.table[:-1]} has the id {unknown[0]!r}"
                    + (f", nor {len(unknown) - 1:,} of the others." if len(unknown) > 1 else "."),
                    "Give ids exactly as they show.",
                )
            note = f"{len(unknown):,} of the ids named are not there." if unknown else ""
            _pairs_table(
                writer,
                f"SELECT a.{key} AS from_no, b.{key} AS into_no FROM repair_given g "
                f"JOIN {merge.table} a ON a.{name} = g.a JOIN {merge.table} b ON b.{name} = g.b",
            )
    else:
        params = kind_of(repair.selection).filled(repair.selection)
        found: pa.Table = import_module("core.quality.alike").alike_pairs(asked, params)
        numbers = flat(zip(found["from_no"].to_pylist(), found["into_no"].to_pylist(), strict=True))
        given = pa.table(
            {"from_no": pa.array(numbers.keys(), pa.int64()), "into_no": pa.array(numbers.values(), pa.int64())}
        )
        with writer.table("repair_given", given):
            shows = f"IN (SELECT {key} FROM {merge.table})"
            _pairs_table(writer, f"SELECT from_no, into_no FROM repair_given WHERE from_no {shows} AND into_no {shows}")
    return note


def merge_rows(writer: Writer, merge: Merge, columns: list[str]) -> None:
    """Make the temporary tables repair_gone_X and repair_new_X of events and of the merged table, from repair_pairs.

    Attributes of the one kept are taken, where missing, from the others in the order of their raw ids.
    """
    key, table = KEY[merge.table], merge.table
    name = f"{table[:-1]}_id"
    writer.run(
        f"CREATE OR REPLACE TEMP TABLE repair_new_events AS SELECT e.* REPLACE (p.into_no::INTEGER AS {key}) "
        f"FROM events e JOIN repair_pairs p ON p.from_no = e.{key}"
    )
    writer.run("CREATE OR REPLACE TEMP TABLE repair_gone_events AS SELECT event_no AS key FROM repair_new_events")
    attributes = [column for column in columns if column not in (key, name)]
    taken = "".join(f", arg_min(t.{ident(c)}, t.{name}) AS {ident(c)}" for c in attributes)
    replaced = ", ".join(f"coalesce(t.{ident(c)}, o.{ident(c)}) AS {ident(c)}" for c in attributes)
    others = f"SELECT p.into_no{taken} FROM repair_pairs p JOIN {table} t ON t.{key} = p.from_no GROUP BY p.into_no"
    writer.run(
        f"CREATE OR REPLACE TEMP TABLE repair_new_{table} AS SELECT t.*{f' REPLACE ({replaced})' if replaced else ''} "
        f"FROM {table} t JOIN ({others}) o ON o.into_no = t.{key}"
    )
    writer.run(
        f"CREATE OR REPLACE TEMP TABLE repair_gone_{table} AS SELECT from_no AS key FROM repair_pairs "
        f"UNION SELECT into_no FROM repair_pairs"
    )


def keep_merged(writer: Writer) -> None:
    """Remember whose events now belong to another user, for contacts; what was merged into them goes along."""
    writer.run("UPDATE merged_users SET into_no = p.into_no FROM repair_pairs p WHERE merged_users.into_no = p.from_no")
    writer.run("INSERT INTO merged_users SELECT from_no, into_no FROM repair_pairs")


def _pairs_table(writer: Writer, select: str) -> None:
    writer.run(f"CREATE OR REPLACE TEMP TABLE repair_pairs AS {select}")
