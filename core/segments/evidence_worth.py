"""What shows whether users stand in a group, an RFM segment, a class or a stage."""

from __future__ import annotations

from core.segments.conditions import Setting, marks
from core.segments.evidence_words import amount_words, say_number
from core.segments.measures import _SQL, measured_rows
from core.segments.parts import joined_path
from core.segments.rfm_sql import base, scored
from core.segments.rule import Abc, InGroup, Loyalty, Rfm, Top
from core.store import Query, Store


def group_shown(store: Store, rule: InGroup, at: Setting, path: str, users: tuple[int, ...]) -> dict[int, str]:
    """Part, place and closeness, as far as the group has them."""
    found = at.schema.group(rule.name, joined_path(path, "group"))
    query = Query(
        "SELECT u.user_no, m.part, m.rank, m.score FROM grouping_members m JOIN users u USING (user_id) "
        f"WHERE m.name = ? AND u.user_no IN ({marks(users)})",
        (found.name, *users),
    )
    where = {"list": "on the list", "frozen": "among the frozen members"}.get(found.kind, "in the group")
    told = dict.fromkeys(users, f"not {where}")
    for row in store.rows(query):
        said = []
        if row["part"] is not None:
            said.append(found.parts.get(row["part"], "in no part" if row["part"] < 0 else f"part {row['part']}"))
        if row["rank"] is not None:
            said.append(f"place {row['rank']:,}")
        if row["score"] is not None:
            said.append(f"closeness {row['score']:.2f}")
        told[int(row["user_no"])] = ", ".join(said) or where
    return told


def rfm_shown(store: Store, rule: Rfm, at: Setting, path: str, users: tuple[int, ...]) -> dict[int, str]:
    """The scores, and the segment's name on the grid."""
    end = at.end(joined_path(path, "rfm"), "RFM")
    rows = store.rows(
        Query("SELECT * FROM (") + scored(end, rule.settings) + Query(f") s WHERE s.user_no IN ({marks(users)})", users)
    )
    found = {int(row["user_no"]): row for row in rows}
    told = {}
    for n in users:
        row = found.get(n)
        if row is None:
            told[n] = "no order with a date"
            continue
        money = "" if row.get("m") is None else f" M{row['m']}"
        told[n] = f"R{row['r']} F{row['f']}{money}: {rule.grid.name(row['r'], row['f'])}"
    return told


def abc_shown(store: Store, rule: Abc, at: Setting, path: str, users: tuple[int, ...]) -> dict[int, str]:
    """The class and the measure by which it is made."""
    from core.segments.abc_sql import classed

    parts = _parts(store, classed(rule, at, path), users)
    of = Top(rule.measure, 1.0, rule.event, rule.window, rule.where)
    query = (
        Query(f"SELECT e.user_no, {_SQL[rule.measure]} AS amount ")
        + measured_rows(of, at, path)
        + Query(f" AND e.user_no IN ({marks(users)}) GROUP BY e.user_no", users)
    )
    found = {int(row["user_no"]): row["amount"] for row in store.rows(query)}
    amounts = {n: amount_words(v, rule.measure, rule.event) for n, v in found.items() if v is not None}
    return {n: f"class {parts[n]}: {amounts.get(n, 'no figure')}" if n in parts else "no class" for n in users}


def loyalty_shown(store: Store, rule: Loyalty, at: Setting, path: str, users: tuple[int, ...]) -> dict[int, str]:
    """The stage, orders and days since the last."""
    from core.segments.loyalty_sql import staged

    end = at.end(joined_path(path, "loyalty"), "loyalty")
    parts = _parts(store, staged(rule.settings, end), users)
    rows = store.rows(Query("SELECT * FROM (") + base(end) + Query(f") b WHERE b.user_no IN ({marks(users)})", users))
    since = {
        int(row["user_no"]): f"{amount_words(row['frequency'], 'orders', 'purchase')}, the last "
        f"{say_number(row['recency'])} {'day' if row['recency'] == 1 else 'days'} before the end of the data"
        for row in rows
    }
    return {n: f"{parts[n]}: {since.get(n, 'no order with a date')}" if n in parts else "no stage" for n in users}


def _parts(store: Store, query: Query, users: tuple[int, ...]) -> dict[int, str]:
    rows = store.rows(Query("SELECT * FROM (") + query + Query(f") p WHERE p.user_no IN ({marks(users)})", users))
    return {int(row["user_no"]): str(row["part"]) for row in rows}
