"""Completeness: which columns have no value in rows that should have one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Refusal
from core.quality import said
from core.quality.ask import remember
from core.quality.asked_column import Column, column_of, table_of
from core.quality.event_examples import EXAMPLES, behind
from core.quality.types import KEY, Action, Asked, Exclude, Fill, Finding, Kind, Level, Param, Repair, Scope, Selection
from core.store import Query

BELONGS: dict[str, frozenset[str]] = {
    "quantity": frozenset({"purchase", "return", "cart"}),
    "value": frozenset({"purchase", "return"}),
    "order_id": frozenset({"purchase", "return"}),
    "rating": frozenset({"rating"}),
    "dwell": frozenset({"view"}),
    "item": frozenset({"view", "click", "cart", "purchase", "return", "rating", "favourite"}),
}
"""Columns that belong to some events by nature: there a small share of filled rows is enough to miss the others."""

FAIR, SOME = 0.5, 0.05
"""Share of an event word's rows with a value, from which on the others miss theirs: as a rule, and where it BELONGS."""

_MUCH = 0.05  # share of rows from which on a gap is worth a look
_SERIOUS = frozenset({"value", "quantity", "at_utc"})


@dataclass(frozen=True)
class Filled:
    """How full the columns of events are: rows by event word, and word -> column -> rows with a value."""

    rows: Mapping[str, int]
    known: Mapping[str, Mapping[str, int]]

    def words(self, column: str) -> tuple[str, ...]:
        """The event words whose rows should have a value in this column, the most frequent first."""
        column = {"price": "value"}.get(column, column)
        if column in ("user", "at_utc"):  # of every event one may ask who and when, if the data say it at all
            return tuple(self.rows) if any(known[column] for known in self.known.values()) else ()
        belongs = BELONGS.get(column, frozenset())
        return tuple(
            word for word, n in self.rows.items() if self.known[word][column] >= n * (SOME if word in belongs else FAIR)
        )


def filled(asked: Asked) -> Filled:
    """How full the columns of events are, looked at once."""
    return remember(asked, "filled", lambda: _filled(asked))


_DESCRIBED: tuple[Scope, ...] = ("users", "items")


def detect(asked: Asked) -> list[Finding]:
    """Findings `missing` for each column with rows that lack a value, `no_item`, and `not_described`."""
    found = [_of_events(asked, column) for column in _event_columns(asked)]
    found += [finding for table in _DESCRIBED for finding in _of_people_or_things(asked, table)]
    return [finding for finding in found if finding]


# ---- the selections


def _missing(asked: Asked, params: Mapping[str, Param]) -> Query:
    column = column_of(asked, params["table"], params["column"])
    return Query(f"SELECT {KEY[column.table]} FROM {column.table} WHERE ") + _where(asked, column, params["events"])


def _not_described(asked: Asked, params: Mapping[str, Param]) -> Query:
    table = table_of(params["table"])
    columns = _described_by(asked, table)
    if not columns:
        return Query(f"SELECT {KEY[table]} FROM {table} WHERE false")
    return Query(f"SELECT {KEY[table]} FROM {table} WHERE {' AND '.join(c.missing for c in columns)}")


def _no_item(asked: Asked, params: Mapping[str, Param]) -> Query:
    return Query("SELECT event_no FROM events WHERE ") + _where(asked, _ITEM, params["events"])


_ITEM = Column("events", "item", "item_no", "text")


def _where(asked: Asked, column: Column, events: Param = ()) -> Query:
    if column.table != "events":
        return Query(column.missing)
    if events is not None and not isinstance(events, tuple):
        raise Refusal("bad_selection", "`events` takes a list of event words.", f"There are: {_known(asked)}.")
    words = events or filled(asked).words(column.name)
    if not words:
        return Query("false")
    if set(words) >= set(filled(asked).rows):
        return Query(column.missing)
    return Query(f"{column.missing} AND event IN ({', '.join('?' * len(words))})", words)


