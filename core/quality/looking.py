"""Questions that a page puts to a workspace: each takes the Store and plain values, so that answers can be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args

import pyarrow as pa

from core.progress import Step, no_step
from core.quality import asked_column, fill, fill_column
from core.quality.ask import ask, one
from core.quality.clusters import Cluster, clusters
from core.quality.codec import repair_to_json
from core.quality.complete import filled
from core.quality.daily import Daily, Measure, daily, words
from core.quality.figures import figures
from core.quality.hidden import HiddenTest, hidden_value_test
from core.quality.hidden_words import figure, said
from core.quality.kinds import KINDS
from core.quality.types import Figures, FillMethod, Repair, Scope, Selection
from core.quality.where import OPS
from core.store import Query, Store, Writer

# ---- figures


@dataclass(frozen=True)
class Compared:
    """One key figure in two states of the data.

    Attributes:
        name: as in Figures.
        change: after - before.
        share: change / before; None where before is 0.
    """

    name: str
    before: float
    after: float
    change: float
    share: float | None


def compare(before: Figures, after: Figures) -> tuple[Compared, ...]:
    """Each key figure before and after, in the order of Figures.

    >>> compare(Figures(4, 2, 1, 1, 1, 10.0, 10.0, 0.0), Figures(3, 2, 1, 1, 1, 5.0, 5.0, 0.0))[0].change
    -1
    """
    was, now = asdict(before), asdict(after)
    return tuple(
        Compared(name, was[name], now[name], now[name] - was[name], (now[name] - was[name]) / abs(was[name]))
        if was[name]
        else Compared(name, was[name], now[name], now[name] - was[name], None)
        for name in was
    )


def figures_as_loaded(store: Store) -> Figures:
    """The key figures of the loaded rows, as if no repair counted."""
    return figures(_Raw(store))


@dataclass(frozen=True)
class _Raw:
    store: Store

    def read(self, query: Query, *, step: Step = no_step) -> pa.Table:
        return self.store.read(query, step=step, raw=True)

    def rows(self, query: Query, *, step: Step = no_step) -> list[dict[str, Any]]:
        return self.store.rows(query, step=step, raw=True)


# ---- columns and what they lack


@dataclass(frozen=True)
class ColumnOf:
    """A column that a condition or a repair can name.

    Attributes:
        table, name: whose it is, and what it is called ("price", "user" and "item" of events too).
        type: number, text, time, yes_no or list.
        ops: what a condition can ask of it; see core.quality.where.
        role: of the analyst's own columns, else "".
    """

    table: Scope
    name: str
    type: str
    ops: tuple[str, ...]
    role: str


def columns_of(store: Store) -> tuple[ColumnOf, ...]:
    """All columns of events, users and items that can be named, contacts left out."""
    asked = ask(store, None)
    names: dict[Scope, list[str]] = {
        table: [*(asked_column.OWN_NAMES if table == "events" else ()), *asked.columns[table]]
        for table in get_args(Scope)
    }
    found = (asked_column.column_of(asked, table, name) for table, listed in names.items() for name in listed)
    return tuple(ColumnOf(c.table, c.name, c.type, OPS[c.type], c.role) for c in found if c.role != "contact")


@dataclass(frozen=True)
class Completeness:
    """How many rows have a value in a column.

    Attributes:
        known: rows with a value.
        of: rows that should have one: all of users and items; of events those whose word usually has a value there.
        events: these event words; () where all events count.
    """

    table: Scope
    column: str
    known: int
    of: int
    events: tuple[str, ...] = ()

    @property
    def share(self) -> float | None:
        """Known / of, from 0 to 1."""
        return self.known / self.of if self.of else None

    @property
    def missing(self) -> int:
        """Rows without a value that should have one."""
        return self.of - self.known


def completeness(store: Store) -> tuple[Completeness, ...]:
    """Each column of each table, as the data now show (filled values count as known)."""
    asked = ask(store, None)
    full = filled(asked)
    found: list[Completeness] = []
    for column in columns_of(store):
        if column.table != "events" or column.name in ("price", "event"):
            continue
        kinds = full.words(column.name)
        known = sum(full.known[word][column.name] for word in kinds)
        every = set(kinds) >= set(full.rows)
        found.append(
            Completeness("events", column.name, known, sum(full.rows[w] for w in kinds), () if every else kinds)
        )
    for table in ("users", "items"):
        own = [asked_column.column_of(asked, table, c.name) for c in columns_of(store) if c.table == table]
        counts = ", ".join(f"count(*) FILTER ({c.missing}) AS c{k}" for k, c in enumerate(own))
        row = one(asked, Query(f"SELECT count(*) AS n, {counts} FROM {table}"))
        found += [Completeness(c.table, c.name, row["n"] - row[f"c{k}"], row["n"]) for k, c in enumerate(own)]
    return tuple(c for c in found if c.of)


def fill_methods(store: Store, table: Scope, column: str) -> tuple[FillMethod, ...]:
    """The fills that suit a column; see core.quality.fill.fill_choices."""
    return fill.fill_choices(ask(store, store.as_of()), table, column)


def missing_with(store: Store, table: Scope, column: str) -> tuple[Cluster, ...]:
    """What missing values of a column go with, the strongest first; () where they are spread evenly."""
    asked = ask(store, store.as_of())
    return clusters(asked, table, fill_column.column_of(asked, table, column))


def hidden_job(
    writer: Writer, step: Step, *, table: Scope, column: str, group: str | None = None, seed: int = 0
) -> dict[str, Any]:
    """The hidden-value test as work for the runner's SQL lane, its answer as JSON (core.quality.hidden).

    Keys: verdict, warning, kind, known, missing, hidden, judged, failed [{words, why}], scores [{words, repair, error,
    said, between, within, answered, seconds, best}], the best first; `repair` is that of all missing values, as JSON.
    """
    store = writer.store
    test = hidden_value_test(store, table, column, group=group, seed=seed, step=step)
    return {
        **{
            name: getattr(test, name) for name in ("verdict", "warning", "kind", "known", "missing", "hidden", "judged")
        },
        "scores": [_score(test, place) for place in range(len(test.scores))],
        "failed": [{"words": said(tried), "why": why} for tried, why in test.failed],
    }


_TOLD = ("verdict", "warning", "kind", "known", "missing", "hidden", "judged")


def _score(test: HiddenTest, place: int) -> dict[str, Any]:
    score = test.scores[place]
    selection = Selection.of("missing", table=test.scope, column=test.column)
    unit = {"dates": " days", "categories": ""}.get(test.kind, "")
    low, high = score.interval
    if test.kind == "categories":
        told = f"{score.right:.1%} right"
        between = f"{1 - high:.1%} to {1 - low:.1%}"
    else:
        told = f"off by {figure(score.error)}{unit} on average"
        between = f"{figure(low)} to {figure(high)}{unit}"
    return {
        "words": said(score.fill),
        "repair": repair_to_json(Repair(selection, score.fill)),
        "error": score.error,
        "said": told,
        "between": between,
        "within": score.within,
        "answered": score.answered,
        "seconds": score.seconds,
        "best": score.fill == (test.best or test.plain),
    }


# ---- events by day


def daily_words(store: Store) -> list[str]:
    """Event words with a daily series of their own, the most frequent first."""
    return words(ask(store, store.as_of()))


def daily_of(store: Store, event: str | None = None, measure: Measure = "events") -> Daily:
    """The daily series with its limits; see core.quality.daily."""
    return daily(ask(store, store.as_of()), event, measure=measure)


# ---- repairs


def limits_of(selection: Selection) -> dict[str, int | float]:
    """The thresholds of a selection's rule, as it has them now: the parameters that are plain numbers, by name."""
    kind = KINDS.get(selection.code)
    if kind is None:
        return {}
    return {
        name: value
        for name, value in kind.filled(selection).items()
        if isinstance(kind.defaults[name], int | float)
        and not isinstance(kind.defaults[name], bool)
        and isinstance(value, int | float)
    }


def with_limits(selection: Selection, limits: Mapping[str, int | float]) -> Selection:
    """The selection with other thresholds; those at their default are left out, so that equal rules are equal."""
    defaults = KINDS[selection.code].defaults
    given = {name: value for name, value in selection.params if name not in limits}
    return Selection.of(selection.code, **given, **{n: v for n, v in limits.items() if v != defaults[n]})
