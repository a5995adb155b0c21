"""What drift is told by: of each load that counts, its values per event word, samples of its numbers, hours and ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from core.quality.shift import Floats
from core.quality.types import Asked, Scope
from core.store import Query, ident
from core.store.query import Value

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and every command comes by here

LEVELS = 50
"""A text column with more different values is not compared by its values."""
SAMPLE = 400_000
"""Rows of all loads together by which numbers are compared; the same ones each time."""
IDS = 20_000
"""Users, or items, whose ids are looked at."""
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
_BITS = 1 << 24
_NOT_LIKE = frozenset({"order_id", "session", "campaign"})  # each load has its own, as it should
# Two spellings of one id are the same here: capitals, spaces, zeros in front and a decimal part that a sheet added.
_BARE = "ltrim(regexp_replace(lower(trim({id})), '\\.0+$', ''), '0')"
_FORMS = (
    "CASE WHEN regexp_matches({id}, '^[0-9]+\\.0+$') THEN 'number with .0' WHEN regexp_matches({id}, '^0[0-9]+$') "
    "THEN 'number with zeros in front' WHEN regexp_matches({id}, '^[0-9]+$') THEN 'number' "
    "WHEN contains({id}, '@') THEN 'with @' WHEN regexp_matches({id}, '^[0-9a-fA-F-]{{32,36}}$') THEN 'hexadecimal' "
    "WHEN regexp_matches({id}, '^[A-Za-z]+$') THEN 'letters' ELSE 'letters and signs' END"
)


@dataclass(frozen=True, eq=False)
class Loads:
    """The loads of one kind, as tables for pandas. `word` is the event word, "" for loads of attributes.

    Attributes:
        kind: events, users or items.
        numbers: the loads that count and have rows, oldest first.
        rows: load -> rows. people: load -> users behind them (rows without user count as one each), or items.
        missing: load, word, rows and one column per column: rows with a value.
        values: column -> table of load, word, value, rows.
        sample: load, word and number columns; of events also price (value / quantity).
        hours: load, hour, rows, midnight (rows at exactly 00:00:00).
    """

    kind: Literal["events", "users", "items"]
    numbers: tuple[int, ...]
    rows: dict[int, int]
    people: dict[int, int]
    missing: pd.DataFrame
    values: dict[str, pd.DataFrame]
    sample: pd.DataFrame
    hours: pd.DataFrame


def loads_of(asked: Asked, kind: Literal["events", "users", "items"]) -> Loads | None:
    """The loads of a kind; None where there are not two with rows."""
    live = [int(row["batch_no"]) for row in asked.reader.rows(
        Query("SELECT batch_no FROM live_batches WHERE kind = ? ORDER BY batch_no", (kind,)), step=asked.step
    )]  # fmt: skip
    if len(live) < 2:
        return None
    source, word, who = _SOURCES[kind]
    columns = {name: type_ for name, type_ in asked.columns[kind].items() if name not in _SKIPPED[kind]}
    texts = [name for name, type_ in columns.items() if type_ == "VARCHAR" and name not in _NOT_LIKE]
    within = f"batch_no IN ({', '.join('?' for _ in live)})"
    missing = _table(asked, Query(
        f"SELECT batch_no AS load, {word} AS word, count(*) AS rows, "
        + "".join(f"count({ident(name)}) AS {ident('c_' + name)}, " for name in columns)
        + f"approx_count_distinct({who}) AS who, count(*) - count({who}) AS nobody FROM {source} WHERE {within} "
        "GROUP BY 1, 2", tuple(live),
    ))  # fmt: skip
    counted: Any = missing.groupby("load")["rows"].sum()
    rows = {int(load): int(n) for load, n in counted.items()}
    there = tuple(load for load in live if rows.get(load))
    if len(there) < 2:
        return None
    people = _people(missing, rows)
    levels = _levels(asked, source, texts) if texts else {}
    values = {name: _values(asked, name, source, word, Query(within, tuple(live)))
              for name in texts if 2 <= levels[name] <= LEVELS * 1.2}  # fmt: skip
    numbers = [name for name, type_ in columns.items() if type_.startswith(NUMBERS)]
    return Loads(
        kind, there, rows, people, missing, values,
        _sample(asked, kind, numbers, rows), _hours(asked, live) if kind == "events" else missing.iloc[:0],
    )  # fmt: skip


def ids(asked: Asked, table: Literal["users", "items"]) -> pd.DataFrame:
    """Ids of each load of events, counted: load, form, n, known (an earlier load has this very id), alike (an earlier
    load has it in another spelling only), length (characters, added up).

    Of at most about 20,000 ids, chosen by the bare id, so that all spellings of one are there.
    """
    no, id_ = ("user_no", "user_id") if table == "users" else ("item_no", "item_id")
    total = int(asked.reader.rows(Query(f"SELECT count(*) AS n FROM {table}"), step=asked.step)[0]["n"])
    bare, form = _BARE.format(id=id_), _FORMS.format(id=id_)
    return _table(
        asked,
        Query(
            f"WITH few AS (SELECT {no}, {id_} AS id, {bare} AS bare, {form} AS form FROM {table} "
            f"WHERE hash({bare}) % ? = 0), seen AS (SELECT DISTINCT batch_no AS load, {no} FROM events "
            f"WHERE {no} IN (SELECT {no} FROM few)), "
            f"told AS (SELECT load, form, length(id) AS length, min(load) OVER (PARTITION BY {no}) < load AS known, "
            f"min(load) OVER (PARTITION BY bare) < load AS bare_known FROM seen JOIN few USING ({no})) "
            "SELECT load, form, count(*) AS n, count(*) FILTER (known) AS known, "
            "count(*) FILTER (bare_known AND NOT known) AS alike, sum(length)::DOUBLE AS length "
            "FROM told GROUP BY 1, 2",
            (max(1, total // IDS),),
        ),
    )


def cube(table: pd.DataFrame, loads: tuple[int, ...]) -> tuple[list[str], Floats]:
    """Rows of a table of load, word, value, rows as counts [loads, words, values], with the names of the values.

    All but the `LEVELS` commonest values are one, "(others)".
    """
    import pandas as pd

    common = table.groupby("value")["rows"].sum().nlargest(LEVELS).index
    value, names = pd.factorize(table["value"].where(table["value"].isin(common), "(others)"), sort=True)
    word, words = pd.factorize(table["word"])
    made = np.zeros((len(loads), len(words), len(names)))
    here = pd.Index(loads).get_indexer(pd.Index(table["load"]))
    np.add.at(made, (here, word, value), table["rows"].to_numpy(np.float64))
    return [str(name) for name in names], made


_SOURCES: dict[Scope, tuple[str, str, str]] = {
    "events": ("events", "event", "user_no"),
    "users": ("user_facts", "''", "user_no"),
    "items": ("item_facts", "''", "item_no"),
}
_SKIPPED: dict[Scope, frozenset[str]] = {
    "events": frozenset({"event", "at_utc"}), "users": frozenset({"user_id"}), "items": frozenset({"item_id"}),
}  # fmt: skip


def _people(missing: pd.DataFrame, rows: dict[int, int]) -> dict[int, int]:
    """Independent draws behind a load: users of its commonest word (they do the others too) and rows without user."""
    each: Any = missing.groupby("load").agg(who=("who", "max"), nobody=("nobody", "sum"))
    return {int(load): min(rows[int(load)], int(row["who"]) + int(row["nobody"])) for load, row in each.iterrows()}


def _levels(asked: Asked, source: str, texts: list[str]) -> dict[str, int]:
    counts = ", ".join(f"approx_count_distinct({ident(name)}) AS {ident(name)}" for name in texts)
    found = asked.reader.rows(Query(f"SELECT {counts} FROM {source}"), step=asked.step)[0]
    return {name: int(found[name]) for name in texts}


def _values(asked: Asked, name: str, source: str, word: str, within: Query) -> pd.DataFrame:
    return _table(
        asked,
        Query(f"SELECT batch_no AS load, {word} AS word, {ident(name)} AS value, count(*) AS rows FROM {source} WHERE ")
        + within
        + f" AND {ident(name)} IS NOT NULL GROUP BY 1, 2, 3",
    )


def _sample(asked: Asked, kind: Scope, numbers: list[str], rows: dict[int, int]) -> pd.DataFrame:
    """Rows of each load chosen by the hash of their number, so that the order of a file does not matter."""
    import pandas as pd

    source, word, key = _SOURCES[kind]
    key = "event_no" if kind == "events" else key
    if kind == "events":
        numbers = [name for name in numbers if name != "value"]
    listed = "".join(f", {ident(name)}::DOUBLE AS {ident('n_' + name)}" for name in numbers)
    if kind == "events":
        listed += (
            ", (CASE WHEN quantity IS NULL THEN value WHEN quantity <> 0 THEN value / quantity END)::DOUBLE AS n_price"
        )
    if not listed:
        return pd.DataFrame()
    each = max(2_000, SAMPLE // len(rows))
    which: list[Value] = [number for load, n in rows.items() for number in (load, min(_BITS, _BITS * each // n))]
    parts = ", ".join("(?::INTEGER, ?::BIGINT)" for _ in rows)
    return _table(asked, Query(
        f"SELECT batch_no AS load, {word} AS word{listed} FROM {source} JOIN (VALUES {parts}) p(batch_no, part) "
        f"USING (batch_no) WHERE (hash({key}) >> 40)::BIGINT < part", tuple(which),
    ))  # fmt: skip


def _hours(asked: Asked, live: list[int]) -> pd.DataFrame:
    return _table(asked, Query(
        "SELECT batch_no AS load, hour(at_utc) AS hour, count(*) AS rows, "
        "count(*) FILTER (at_utc = date_trunc('day', at_utc)) AS midnight FROM events "
        f"WHERE at_utc IS NOT NULL AND batch_no IN ({', '.join('?' for _ in live)}) GROUP BY 1, 2", tuple(live),
    ))  # fmt: skip


def _table(asked: Asked, query: Query) -> pd.DataFrame:
    found: pd.DataFrame = asked.reader.read(query, step=asked.step).to_pandas()
    return found