def _known(asked: Asked) -> str:
    return ", ".join(filled(asked).rows) or "none"


KINDS: tuple[Kind, ...] = (
    Kind("missing", None, "rows without a value", {"table": None, "column": None, "events": ()}, _missing),
    Kind("not_described", None, "users or items of which no column is known", {"table": None}, _not_described),
    Kind("no_item", "events", "events that should name an item and do not", {"events": ()}, _no_item),
)


# ---- events


def _event_columns(asked: Asked) -> list[Column]:
    names = ["user", "item", *(name for name in asked.columns["events"] if name != "event")]
    return [column_of(asked, "events", name) for name in names]


def _filled(asked: Asked) -> Filled:
    columns = _event_columns(asked)
    counts = ", ".join(
        f"count({c.sql})" + (f" - count(*) FILTER (len({c.sql}) = 0)" if c.type == "list" else "") + f" AS c{k}"
        for k, c in enumerate(columns)
    )
    query = Query(f"SELECT event, count(*) AS n, {counts} FROM events GROUP BY event ORDER BY n DESC, event")
    rows = asked.reader.rows(query, step=asked.step)
    return Filled(
        {str(row["event"]): int(row["n"]) for row in rows},
        {str(row["event"]): {c.name: int(row[f"c{k}"]) for k, c in enumerate(columns)} for row in rows},
    )


def _of_events(asked: Asked, column: Column) -> Finding | None:
    full = filled(asked)
    words = full.words(column.name)
    by_event = {word: full.rows[word] - full.known[word][column.name] for word in words}
    n, of = sum(by_event.values()), sum(full.rows[word] for word in words)
    if not n:
        return None
    stand = behind(asked, _where(asked, column), blank=column.name)
    code = "no_item" if column.name == "item" else "missing"
    selection = Selection(code) if code == "no_item" else Selection.of(code, table="events", column=column.name)
    told = ", ".join(f"{said.plural(word)} {said.number(k)}" for word, k in by_event.items() if k)
    if column.name == "user":
        title = f"{said.of_all(n, of, 'events')} {'names' if n == 1 else 'name'} no user."
        meaning = f"They count in attention and revenue, never in users or lists. By event: {told}."
    else:
        plain = {"item": "item", "at_utc": "time", "order_id": "order", "dwell": "dwell time"}
        all_of = said.plural(words[0]) if len(words) == 1 else "events that should have one"
        title = f"{said.of_all(n, of, all_of)} {said.have(n)} no {plain.get(column.name, column.name)}."
        low = f" ({SOME * 100:.0f} % where it belongs to them by nature)" if column.name in BELONGS else ""
        looked_at = said.listed([said.plural(word) for word in words])
        meaning = (
            f"Looked at: {looked_at}, of which at least {FAIR * 100:.0f} %{low} "
            f"have a value; other events are not expected to. By event: {told}."
        )
    return Finding(
        code, _level(column, n, of), title, meaning, "events", n, of,
        column=column.name, selection=selection, examples=stand.examples, users=stand.users or None,
        facts={"table": "events", "by_event": {word: k for word, k in by_event.items() if k}},
        repairs=tuple(Repair(selection, action) for action in _event_actions(column)),
    )  # fmt: skip


def _event_actions(column: Column) -> tuple[Action, ...]:
    if column.name == "user":
        return (Exclude(),)
    if column.name in ("item", "at_utc"):
        return (Exclude(),)
    if column.name in ("order_id", "session"):  # names of things: any that was made up would join what is apart
        return ()
    if column.type == "number":
        group = "item" if column.name in ("quantity", "value", "rating", "dwell") else None
        return (Fill(column.name, "median", group=group), Exclude())
    return _of_text(column) if column.type == "text" else ()


def _of_text(column: Column) -> tuple[Action, ...]:
    unknown = Fill(column.name, "constant", "unknown")
    return (unknown,) if column.role == "title" else (unknown, Fill(column.name, "mode"))


