"""A rule as one query: every known user is asked every condition, and those for whom the rule holds are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.segments.abc_sql import abc_condition
from core.segments.conditions import Setting, back, column_test, marks
from core.segments.loyalty_sql import loyalty_condition
from core.segments.measures import did_condition, top_condition
from core.segments.order_sql import order_condition
from core.segments.parts import BadRule, joined_path
from core.segments.rfm_sql import rfm_condition
from core.segments.rhythm_sql import moment_condition, regularly_condition, resumed_condition, stopped_condition
from core.segments.rule import (
    Abc,
    Ago,
    All,
    Any,
    At,
    Did,
    InGroup,
    InSegment,
    Leaf,
    Loyalty,
    Moment,
    Not,
    Order,
    Prop,
    Regularly,
    Resumed,
    Rfm,
    Rule,
    Sample,
    Segment,
    Sql,
    Stopped,
    Top,
)
from core.segments.schema import Schema
from core.segments.sql_rule import sql_condition
from core.store import Query, ident, joined


def compile_rule(rule: Rule, schema: Schema, as_of: datetime | None) -> Query:
    """The query for the members of `rule`: one INTEGER column `user_no`, each user at most once, in no order.

    `as_of` (UTC) is the half-open end of the data that the rule sees; None only where no event has a time.
    Raises BadRule (a Refusal) that names the path of a column, event word, test or segment the workspace lacks.

    >>> print(compile_rule(Not(Did("purchase")), Schema({}, {}, {}, ("purchase",), False), None).sql)
    SELECT u.user_no FROM users u WHERE NOT u.user_no IN
      (SELECT e.user_no FROM events e WHERE e.user_no IS NOT NULL AND e.event = ?)
    """
    return Query("SELECT u.user_no FROM users u WHERE ") + condition(rule, Setting(schema, as_of), "")


def condition(rule: Rule, setting: Setting, path: str) -> Query:
    """The condition on users `u` that `rule` holds: true or false, never NULL, so that NOT is the complement."""
    match rule:
        case All(rules):
            parts = [condition(r, setting, joined_path(path, f"all[{n}]")) for n, r in enumerate(rules)]
            return _bracketed(" AND ", parts) if parts else Query("true")
        case Any(rules):
            return _bracketed(
                " OR ", [condition(r, setting, joined_path(path, f"any[{n}]")) for n, r in enumerate(rules)]
            )
        case Not(inner):
            return Query("NOT ") + condition(inner, setting, joined_path(path, "not"))
        case At(as_of, inner):
            return condition(inner, _as_of(as_of, setting, path), joined_path(path, "rule"))
        case InSegment(name):
            return _segment(name, setting, joined_path(path, "segment"))
        case _:
            return _leaf(rule, setting, path)


def _leaf(rule: Leaf, setting: Setting, path: str) -> Query:  # noqa: PLR0911  # one answer a kind of rule
    match rule:
        case Prop(column, test):
            sql = f"u.{ident(column)}" if column else ""
            return Query("coalesce(") + column_test("user", column, sql, test, setting, path) + ", false)"
        case Did():
            return did_condition(rule, setting, path)
        case Order():
            return order_condition(rule, setting, path)
        case Top():
            return top_condition(rule, setting, path)
        case Sample(share, salt):
            return Query("md5_number_upper(? || ':' || u.user_id) < ?::UBIGINT", (salt, _threshold(share)))
        case Rfm():
            return rfm_condition(rule, setting.end(joined_path(path, "rfm"), "RFM"))
        case Moment():
            return moment_condition(rule, setting, path)
        case Regularly():
            return regularly_condition(rule, setting, path)
        case Stopped():
            return stopped_condition(rule, setting, path)
        case Resumed():
            return resumed_condition(rule, setting, path)
        case Abc():
            return abc_condition(rule, setting, path)
        case Loyalty():
            return loyalty_condition(rule, setting, path)
        case InGroup():
            return _group(rule, setting, path)
        case Sql():
            return sql_condition(rule, setting, path)
        case _:
            raise TypeError(rule)  # InSegment, which `condition` sees to


def _bracketed(word: str, parts: list[Query]) -> Query:
    return Query("(") + joined(word, parts) + ")"


def _threshold(share: float) -> int:
    """How many of the 2^64 hashes are below `share`; one fewer than all at 1, which no id on Earth will notice."""
    return min(round(share * 2**64), 2**64 - 1)


def _as_of(as_of: datetime | Ago, setting: Setting, path: str) -> Setting:
    """The setting as of an earlier moment; never a later one than it has."""
    end = setting.end(joined_path(path, "as_of"), "looking back")
    return replace(setting, as_of=min(back(end, as_of.n, as_of.unit) if isinstance(as_of, Ago) else as_of, end))


def _group(rule: InGroup, setting: Setting, path: str) -> Query:
    found = setting.schema.group(rule.name, joined_path(path, "group"))
    for place, part in enumerate(rule.parts):
        if part not in found.parts:
            known = ", ".join(f"{number} ({name})" for number, name in found.parts.items()) or "none"
            raise BadRule(
                f"{found.name!r} has no part {part}", joined_path(path, f"parts[{place}]"), f"It has: {known}."
            )
    query = Query("u.user_id IN (SELECT m.user_id FROM grouping_members m WHERE m.name = ?", (found.name,))
    if rule.parts:
        query += Query(f" AND m.part IN ({marks(rule.parts)})", rule.parts)
    if rule.closest is not None:
        query += Query(" AND m.rank <= ?", (rule.closest,))
    return query + ")"


def _segment(name: str, setting: Setting, path: str) -> Query:
    found = setting.schema.segment(name, path)
    key = found.name.casefold()
    if key in setting.inside:
        raise BadRule(
            f"segment {found.name!r} refers to itself", path, "Take the reference out of one of the segments."
        )
    if len(setting.inside) >= 20:
        raise BadRule("segments refer to each other more than 20 deep", path)
    within = replace(setting, as_of=found.as_of or setting.as_of, inside=(*setting.inside, key))
    return condition(found.rule, within, path)


def refers_to(rule: Rule) -> frozenset[str]:
    """The saved segments that a rule names, in lower case."""
    from core.segments.rule import walk

    return frozenset(r.name.casefold() for _, r in walk(rule) if isinstance(r, InSegment))


def find_cycle(name: str, rule: Rule, saved: dict[str, Segment]) -> tuple[str, ...]:
    """The chain of segment names by which `rule`, saved as `name`, would refer to itself; empty when it does not."""
    start = name.casefold()
    paths: list[tuple[str, ...]] = [(start, other) for other in sorted(refers_to(rule))]
    seen: set[str] = set()
    while paths:
        path = paths.pop()
        if path[-1] == start:
            return path
        if path[-1] not in seen and path[-1] in saved:
            seen.add(path[-1])
            paths.extend((*path, other) for other in sorted(refers_to(saved[path[-1]].rule)))
    return ()
