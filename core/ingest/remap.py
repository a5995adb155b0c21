"""Correcting a proposed mapping: an analyst's word on some columns, the proposal's on the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.errors import Refusal
from core.ingest.clocks import clock_format
from core.ingest.fitting import no_such_column
from core.ingest.plan import MANY, ROLES
from core.ingest.profile import Facts, facts
from core.ingest.propose import best_format, personal_data, value_type
from core.ingest.relation import relation
from core.ingest.roles import constant_event
from core.ingest.types import ColumnMap, Mapping, Repeats, Role, Source
from core.progress import Step, no_step
from core.store import Query, Store, ident, known_event

_MOST_WORDS = 1_000


@dataclass(frozen=True)
class Override:
    """One column's role in the analyst's words; `word` is the event a count counts, or the channel of a consent."""

    column: str
    role: Role
    word: str | None = None


@dataclass(frozen=True)
class Corrections:
    """What an analyst says against a proposed mapping.

    Attributes:
        overrides: roles of columns.
        event: the event of every row; an event column then becomes context, unless an override names it.
        time_format: how the time column is written, as in ColumnMap.
        returns, repeats, overlap, key: as in Mapping; None leaves them as they are.
        zone: of times without an offset, as in Mapping; None leaves it as it is.
        splits: (role or column, mark): what parts the cells of a basket's columns; "" for a column that is not split.
        pseudonym: columns whose values become pseudonyms; one that was left out, or a contact, is kept as text of the
            analyst's own.
    """

    overrides: tuple[Override, ...] = ()
    event: str | None = None
    time_format: str | None = None
    returns: str | None = None
    repeats: Repeats | None = None
    zone: str | None = None
    splits: tuple[tuple[str, str], ...] = ()
    overlap: Repeats | None = None
    key: tuple[str, ...] | None = None
    pseudonym: tuple[str, ...] = ()


def remap(store: Store, source: Source, mapping: Mapping, said: Corrections, *, step: Step = no_step) -> Mapping:
    """`mapping` with the analyst's corrections; columns that no override names keep their role where they can.

    A column that loses its role to an overridden one becomes context (events) or an attribute, or is left out where it
    seems to hold personal data. A column made time
    here is read in the format that reads most of its values, if no format is given.

    Raises Refusal `no_such_column`, `role_not_for_kind`, `column_twice`, `no_time_column`.
    """
    event, time_format = said.event, said.time_format
    chosen = {o.column: o for o in _checked(source, mapping, said.overrides)}
    look = _Look(store, source, step)
    single = {o.role for o in chosen.values() if o.role not in MANY}
    columns = []
    for column in mapping.columns:
        override = chosen.pop(column.column, None)
        if override:
            columns.append(_chosen(column, override, look))
        elif column.role in single or (column.role == "event" and event):
            columns.append(_free(column.column, mapping, look))
        else:
            columns.append(column)
    columns += [_chosen(ColumnMap(name, "ignore"), override, look) for name, override in chosen.items()]
    if time_format:
        if not any(c.role == "time" for c in columns):
            raise Refusal(
                "no_time_column", "A time format is given, but no column is the time.", "Name it: time=COLUMN."
            )
        columns = [replace(c, time_format=time_format) if c.role == "time" else c for c in columns]
    hidden = {_in_file(source, name) for name in said.pseudonym}
    columns = [_hidden(c, mapping) if c.column in hidden else c for c in columns]
    out = replace(mapping, columns=tuple(columns))
    if mapping.kind == "events":
        out = _with_event(out, mapping, event, look)
    out = _with_splits(out, source, said.splits)
    return replace(
        out,
        returns=said.returns or mapping.returns,
        repeats=said.repeats or mapping.repeats,
        zone=said.zone or mapping.zone,
        overlap=said.overlap or mapping.overlap,
        key=mapping.key if said.key is None else tuple(dict.fromkeys(_column(name, source) for name in said.key)),
    )


def _with_splits(mapping: Mapping, source: Source, splits: Sequence[tuple[str, str]]) -> Mapping:
    for what, mark in splits:
        named = [c.column for c in mapping.columns if c.column.lower() == what.lower()]
        named = named or [c.column for c in mapping.columns if c.role == what.lower()]
        if not named:
            raise no_such_column(what, source)
        columns = (replace(c, split=mark or None) if c.column in named else c for c in mapping.columns)
        mapping = replace(mapping, columns=tuple(columns))
    return mapping


class _Look:
    """What the file's columns hold, counted only when an override needs to know it."""

    def __init__(self, store: Store, source: Source, step: Step) -> None:
        self.store, self.source, self._step = store, source, step
        self._facts: Facts | None = None

    def facts(self) -> Facts:
        if self._facts is None:
            self._facts = facts(self.store, self.source, step=self._step)
        return self._facts

    def words(self, column: str) -> dict[str, str]:
        """Values of an event column that are spellings of the vocabulary's words -> those words."""
        distinct = Query(f"SELECT DISTINCT trim({ident(column)}) AS v FROM ") + relation(self.source)
        rows = self.store.rows(distinct + Query(" LIMIT ?", (_MOST_WORDS,)), step=self._step)
        values = sorted(str(row["v"]) for row in rows if row["v"])
        return {value: word for value in values if (word := known_event(value))}


