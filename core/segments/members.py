"""Who is in a segment, and how many: counts, samples with key facts, and files of any length."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from core.progress import Step, no_step
from core.segments.asked import asked, combined, removable
from core.segments.compile import compile_rule, condition
from core.segments.conditions import Setting
from core.segments.csv_cells import write_csv
from core.segments.measures import orders_of
from core.segments.rule import Rule, Segment, children
from core.segments.schema import Schema, read_schema
from core.segments.stored import saved_segments
from core.segments.words import describe
from core.store import Query, Store, contact_columns, contacts_query, filled_query, fills_users, ident, joined
from core.store.cells import defuse_sql

_MOST_WEIGHED = 60
"""Parts of a rule up to which each part's own contribution is worked out."""


@dataclass(frozen=True)
class NodeCount:
    """How many users one part of a rule holds for, by itself.

    Attributes:
        path: where it stands in the rule ("all[0].not"); "" for the whole rule.
        words: the part in plain words.
        users: known users for whom it holds.
        without: members of the whole rule if the part were taken out of its all or any group; None for the whole rule,
            the only part of a group, what stands right under not or at (their own figure tells), and in rules of more
            than 60 parts.
    """

    path: str
    words: str
    users: int
    without: int | None = None
    takes: int | None = None
    """`without` less the members as they are: so many users the part keeps out; below zero, so many it brings in."""


@dataclass(frozen=True)
class Counts:
    """A rule's members, counted with each of its parts.

    Attributes:
        users: members of the whole rule.
        of: all known users.
        nodes: the rule and every part of it, outer before inner.
        seconds: how long the counting took.
    """

    users: int
    of: int
    nodes: tuple[NodeCount, ...]
    seconds: float = field(default=0.0, compare=False)

    @property
    def share(self) -> float | None:
        """Members as a share of all known users; None where there are none."""
        return self.users / self.of if self.of else None

    def at(self, path: str) -> int | None:
        """The users of the part at `path`, or None where there is no such part."""
        return next((n.users for n in self.nodes if n.path == path), None)


@dataclass(frozen=True)
class Member:
    """One user of a sample, with the facts that tell an analyst whether the rule says what was meant.

    Attributes:
        user_id: as in the file.
        orders: orders placed before as_of.
        net_value: purchases minus returns; None where no event has a value.
        last_order, last_seen: UTC; of purchases, and of any event but impressions; None where there is none.
    """

    user_id: str
    orders: int
    net_value: Decimal | None
    last_order: datetime | None
    last_seen: datetime | None


def members(store: Store, segment: Segment) -> Query:
    """The query for a segment's members: one column `user_no`, each user once. Raises BadRule."""
    saved = saved_segments(store)
    return compile_rule(segment.rule, read_schema(store, saved=saved), segment.as_of or store.as_of())


def count(store: Store, rule: Rule, as_of: datetime | None = None) -> int:
    """How many known users the rule holds for. Raises BadRule."""
    query = members(store, Segment("count", rule, as_of))
    return int(str(store.rows(Query("SELECT count(*) AS n FROM (") + query + ")")[0]["n"]))


def explain_counts(
    store: Store, rule: Rule, as_of: datetime | None = None, saved: tuple[Segment, ...] | None = None
) -> Counts:
    """The members of a rule and of every part of it, in one pass over the users; each condition is asked once.

    `saved` are the segments that the rule may refer to, by default those of the workspace; callers that keep
    answers pass them, so that an edited segment is a new question. Raises BadRule.
    """
    started = time.perf_counter()
    schema = read_schema(store, saved=saved_segments(store) if saved is None else saved)
    nodes = list(asked(rule, Setting(schema, as_of or store.as_of())))
    leaves = {path: f"c{n}" for n, (path, node, _) in enumerate(nodes) if not children(node)}
    flags = [condition(node, at, path) + f" AS {leaves[path]}" for path, node, at in nodes if path in leaves]
    spare = set(removable(rule)) if len(nodes) <= _MOST_WEIGHED else set()
    counted = ["coalesce(sum(times), 0) AS known"]
    for n, (path, node, _) in enumerate(nodes):
        counted.append(f"coalesce(sum(times) FILTER ({combined(node, path, leaves)}), 0) AS n{n}")
        if path in spare:
            counted.append(f"coalesce(sum(times) FILTER ({combined(rule, '', leaves, path)}), 0) AS w{n}")
    query = (
        Query("WITH flags AS MATERIALIZED (SELECT ") + joined(", ", flags) + " FROM users u), ways AS MATERIALIZED ("
    )
    # users alike in every condition are looked at once: a few dozen ways in place of a million users
    query += "SELECT *, count(*) AS times FROM flags GROUP BY ALL" if spare else "SELECT *, 1 AS times FROM flags"
    row = store.rows(query + f") SELECT {', '.join(counted)} FROM ways")[0]
    figures = {key: int(str(value)) for key, value in row.items()}
    found = tuple(
        _node(path, describe(node, schema), figures[f"n{n}"], figures.get(f"w{n}"), figures["n0"])
        for n, (path, node, _) in enumerate(nodes)
    )
    return Counts(found[0].users, figures["known"], found, time.perf_counter() - started)


def _node(path: str, words: str, users: int, without: int | None, members: int) -> NodeCount:
    return NodeCount(path, words, users, without, None if without is None else without - members)


