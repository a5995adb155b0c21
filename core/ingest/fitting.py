"""Whether a mapping fits the files it is to be used on: every mistake is refused before a row is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import get_args

import duckdb

from core.errors import Refusal
from core.ingest import overlap, typed
from core.ingest.baskets import check_split
from core.ingest.plan import KEYS, MANY, ROLES
from core.ingest.pseudonym import check_pseudonyms
from core.ingest.types import Mapping, Mode, Repeats, Source
from core.store import Query, Writer

MEASURES = ("quantity", "price", "value", "order", "dwell", "rating", "count")
"""Roles that say by themselves what happened where neither a column nor the analyst names the event."""


def check_fit(writer: Writer, sources: Sequence[Source], mapping: Mapping) -> None:
    """Refuse a mapping that cannot be carried out.

    Raises Refusal `no_rows`, `no_such_column`, `column_twice`, `role_not_for_kind`, `role_twice`, `no_id_column`,
    `contact_without_user`, `no_event`, `no_channel`, `no_count_event`, `bad_time_format`, `bad_returns`,
    `returns_without_order`, `bad_overlap`, `overlap_needs_events`, `key_not_kept`, `no_such_zone`,
    `clock_without_date`, and those of core.ingest.baskets.check_split and core.ingest.pseudonym.check_pseudonyms.
    """
    if not sources or not sum(source.rows for source in sources):
        names = ", ".join(source.name for source in sources) or "No file"
        raise Refusal("no_rows", f"{names}: there are no rows below the header.", "Name a file that has some.")
    _check_columns(sources, mapping)
    _check_roles(mapping)
    check_pseudonyms(mapping)
    for column in mapping.columns:
        if column.role == "time" or (column.type == "date" and column.role in ("context", "attribute")):
            typed.check_time_format(writer, column.time_format)
    typed.check_zone(writer, mapping.zone)
    check_split(mapping)
    if mapping.column("clock") and not mapping.column("time"):
        raise Refusal(
            "clock_without_date", "A column is the time of day, and none is the date.", "Name it: time=COLUMN."
        )
    if mapping.kind == "events":
        _check_events(mapping)
        _check_returns(writer, mapping)
    _check_overlap(sources, mapping)


def check_mode(mode: Mode) -> None:
    """Raises Refusal `bad_mode` for anything but "append" and "replace"."""
    if mode not in get_args(Mode):
        raise Refusal("bad_mode", f"{mode!r} is no way to load.", f"Use {' or '.join(get_args(Mode))}.")


def _check_overlap(sources: Sequence[Source], mapping: Mapping) -> None:
    if mapping.overlap not in get_args(Repeats):
        raise Refusal("bad_overlap", f"{mapping.overlap!r} does not say what to do with overlap.", "Use keep or drop.")
    if mapping.kind != "events" and (mapping.overlap == "drop" or mapping.key):
        raise Refusal(
            "overlap_needs_events",
            f"A file of {mapping.kind} has no rows that are there already: its latest values count.",
            "Load it as it is; only events can be left out because earlier loads have them.",
        )
    for source in sources:
        for name in mapping.key:
            if name not in source.columns:
                raise no_such_column(name, source)
    overlap.key_columns(mapping)


def _check_columns(sources: Sequence[Source], mapping: Mapping) -> None:
    for name, times in Counter(c.column for c in mapping.columns).items():
        if times > 1:
            raise Refusal("column_twice", f"The mapping names the column {name!r} {times} times.", "Give it one role.")
    for source in sources:
        for column in mapping.columns:
            if column.role != "ignore" and column.column not in source.columns:
                raise no_such_column(column.column, source)


def no_such_column(name: str, source: Source) -> Refusal:
    """The refusal that lists what columns there are."""
    shown = [*source.columns[:40], *(["..."] if len(source.columns) > 40 else [])]
    return Refusal("no_such_column", f"{source.name} has no column {name!r}.", f"It has: {', '.join(shown)}.")


def _check_roles(mapping: Mapping) -> None:
    allowed = ROLES[mapping.kind]
    for column in mapping.columns:
        if column.role not in allowed:
            raise Refusal(
                "role_not_for_kind",
                f"{column.column!r} cannot be {column.role!r} in a file of {mapping.kind}.",
                f"Its roles are: {', '.join(allowed)}.",
            )
        if column.role == "consent" and not (column.event or "").strip():
            raise Refusal(
                "no_channel", f"{column.column!r} is consent for no channel.", "Name one: consent:email=COLUMN."
            )
        if column.role == "count" and not (column.event or "").strip():
            raise Refusal("no_count_event", f"{column.column!r} counts no event.", "Name it: count:click=COLUMN.")
    for role in allowed:
        named = [c.column for c in mapping.all(role)]
        if len(named) > 1 and role not in MANY:
            raise Refusal("role_twice", f"Only one column can be {role!r}; these are: {', '.join(named)}.", "Keep one.")
    key = KEYS.get(mapping.kind)
    if key and not mapping.column(key):
        raise Refusal("no_id_column", f"No column says which {key} a row is about.", f"Name it: {key}=COLUMN.")
    if not key and not mapping.column("user") and not mapping.column("item"):
        raise Refusal("no_id_column", "No column names the user or the item of a row.", "Name one: user=COLUMN.")
    if (contact := mapping.column("contact")) and not mapping.column("user"):
        raise Refusal(
            "contact_without_user",
            f"{contact.column!r} is a contact, and no column says whose.",
            "Name the user: user=COLUMN, or leave the contact out.",
        )


def _check_events(mapping: Mapping) -> None:
    named = mapping.event or mapping.column("event") or any(mapping.all(role) for role in MEASURES)  # type: ignore[arg-type]
    if not named:
        raise Refusal(
            "no_event", "Nothing in the file says what its rows are.", "Name the event of every row: view, or purchase."
        )


def _check_returns(writer: Writer, mapping: Mapping) -> None:
    if mapping.returns in ("negative", "none"):
        return
    kind, _, pattern = mapping.returns.partition(":")
    if kind != "pattern" or not pattern:
        raise Refusal(
            "bad_returns", f"{mapping.returns!r} does not say what a return is.", "Use negative, none, or pattern:^C."
        )
    if not mapping.column("order"):
        raise Refusal(
            "returns_without_order",
            f"{mapping.returns!r} looks at the order id, and no column is the order.",
            "Name it: order=COLUMN, or use negative.",
        )
    try:
        writer.store.read(Query("SELECT regexp_matches('', ?)", (pattern,)))
    except duckdb.Error as error:
        reason = str(error).partition(":")[2].strip()
        raise Refusal("bad_returns", f"{pattern!r} is not a regular expression: {reason}.", "Try pattern:^C.") from None
