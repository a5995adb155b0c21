"""What the data hold before the moment of a feature table: event words, columns, the most frequent values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.features.types import KEY, FeatureSpec
from core.progress import Step
from core.store import Query, Store, ident, joined

DAY = 86_400_000_000  # microseconds
KINDS = ("impression", "open", "view", "click", "cart", "purchase", "return", "rating")
"""Event words that features ask for by name; `kind` is their place + 1, and 0 for any other word."""
_NUMBERS = frozenset({"event_no", "user_no", "item_no", "batch_no", "row_no", "user_id", "item_id"})
_NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "UBIGINT", "UINTEGER")


@dataclass(frozen=True)
class Context:
    """A context column of events: x{place} in `events()`; `values` its most frequent texts, () for a number."""

    name: str
    kind: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """What is known before the features are made; all of it from before `as_of`.

    Attributes:
        words: event word -> how many.
        known: of channel, device, session, value, rating: how many events have one.
        top: "channel", "device" -> the most frequent values.
        categories: all categories, by events, then name; () where items have none.
        category: the column they are in.
        untimed: events without a time, where others have one.
        most: events of the user (item) with the most of them; no count of a group is above it.
    """

    store: Store
    spec: FeatureSpec
    as_of: datetime | None
    step: Step
    words: Mapping[str, int]
    known: Mapping[str, int]
    columns: Mapping[str, Mapping[str, str]]
    roles: Mapping[tuple[str, str], str]
    top: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    contexts: tuple[Context, ...] = ()
    categories: tuple[str, ...] = ()
    category: str | None = None
    untimed: int = 0
    most: int = 1

    @property
    def timed(self) -> bool:
        """Whether there is a moment to count back from."""
        return self.as_of is not None

    @property
    def key(self) -> str:
        """user_no or item_no."""
        return KEY[self.spec.table][0]

    def has(self, *words: str) -> bool:
        """Whether each of these events occurs before as_of."""
        return all(self.words.get(word, 0) for word in words)


def look(store: Store, spec: FeatureSpec, step: Step) -> World:
    """Look at the data once, before features are made of them."""
    as_of = spec.as_of or store.as_of()
    columns: dict[str, dict[str, str]] = {"users": {}, "items": {}, "events": {}}
    roles: dict[tuple[str, str], str] = {}
    for row in store.rows(_COLUMNS, step=step):
        table, name = str(row["table_name"]), str(row["column_name"])
        if name not in _NUMBERS:
            columns[table][name] = str(row["data_type"])
        if row["role"] is not None:
            roles[table, name] = str(row["role"])
    world = World(store, spec, as_of, step, {}, {}, columns, roles)
    before = _before(world)
    seen = store.rows(_SEEN + before + " GROUP BY event ORDER BY event", step=step)
    untimed = 0
    if as_of is not None:
        untimed = int(store.rows(Query("SELECT count(*) AS n FROM events WHERE at_utc IS NULL"), step=step)[0]["n"])
    contexts = [
        Context(name, columns["events"][name])
        for (table, name), role in roles.items()
        if table == "events" and role == "context" and name in columns["events"]
    ]
    contexts.sort(key=lambda c: list(columns["events"]).index(c.name))
    category = next((n for (t, n), r in roles.items() if t == "items" and r == "category"), None)
    if category is None and "category" in columns["items"]:
        category = "category"
    return World(
        store,
        spec,
        as_of,
        step,
        {str(row["event"]): int(row["n"]) for row in seen},
        {name: sum(int(row[name]) for row in seen) for name in ("channel", "device", "session", "value", "rating")},
        columns,
        roles,
        {name: _most(world, name, before) for name in ("channel", "device")},
        tuple(c if is_number(c.kind) else Context(c.name, c.kind, _most(world, c.name, before)) for c in contexts),
        _categories(world, category) if category else (),
        category,
        untimed,
        int(
            store.rows(Query("SELECT coalesce(max(n), 0) AS most FROM (") + _counted(world) + ")", step=step)[0]["most"]
        ),
    )


def is_number(kind: str) -> bool:
    """Whether a DuckDB type holds numbers that have a mean; yes/no counts as 1 and 0."""
    return kind.startswith(_NUMERIC) or kind == "BOOLEAN"


def events(world: World) -> Query:
    """The events before as_of, as the scans use them.

    user_no, item_no, kind (place in KINDS + 1), act (not an impression), age (microseconds before as_of, above zero), w
    (the shortest window that it lies in, by place; NULL = none), half (1: last 30 days, 2: the 30 before), day, hour,
    weekday (0 = Sunday), purchase (its order, as a number), value, units, rating, session, channel, device (places
    among the most frequent; their number = other, NULL = none), x0.. (context: number, or place likewise).
    """
    timed = Query("? - epoch_us(at_utc)", (_micros(world.as_of),)) if world.as_of else Query("NULL::BIGINT")
    kinds = " ".join(f"WHEN '{word}' THEN {n}" for n, word in enumerate(KINDS, 1))
    extra = [_place(name, world.top.get(name, ())) + f" AS {name}" for name in ("channel", "device")]
    for n, context in enumerate(world.contexts):
        cell = f"CAST({ident(context.name)} AS DOUBLE)" if is_number(context.kind) else ""
        extra.append((Query(cell) if cell else _place(context.name, context.values)) + f" AS x{n}")
    inner = (
        Query("SELECT *, ") + timed + f" AS age, (CASE event {kinds} ELSE 0 END)::TINYINT AS kind FROM events"
    ) + _before(world)
    windows = " ".join(f"WHEN age <= {days * DAY} THEN {n}" for n, days in enumerate(world.spec.windows))
    return (
        Query(
            "SELECT user_no, item_no, kind, kind <> 1 AS act, age, "
            + (f"(CASE {windows} END)::TINYINT AS w, " if windows else "NULL::TINYINT AS w, ")
            + f"(CASE WHEN age <= {30 * DAY} THEN 1 WHEN age <= {60 * DAY} THEN 2 END)::TINYINT AS half, "
            "CAST(at_utc AS DATE) AS day, hour(at_utc)::TINYINT AS hour, dayofweek(at_utc)::TINYINT AS weekday, "
            "CASE WHEN order_id IS NULL THEN hash(CAST(at_utc AS DATE)) ELSE hash(order_id) END AS purchase, "
            "value, "
            "coalesce(quantity, CASE kind WHEN 7 THEN -1 ELSE 1 END) AS units, rating, session, "
        )
        + joined(", ", extra)
        + " FROM ("
        + inner
        + ")"
    )


def item_categories(world: World) -> str:
    """SQL: (item_no, category), one row for each category of an item; none for an item without."""
    if world.category is None:
        return "SELECT NULL::INTEGER AS item_no, NULL::VARCHAR AS category WHERE false"
    name = ident(world.category)
    listed = world.columns["items"][world.category].endswith("[]")
    cell = f"unnest({name})" if listed else name
    return (
        f"SELECT DISTINCT item_no, category FROM (SELECT item_no, CAST({cell} AS VARCHAR) AS category FROM items) "
        "WHERE category IS NOT NULL"
    )


def category_tables(world: World) -> Query:
    """Two tables for a WITH: `labels` (list of all categories) and `named` (item_no, c: place of a category of it)."""
    # one list as text, so that thousands of categories are one parameter
    listed = json.dumps(world.categories, ensure_ascii=False)
    return Query(
        "labels AS MATERIALIZED (SELECT CAST(?::JSON AS VARCHAR[]) AS list), named AS (SELECT item_no, c FROM "
        "(SELECT unnest(list) AS label, unnest(range(len(list)))::INTEGER AS c FROM labels) "
        f"JOIN ({item_categories(world)}) ON category = label)",
        (listed,),
    )


# ---- inside


def _before(world: World) -> Query:
    return Query(" WHERE at_utc < ?", (world.as_of,)) if world.as_of else Query("")


def _counted(world: World) -> Query:
    return Query("SELECT count(*) AS n FROM events") + _before(world) + f" GROUP BY {world.key}"


def _most(world: World, column: str, before: Query) -> tuple[str, ...]:
    name = ident(column)
    found = Query(f"SELECT CAST({name} AS VARCHAR) AS v, count(*) AS n FROM events") + before
    found += f" GROUP BY 1 HAVING v IS NOT NULL ORDER BY n DESC, v LIMIT {world.spec.top}"
    return tuple(str(row["v"]) for row in world.store.rows(found, step=world.step))


def _categories(world: World, category: str) -> tuple[str, ...]:
    known = World(world.store, world.spec, world.as_of, world.step, {}, {}, world.columns, {}, category=category)
    counted = Query("SELECT item_no, count(*) AS n FROM events") + _before(world) + " GROUP BY item_no"
    found = (
        Query(f"SELECT category, coalesce(sum(n), 0) AS n FROM ({item_categories(known)}) LEFT JOIN (")
        + counted
        + ") USING (item_no) GROUP BY category ORDER BY n DESC, category"
    )
    return tuple(str(row["category"]) for row in world.store.rows(found, step=world.step))


def _place(column: str, values: tuple[str, ...]) -> Query:
    name = f"CAST({ident(column)} AS VARCHAR)"
    cases = [Query(f"WHEN {name} = ? THEN {n}", (value,)) for n, value in enumerate(values)]
    empty = Query(f"CASE WHEN {name} IS NULL THEN NULL ")
    return empty + joined(" ", cases) + f" ELSE {len(values)} END::SMALLINT"


def _micros(moment: datetime) -> int:
    since = moment - datetime(1970, 1, 1)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


_SEEN = Query(
    "SELECT event, count(*) AS n, count(channel) AS channel, count(device) AS device, count(session) AS session, "
    "count(value) AS value, count(rating) AS rating FROM events"
)
_COLUMNS = Query(
    "SELECT d.table_name, d.column_name, d.data_type, c.role FROM duckdb_columns() d LEFT JOIN columns c "
    "USING (table_name, column_name) WHERE d.schema_name = 'main' AND d.database_name = current_database() "
    "AND d.table_name IN ('events', 'users', 'items') ORDER BY d.table_name, d.column_index"
)
