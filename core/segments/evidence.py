"""What shows whether a condition holds for a user: one query a condition, over the events of those users alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.segments.amounts import COUNTS
from core.segments.conditions import Setting, marks, step_condition, window_condition
from core.segments.evidence_time import moment_shown, regularly_shown, resumed_shown, stopped_shown
from core.segments.evidence_words import amount_words, say_moment, say_number, say_value
from core.segments.evidence_worth import abc_shown, group_shown, loyalty_shown, rfm_shown
from core.segments.measures import _SQL, measured_rows
from core.segments.parts import Beside, Span, joined_path
from core.segments.rule import (
    Abc,
    Did,
    InGroup,
    Loyalty,
    Moment,
    Order,
    Prop,
    Regularly,
    Resumed,
    Rfm,
    Rule,
    Sample,
    Sql,
    Stopped,
    Top,
)
from core.segments.words import _noun, _span, _step
from core.store import Query, Store, ident

_OF_KINDS = {
    Moment: moment_shown, Regularly: regularly_shown, Stopped: stopped_shown, Resumed: resumed_shown,
    InGroup: group_shown, Rfm: rfm_shown, Abc: abc_shown, Loyalty: loyalty_shown,
}  # fmt: skip


def evidence(store: Store, leaf: Rule, at: Setting, path: str, holds: Mapping[int, bool]) -> dict[int, str]:
    """user_no -> what shows whether the condition holds, for the users of `holds` (user_no -> whether it does)."""
    users = tuple(holds)
    if isinstance(leaf, Sample):
        return {n: "drawn" if held else "not drawn" for n, held in holds.items()}
    if isinstance(leaf, Sql):
        return {n: "named by the query" if held else "not named by the query" for n, held in holds.items()}
    shown: dict[int, str]
    match leaf:
        case Prop():
            shown = _prop(store, leaf, users)
        case Did():
            shown = _did(store, leaf, at, path, users)
        case Top():
            shown = _top(store, leaf, at, path, users)
        case Order():
            shown = (_absent if leaf.absent else _order)(store, leaf, at, path, users)
        case _:
            shown = _OF_KINDS[type(leaf)](store, leaf, at, path, users)  # type: ignore[operator]
    return shown


def _prop(store: Store, rule: Prop, users: tuple[int, ...]) -> dict[int, str]:
    query = Query(f"SELECT user_no, {ident(rule.column)} AS v FROM users WHERE user_no IN ({marks(users)})", users)
    return {int(row["user_no"]): f"{rule.column}: {say_value(row['v'])}" for row in store.rows(query)}


def _did(store: Store, rule: Did, at: Setting, path: str, users: tuple[int, ...]) -> dict[int, str]:
    measure = rule.measure or "events"
    query = (
        Query(f"SELECT e.user_no, {_SQL[measure]} AS amount, max(e.at_utc) FILTER (e.event <> 'return' OR ?) AS last ",
              (rule.event == "return",))
        + measured_rows(rule, at, path)
        + Query(f" AND e.user_no IN ({marks(users)}) GROUP BY e.user_no", users)
    )  # fmt: skip
    found = {int(row["user_no"]): row for row in store.rows(query)}
    none = _nothing(measure, rule)
    return {n: _measured(found[n], measure, rule.event) if n in found else none for n in users}


def _measured(row: Mapping[str, Any], measure: str, event: str) -> str:
    last = f", the last on {say_moment(row['last'])}" if row["last"] else ""
    if row["amount"] is None:
        return f"{_noun(event, 2)} without a known figure{last}"
    return amount_words(row["amount"], measure, event) + last


def _nothing(measure: str, rule: Did) -> str:
    beside = f", or no {_step(rule.window.step)} to look from" if isinstance(rule.window, Beside) else ""
    counted = measure in (*COUNTS, "quantity")
    return (amount_words(0, measure, rule.event) if counted else f"no {_noun(rule.event, 1)}") + beside


def _top(store: Store, rule: Top, at: Setting, path: str, users: tuple[int, ...]) -> dict[int, str]:
    from decimal import Decimal

    query = (
        Query(f"WITH measured AS MATERIALIZED (SELECT * FROM (SELECT e.user_no, {_SQL[rule.measure]} AS amount ")
        + measured_rows(rule, at, path)
        + " GROUP BY e.user_no) WHERE amount IS NOT NULL), "
        "steps AS (SELECT amount, sum(count(*)) OVER (ORDER BY amount DESC) AS upto, sum(count(*)) OVER () AS total "
        "FROM measured GROUP BY amount) SELECT user_no, amount, "
        + Query(
            "(SELECT amount FROM steps ORDER BY abs(upto - ? * total), upto DESC LIMIT 1) AS cut ",
            (Decimal(str(rule.share)),),
        )
        + Query(f"FROM measured WHERE user_no IN ({marks(users)})", users)
    )
    found = {int(row["user_no"]): row for row in store.rows(query)}
    none = f"no figure: no {_noun(rule.event, 1)} that counts"
    return {
        n: f"{amount_words(found[n]['amount'], rule.measure, rule.event)}; the top begins at "
        f"{say_number(found[n]['cut'])}"
        if n in found
        else none
        for n in users
    }


def _rows(rule: Order, of: str, at: Setting, path: str, users: tuple[int, ...]) -> Query:
    step = rule.first if of == "first" else rule.then
    return (
        Query("SELECT e.user_no, e.item_no, e.at_utc FROM events e WHERE e.at_utc IS NOT NULL AND ")
        + step_condition(step, at, joined_path(path, of))
        + window_condition(rule.window, at, joined_path(path, "window"))
        + Query(f" AND e.user_no IN ({marks(users)})", users)
    )


def _order(store: Store, rule: Order, at: Setting, path: str, users: tuple[int, ...]) -> dict[int, str]:
    """The latest pair; of those who have none in time, the last of each."""
    same = " AND b.item_no = a.item_no" if rule.same_item else ""
    near = "b.at_utc - a.at_utc <= to_seconds(?)" if rule.within else "true"
    seconds = (_seconds(rule.within),) if rule.within else ()
    query = (
        Query("WITH a AS MATERIALIZED (") + _rows(rule, "first", at, path, users) + "), b AS MATERIALIZED ("
        + _rows(rule, "then", at, path, users)
        + "), pairs AS (SELECT b.user_no, a.at_utc AS first, b.at_utc AS later, "
        + Query(f"{near} AS near FROM b ASOF JOIN a ON b.user_no = a.user_no{same} AND b.at_utc > a.at_utc) ", seconds)
        + "SELECT u.user_no, (SELECT max(at_utc) FROM a WHERE a.user_no = u.user_no) AS last_first, "
        "(SELECT max(at_utc) FROM b WHERE b.user_no = u.user_no) AS last_then, p.* EXCLUDE (user_no) FROM users u "
        "LEFT JOIN (SELECT user_no, bool_or(near) AS near, arg_max(first, (near, later)) AS first, "
        "arg_max(later, (near, later)) AS later FROM pairs GROUP BY user_no) p USING (user_no) "
        + Query(f"WHERE u.user_no IN ({marks(users)})", users)
    )  # fmt: skip
    return {int(row["user_no"]): _pair(rule, row) for row in store.rows(query)}


def _pair(rule: Order, row: Mapping[str, Any]) -> str:
    first, then = _step(rule.first), _step(rule.then)
    if row["first"]:
        late = "" if row["near"] or rule.within is None else f", more than {_span(rule.within)} later"
        return f"{first} on {say_moment(row['first'])}, then {then} on {say_moment(row['later'])}{late}"
    if not row["last_first"]:
        return f"no {first}"
    item = " of the same item" if rule.same_item and row["last_then"] else ""
    return f"{first} on {say_moment(row['last_first'])}, no {then}{item} after it"


def _absent(store: Store, rule: Order, at: Setting, path: str, users: tuple[int, ...]) -> dict[int, str]:
    """The latest `first` that nothing followed in time; else the latest, with what followed it."""
    end = at.end(path, "one event after another")
    same = " AND b.item_no = a.item_no" if rule.same_item else ""
    seconds = _seconds(rule.within) if rule.within else None
    alone = "later IS NULL" if seconds is None else "(later IS NULL OR later - first > to_seconds(?)) AND done"
    over = Query("true") if seconds is None else Query("a.at_utc + to_seconds(?) <= ?", (seconds, end))
    query = (
        Query("WITH pairs AS (SELECT a.user_no, a.at_utc AS first, b.at_utc AS later, ")
        + over + " AS done FROM (" + _rows(rule, "first", at, path, users) + ") a ASOF LEFT JOIN ("
        + _rows(rule, "then", at, path, users)
        + f") b ON a.user_no = b.user_no{same} AND a.at_utc < b.at_utc) SELECT user_no, "
        + Query(f"bool_or({alone}) AS alone, arg_max(first, ({alone}, first)) AS first, ",
                () if seconds is None else (seconds, seconds))
        + Query(f"arg_max_null(later, ({alone}, first)) AS later FROM pairs GROUP BY user_no",
                () if seconds is None else (seconds,))
    )  # fmt: skip
    found = {int(row["user_no"]): row for row in store.rows(query)}
    return {n: _left_alone(rule, found[n]) if n in found else f"no {_step(rule.first)}" for n in users}


def _left_alone(rule: Order, row: Mapping[str, Any]) -> str:
    first, then = f"{_step(rule.first)} on {say_moment(row['first'])}", _step(rule.then)
    gap = f" within {_span(rule.within)}" if rule.within else ""
    if row["alone"]:
        return f"{first}, no {then}{gap} after it"
    if row["later"]:
        return f"{first}, then {then} on {say_moment(row['later'])}"
    return f"{first}, too late for {then}{gap} to be ruled out"


def _seconds(span: Span) -> int:
    return {"minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}[span.unit] * span.n
