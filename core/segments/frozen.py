"""Frozen segments: members settled at one moment, whom later loads do not add to.

A frozen segment's rule names a kept group of its own name (kind "frozen"); `Segment.made_from` is the rule that chose
them. Counts, lists and campaigns need no other way. Members who leave the workspace (a load undone) are not counted,
and are again when they come back. The segment's own `as_of` stays as it was, so that making it live again gives back
what was frozen; the moment of the members is the group's `as_of`.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

from core.errors import Refusal
from core.segments.codec import rule_to_json, rule_to_text
from core.segments.compile import compile_rule
from core.segments.groups import write_group
from core.segments.rule import InGroup
from core.segments.schema import read_schema
from core.segments.stored import (
    Saved,
    by_name,
    check_references,
    named,
    remove_members,
)
from core.segments.words import describe
from core.store import Query, Store, Writer


def freeze(store: Store, name: str) -> Saved:
    """Settle the members of a saved segment: those of now, or of its as_of.

    Raises Refusal `no_such_segment`, `already_frozen`, `group_exists` where a group of another kind has the name;
    BadRule where its rule cannot be asked.
    """
    with store.atomic(data=False) as writer:
        return settle(store, writer, named(tuple(by_name(writer).values()), name))


def thaw(store: Store, name: str) -> Saved:
    """Make a frozen segment live again: its rule is the one that chose the members, and they are forgotten.

    Raises Refusal `no_such_segment`, `not_frozen`, `group_in_use` where another segment names the frozen members;
    BadRule where the segment would refer to itself by now.
    """
    with store.atomic(data=False) as writer:
        saved = by_name(writer)
        found = named(tuple(saved.values()), name)
        made_from = found.segment.made_from
        if made_from is None:
            raise Refusal("not_frozen", f"Segment {found.segment.name!r} is live already.", "Nothing has to be done.")
        live = dataclasses.replace(found.segment, rule=made_from, made_from=None)
        check_references(live, {key: s.segment for key, s in saved.items()})
        remove_members(writer, found, saved)
        now = datetime.now(UTC).replace(tzinfo=None)
        change = "UPDATE segments SET rule = ?::JSON, made_from = NULL, updated_at = ? WHERE name = ?"
        writer.run(Query(change, (rule_to_text(made_from), now, live.name)))
    return Saved(live, found.created_at, now)


def settle(store: Store, writer: Writer, saved: Saved) -> Saved:
    """`freeze`, inside Store.atomic(data=False), of a segment as this writer sees it."""
    segment = saved.segment
    if saved.frozen:
        raise Refusal("already_frozen", f"Segment {segment.name!r} is frozen already.", "Make it live first.")
    others = tuple(s.segment for s in by_name(writer).values())
    # the store's own reads see the data as repaired; no other writer can change them while this one is open
    schema, moment = read_schema(store, saved=others), segment.as_of or store.as_of()
    chosen = compile_rule(segment.rule, schema, moment)
    members = store.read(Query("SELECT u.user_id FROM users u WHERE u.user_no IN (") + chosen + ") ORDER BY u.user_id")
    now = datetime.now(UTC).replace(tzinfo=None)
    words = f"{_when(now, moment)} ({_users(members.num_rows)}): {describe(segment.rule, schema)}"
    write_group(
        writer, segment.name, "frozen", members,
        words=words, spec={"rule": rule_to_json(segment.rule)}, as_of=moment, version=store.version,
    )  # fmt: skip
    frozen = dataclasses.replace(segment, rule=InGroup(segment.name), made_from=segment.rule)
    change = "UPDATE segments SET rule = ?::JSON, made_from = ?::JSON, updated_at = ? WHERE name = ?"
    texts = (rule_to_text(frozen.rule), rule_to_text(segment.rule))
    writer.run(Query(change, (*texts, now, segment.name)))
    return Saved(frozen, saved.created_at, now)


def _when(now: datetime, moment: datetime | None) -> str:
    """As "frozen 3 Nov 2026", with the last day that the members' data had where that is another."""
    last = None if moment is None or moment == datetime.min else (moment - timedelta(microseconds=1)).date()
    return f"frozen {now.day} {now:%b %Y}" + (
        f", data to {last.day} {last:%b %Y}" if last is not None and last != now.date() else ""
    )


def _users(n: int) -> str:
    return "1 user" if n == 1 else f"{n:,} users"
