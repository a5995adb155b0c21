"""Kept groups of users: clusters, look-alikes, lists from files, and the frozen members of segments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import pyarrow as pa

from core.errors import Refusal
from core.segments.group_rows import move_group, named_group, remove_group, rename_in_rules
from core.segments.parts import text
from core.segments.stored import groups_of, list_segments
from core.store import Query, Store, Writer

__all__ = [
    "KeptGroup", "Kind", "check_group_name", "delete_group", "get_group", "groups_stamp", "list_groups", "remove_group",
    "rename_group", "write_group",
]  # fmt: skip

Kind = Literal["clusters", "lookalike", "list", "frozen"]


@dataclass(frozen=True)
class KeptGroup:
    """A kept group with what is known of it; see core.store.schema (groupings). Times in UTC."""

    name: str
    kind: Kind
    parts: Mapping[int, str]
    words: str
    spec: Mapping[str, Any]
    answer: Mapping[str, Any]
    model: Mapping[str, Any] | None
    as_of: datetime | None
    version: int
    created_at: datetime
    users: int


_ALL = Query(
    "SELECT g.*, (SELECT count(*) FROM grouping_members m WHERE m.name = g.name) AS users FROM groupings g "
    "ORDER BY lower(g.name), g.name"
)


def list_groups(store: Store, kind: Kind | None = None) -> tuple[KeptGroup, ...]:
    """The kept groups, by name; of one kind where it is given."""
    found = tuple(_kept(row) for row in store.rows(_ALL))
    return tuple(group for group in found if kind is None or group.kind == kind)


def groups_stamp(store: Store) -> str:
    """Changes whenever a kept group comes, goes, is renamed, or has its members put anew: groups are no data, so the
    data's version stays as it is.
    """
    rows = store.rows(Query("SELECT name, version, created_at FROM groupings ORDER BY name"))
    return json.dumps([[r["name"], r["version"], r["created_at"].isoformat()] for r in rows])


def get_group(store: Store, name: str) -> KeptGroup:
    """The group of that name, upper and lower case alike. Raises Refusal `no_such_group`."""
    return _named(list_groups(store), name)


def write_group(  # noqa: PLR0913  # a row of a table
    writer: Writer,
    name: str,
    kind: Kind,
    members: pa.Table,
    *,
    words: str,
    spec: Mapping[str, Any],
    answer: Mapping[str, Any] | None = None,
    model: Mapping[str, Any] | None = None,
    parts: Mapping[int, str] | None = None,
    as_of: datetime | None = None,
    version: int = 0,
    replace: bool = False,
) -> None:
    """Keep a group; `members` has the columns user_id, and part, rank, score where it has them.

    Raises Refusal `group_exists` (without `replace`, or where one of the two is of a frozen segment and the other is
    not), BadRule for a name that cannot be one.
    """
    check_group_name(name)
    held = named_group(writer, name)
    if held and not replace:
        raise Refusal("group_exists", f"There is a group {held[0]!r} already.", "Choose another name, or replace it.")
    if held and "frozen" in (kind, held[1]) and held[1] != kind:
        what = {"frozen": "the frozen members of a segment", "list": "a list from a file"}.get(held[1], held[1])
        hint = "Choose another name." if held[1] == "frozen" else "Rename the group or the segment first."
        raise Refusal("group_exists", f"The name {held[0]!r} is taken by {what}.", hint)
    if held:
        remove_group(writer, held[0])
    values = (
        name, kind, json.dumps({str(k): v for k, v in (parts or {}).items()}), words, json.dumps(dict(spec)),
        json.dumps(dict(answer or {})), None if model is None else json.dumps(dict(model)), as_of, version,
        datetime.now(UTC).replace(tzinfo=None),
    )  # fmt: skip
    writer.run(Query("INSERT INTO groupings VALUES (?, ?, ?::JSON, ?, ?::JSON, ?::JSON, ?::JSON, ?, ?, ?)", values))
    _write_members(writer, name, members)


def check_group_name(name: str) -> None:
    """Refuse what cannot be the name of a group: BadRule, or Refusal `bad_name`."""
    text(name, "name", most=80)
    if name != name.strip() or not name.isprintable():
        raise Refusal("bad_name", "A name must not start or end with a space, nor hold line breaks.", "Choose another.")


def rename_group(store: Store, name: str, new: str) -> KeptGroup:
    """Give a group another name, in the rules of saved segments too.

    Raises Refusal `no_such_group`, `group_exists`, `group_is_frozen` (rename its segment), `bad_name`; BadRule.
    """
    check_group_name(new)
    with store.atomic(data=False) as writer:
        group = _named(tuple(_kept(row) for row in writer.rows(_ALL)), name)
        _refuse_frozen(group)
        taken = named_group(writer, new)
        if taken and taken[0] != group.name:
            raise Refusal("group_exists", f"There is a group {taken[0]!r} already.", "Choose another name.")
        move_group(writer, group.name, new)
        rename_in_rules(writer, group.name, new)
    return get_group(store, new)


def delete_group(store: Store, name: str) -> None:
    """Take a group away.

    Raises Refusal `no_such_group`, `group_in_use` where a saved segment names it, `group_is_frozen` (delete or thaw its
    segment).
    """
    group = get_group(store, name)
    _refuse_frozen(group)
    key = group.name.casefold()
    users = [s.segment.name for s in list_segments(store) if key in groups_of(s.segment)]
    if users:
        raise Refusal(
            "group_in_use",
            f"Group {group.name!r} is part of {', '.join(map(repr, users))}.",
            "Take it out of those first, or delete them.",
        )
    with store.atomic(data=False) as writer:
        remove_group(writer, group.name)


def _refuse_frozen(group: KeptGroup) -> None:
    if group.kind == "frozen":
        raise Refusal(
            "group_is_frozen",
            f"{group.name!r} holds the members of a frozen segment.",
            "Rename or delete the segment, or make it live again.",
        )


def _write_members(writer: Writer, name: str, members: pa.Table) -> None:
    """Columns that `members` lacks are empty."""
    columns = ", ".join(c if c in members.column_names else f"NULL AS {c}" for c in ("part", "rank", "score"))
    with writer.table("members_given", members):
        writer.run(Query(f"INSERT INTO grouping_members SELECT ?, user_id, {columns} FROM members_given", (name,)))


def _kept(row: Mapping[str, Any]) -> KeptGroup:
    return KeptGroup(
        str(row["name"]), row["kind"], {int(k): str(v) for k, v in json.loads(row["parts"]).items()}, str(row["words"]),
        json.loads(row["spec"]), json.loads(row["answer"]), None if row["model"] is None else json.loads(row["model"]),
        row["as_of"], int(row["version"]), row["created_at"], int(row["users"]),
    )  # fmt: skip


def _named(groups: tuple[KeptGroup, ...], name: str) -> KeptGroup:
    found = next((g for g in groups if g.name.casefold() == name.casefold()), None)
    if found is None:
        known = ", ".join(g.name for g in groups) or "none yet"
        raise Refusal("no_such_group", f"There is no group {name!r}.", f"Groups: {known}.")
    return found