def sample(
    store: Store, rule: Rule, n: int = 20, as_of: datetime | None = None, saved: tuple[Segment, ...] | None = None
) -> tuple[Member, ...]:
    """Up to `n` members with key facts, drawn by a hash of the id: mixed, and the same on every look.

    Raises BadRule.
    """
    schema = read_schema(store, saved=saved_segments(store) if saved is None else saved)
    end = as_of or store.as_of()
    drawn = (
        Query("SELECT u.user_no, u.user_id FROM users u WHERE u.user_no IN (")
        + compile_rule(rule, schema, end)
        + Query(") ORDER BY md5(u.user_id), u.user_id LIMIT ?", (n,))
    )
    query = (
        Query("WITH drawn AS MATERIALIZED (")
        + drawn
        + ") SELECT d.user_id, coalesce(f.orders, 0) AS orders, f.net_value, f.last_order, f.last_seen "
        "FROM drawn d LEFT JOIN ("
        + facts(end, "SELECT user_no FROM drawn")
        + ") f USING (user_no) ORDER BY md5(d.user_id), d.user_id"
    )
    return tuple(Member(**row) for row in store.rows(query))


def facts(as_of: datetime | None, among: str) -> Query:
    """One row for each user of `among` (SQL yielding user_no) with events: orders, net_value, last_order, last_seen."""
    before = Query("") if as_of is None else Query(" AND (e.at_utc < ? OR e.at_utc IS NULL)", (as_of,))
    # orders apart: counting distinct values is slow over rows that cannot have any
    return (
        Query(
            "SELECT s.user_no, coalesce(o.amount, 0) AS orders, s.net_value, s.last_order, s.last_seen FROM ("
            "SELECT e.user_no, sum(e.value) FILTER (e.event IN ('purchase', 'return')) AS net_value, "
            "max(e.at_utc) FILTER (e.event = 'purchase') AS last_order, "
            "max(e.at_utc) FILTER (e.event <> 'impression') AS last_seen "
            f"FROM events e WHERE e.user_no IN ({among})"
        )
        + before
        + " GROUP BY e.user_no) s LEFT JOIN ("
        + orders_of(Query(f"FROM events e WHERE e.event = 'purchase' AND e.user_no IN ({among})") + before)
        + ") o USING (user_no)"
    )


def members_csv(store: Store, rule: Rule, out: Path, as_of: datetime | None = None, *, step: Step = no_step) -> int:
    """Write every member to `out` as UTF-8 CSV, in the order of user ids; the number of rows, header apart.

    Columns: user_id, every column of the workspace's users, how they can be reached (contact columns, which only files
    that leave the program hold), then orders, net_value, last_order, last_seen; where a repair filled values of users
    also filled, the names of the columns that it filled, parted by "|". Ids stand as in the file, leading zeros kept;
    cells that a spreadsheet would run as formulas get a leading apostrophe. Memory does not grow with the rows; `out`
    appears only when it is whole. Raises BadRule, Cancelled.
    """
    schema = read_schema(store, saved=saved_segments(store))
    end = as_of or store.as_of()
    own = [column for column in schema.user if column != "user_id"]
    contacts = contact_columns(store)
    taken = {"user_id", *(name.lower() for name in own)}
    reach = [f"contact_{name}" if name.lower() in taken else name for name in contacts]
    marked = fills_users(store)
    facts_named = _fact_names([*own, *reach], marked=marked)
    names = ["user_id", *own, *reach, *facts_named]
    cells = [_cell(schema, column) for column in ("user_id", *own)]
    cells += [defuse_sql(f"r.c{k}") for k in range(len(contacts))]
    times = [f"strftime(f.{name}, '%Y-%m-%dT%H:%M:%S')" for name in ("last_order", "last_seen")]
    cells += ["coalesce(f.orders, 0)::VARCHAR", "f.net_value::VARCHAR", *times]
    cells += [defuse_sql("m.filled")] if marked else []
    query = (
        Query("WITH chosen AS MATERIALIZED (")
        + compile_rule(rule, schema, end)
        + f") SELECT {', '.join(f'{cell} AS {ident(name)}' for cell, name in zip(cells, names, strict=True))} "
        "FROM users u JOIN chosen USING (user_no) LEFT JOIN ("
        + contacts_query(contacts)
        + ") r USING (user_no) LEFT JOIN ("
        + facts(end, "SELECT user_no FROM chosen")
        + ") f USING (user_no) LEFT JOIN ("
        + filled_query()
        + ") m USING (user_no) ORDER BY u.user_id"
    )
    return write_csv(names, store.stream(query, step=step), out)


def _fact_names(taken: list[str], *, marked: bool = False) -> list[str]:
    """The names of the fact columns, set apart where the users file has a column of the same name."""
    lower = {name.lower() for name in taken}
    return [
        name if name not in lower else f"{name}_limelight"
        for name in ("orders", "net_value", "last_order", "last_seen", *(("filled",) if marked else ()))
    ]


def _cell(schema: Schema, column: str) -> str:
    sql, kind = f"u.{ident(column)}", schema.user[column]
    if kind in ("text", "list"):
        return defuse_sql(sql if kind == "text" else f"array_to_string({sql}, '|')")
    if kind == "number":  # 1984.0 is a year, and 1984 what the file had
        return (
            f"CASE WHEN {sql} = trunc({sql}) AND abs({sql}) < 1e15 THEN {sql}::BIGINT::VARCHAR ELSE {sql}::VARCHAR END"
        )
    return f"{sql}::VARCHAR" if kind == "boolean" else _moment(sql)


def _moment(sql: str) -> str:
    """A date or time as ISO text; the time of day only where there is one."""
    day = f"{sql}::TIMESTAMP = date_trunc('day', {sql}::TIMESTAMP)"
    return f"CASE WHEN {day} THEN strftime({sql}, '%Y-%m-%d') ELSE strftime({sql}, '%Y-%m-%dT%H:%M:%S') END"