def _checked(source: Source, mapping: Mapping, overrides: Sequence[Override]) -> list[Override]:
    out: list[Override] = []
    for override in overrides:
        if override.role not in ROLES[mapping.kind]:
            raise Refusal(
                "role_not_for_kind",
                f"{override.role!r} is no role of a column in a file of {mapping.kind}.",
                f"Its roles are: {', '.join(ROLES[mapping.kind])}.",
            )
        name = _column(override.column, source)
        if any(o.column == name for o in out):
            raise Refusal("column_twice", f"{name!r} is given two roles.", "Give it one.")
        out.append(replace(override, column=name))
    return out


def _column(name: str, source: Source) -> str:
    """The file's column of this name, in any case."""
    lower = {column.lower(): column for column in source.columns}
    found = name if name in source.columns else lower.get(name.lower())
    if found is None:
        raise no_such_column(name, source)
    return found


def _chosen(column: ColumnMap, override: Override, look: _Look) -> ColumnMap:
    role = override.role
    if role == "clock":
        return ColumnMap(column.column, "clock", time_format=clock_format(look.facts().named(column.column)))
    if role == "time":
        known = column.time_format if column.role == "time" or column.type == "date" else None
        return ColumnMap(column.column, "time", time_format=known or best_format(look.facts().named(column.column)))
    if role in ("context", "attribute", "category"):
        free = _typed(column.column, role, look)
        return free if role != "category" or free.type == "list" else ColumnMap(column.column, role)
    word = (override.word or "").strip().lower() or (column.event if column.role == role else None)
    return ColumnMap(column.column, role, event=(known_event(word) or word) if word and role == "count" else word)


def _in_file(source: Source, name: str) -> str:
    """A column as the file spells it. Raises Refusal `no_such_column`."""
    found = name if name in source.columns else next((c for c in source.columns if c.lower() == name.lower()), None)
    if found is None:
        raise no_such_column(name, source)
    return found


def _hidden(column: ColumnMap, mapping: Mapping) -> ColumnMap:
    if column.role in ("context", "attribute", "ignore", "contact"):
        return ColumnMap(column.column, "context" if mapping.kind == "events" else "attribute", pseudonym=True)
    return replace(column, pseudonym=True)  # where the role allows none, the load says so


def _free(name: str, mapping: Mapping, look: _Look) -> ColumnMap:
    if personal_data(look.facts().named(name), mapping.kind):
        return ColumnMap(name, "ignore")
    return _typed(name, "context" if mapping.kind == "events" else "attribute", look)


def _typed(name: str, role: Role, look: _Look) -> ColumnMap:
    found = look.facts().named(name)
    kind = value_type(found)
    return ColumnMap(name, role, kind, time_format=best_format(found) if kind == "date" else None)


def _with_event(mapping: Mapping, before: Mapping, event: str | None, look: _Look) -> Mapping:
    column, was = mapping.column("event"), before.column("event")
    if event:
        word = event.strip().lower()
        mapping = replace(mapping, event=known_event(word) or word)
    elif {(c.column, c.role) for c in mapping.columns} != {(c.column, c.role) for c in before.columns}:
        mapping = replace(mapping, event=constant_event(look.source, (c.role for c in mapping.columns)))
    if column and (was is None or was.column != column.column):
        mapping = replace(mapping, events=look.words(column.column))
    return mapping if column else replace(mapping, events={})