def _level(column: Column, n: int, of: int) -> Level:
    if column.role == "consent":
        return "note"
    if column.table == "events" and column.name in _SERIOUS:
        return "serious"
    return "look" if n >= of * _MUCH or column.name in ("user", "item") else "note"


# ---- users and items


def _described_by(asked: Asked, table: Scope) -> list[Column]:
    """The columns of users or items that files have brought."""
    names = [name for name in asked.columns[table] if name not in ("user_id", "item_id")]
    return [] if table == "events" else [column_of(asked, table, name) for name in names]


def _of_people_or_things(asked: Asked, table: Scope) -> list[Finding]:
    columns = _described_by(asked, table)
    if not columns:
        return []
    counts = ", ".join(f"count(*) FILTER ({c.missing}) AS c{k}" for k, c in enumerate(columns))
    nothing = " AND ".join(c.missing for c in columns)
    query = Query(f"SELECT count(*) AS n, count(*) FILTER ({nothing}) AS nothing, {counts} FROM {table}")
    row = asked.reader.rows(query, step=asked.step)[0]
    of, unknown = int(row["n"]), int(row["nothing"])
    apart = unknown if len(columns) > 1 else 0  # said once, not again for each column
    found = [_nothing_known(asked, table, apart, of, nothing)] if apart else []
    for k, column in enumerate(columns):
        if int(row[f"c{k}"]) > apart:
            found.append(_of_attribute(asked, column, int(row[f"c{k}"]), of, apart))
    return found


def _nothing_known(asked: Asked, table: Scope, n: int, of: int, test: str) -> Finding:
    selection = Selection.of("not_described", table=table)
    return Finding(
        "not_described", "look" if n >= of * _MUCH else "note",
        f"{said.of_all(n, of, table)} {said.have(n)} no value in any column.",
        f"No file describes them: events alone name them. They may be missing from the file of {table}, or be no real "
        f"{table}.", table, n, of,
        selection=selection, examples=_some(asked, table, test), facts={"table": table},
        repairs=(Repair(selection, Exclude()),), users=n if table == "users" else None,
    )  # fmt: skip


def _of_attribute(asked: Asked, column: Column, n: int, of: int, nothing: int) -> Finding:
    selection = Selection.of("missing", table=column.table, column=column.name)
    alone = f"{said.number(nothing)} of these have no value in any other column either: no file describes them. "
    meaning = (alone if nothing else "") + "A missing value is never taken for zero or for no."
    if column.role == "consent":
        meaning += " Who was never asked has not agreed; consent is not to be filled."
    return Finding(
        "missing", _level(column, n, of), f"{said.of_all(n, of, column.table)} {said.have(n)} no {column.name}.",
        meaning, column.table, n, of,
        column=column.name, selection=selection, examples=_some(asked, column.table, column.missing),
        facts={"table": column.table, "nothing_known": nothing, "role": column.role},
        repairs=tuple(Repair(selection, action) for action in _attribute_actions(asked, column)),
        users=n if column.table == "users" else None,
    )  # fmt: skip


def _attribute_actions(asked: Asked, column: Column) -> tuple[Action, ...]:
    if column.role == "consent" or column.type in ("list", "time", "yes_no"):
        return ()
    if column.type == "number":
        if column.name == "price" and "category" in asked.columns["items"]:
            return (Fill("price", "median", group="category"), Fill("price", "median"))
        return (Fill(column.name, "median"), Fill(column.name, "neighbours"))
    return _of_text(column)


def _some(asked: Asked, table: Scope, test: str) -> tuple[dict[str, Any], ...]:
    """Ids alone: the rest of the row may be about a person."""
    thing = table[:-1]
    query = Query(f"SELECT {thing}_id AS {thing} FROM {table} WHERE {test} ORDER BY {thing}_id LIMIT {EXAMPLES}")
    return tuple(asked.reader.rows(query, step=asked.step))
