"""Segments kept in the workspace under a name."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime

from core.errors import Refusal
from core.segments.codec import rule_from_json, rule_to_json, rule_to_text
from core.segments.compile import find_cycle, refers_to
from core.segments.group_rows import move_group, named_group, remove_group, rename_in_rules
from core.segments.parts import BadRule
from core.segments.rule import InGroup, InSegment, Segment, walk
from core.store import Query, Store, Writer


@dataclass(frozen=True)
class Saved:
    """A segment as it stands in the workspace; times in UTC."""

    segment: Segment
    created_at: datetime
    updated_at: datetime

    @property
    def frozen(self) -> bool:
        """Whether its members are settled (core.segments.frozen)."""
        return self.segment.made_from is not None


_ALL = Query("SELECT name, rule, as_of, made_from, created_at, updated_at FROM segments ORDER BY lower(name), name")


def list_segments(store: Store) -> tuple[Saved, ...]:
    """Every saved segment, by name. Raises BadRule naming the segment whose rule this version cannot read."""
    return tuple(_saved(row) for row in store.rows(_ALL))


def saved_segments(store: Store) -> tuple[Segment, ...]:
    """The segments of `list_segments`."""
    return tuple(saved.segment for saved in list_segments(store))


def get_segment(store: Store, name: str) -> Segment:
    """The saved segment of that name, upper and lower case alike. Raises Refusal `no_such_segment`."""
    return named(list_segments(store), name).segment


def save_segment(store: Store, segment: Segment, *, replace: bool = False, frozen: bool = False) -> Saved:
    """Keep a segment; with `replace`, in place of one of the same name (which keeps its date of making).

    With `frozen` its members are settled at once (core.segments.frozen); a frozen segment saved anew with the rule that
    it has stays frozen, and with another becomes live. `segment.made_from` is not looked at.

    Raises Refusal `segment_exists`, `no_such_segment` for a rule that refers to one that is not there, BadRule
    for one that would refer to itself, `group_in_use` where another segment names the frozen members that would go.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    with store.atomic(data=False) as writer:
        saved = by_name(writer)
        old = saved.get(segment.name.casefold())
        if old and not replace:
            raise Refusal(
                "segment_exists",
                f"There is a segment {old.segment.name!r} already.",
                "Choose another name, or replace it.",
            )
        check_references(segment, {name: s.segment for name, s in saved.items()})
        segment = _in_place_of(writer, segment, old, saved)
        if old:
            writer.run(Query("DELETE FROM segments WHERE name = ?", (old.segment.name,)))
        _insert(writer, Saved(segment, old.created_at if old else now, now))
        if segment.made_from is not None and old and old.segment.name != segment.name:
            _move_members(writer, old.segment.name, segment.name)
        made = by_name(writer)[segment.name.casefold()]
        if frozen and not made.frozen:
            from core.segments.frozen import settle

            made = settle(store, writer, made)
    return made


def rename_segment(store: Store, name: str, new: str) -> Saved:
    """Give a segment another name, in the rules of other segments that refer to it too; frozen members go with it.

    Raises Refusal `no_such_segment`, `segment_exists`, `group_exists`.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    with store.atomic(data=False) as writer:
        saved = by_name(writer)
        old = named(tuple(saved.values()), name)
        other = saved.get(new.casefold())
        if other and other != old:
            raise Refusal(
                "segment_exists", f"There is a segment {other.segment.name!r} already.", "Choose another name."
            )
        made = Saved(dataclasses.replace(old.segment, name=new), old.created_at, now)
        writer.run(Query("DELETE FROM segments WHERE name = ?", (old.segment.name,)))
        _insert(writer, made)
        if old.frozen:
            _move_members(writer, old.segment.name, new)
        rename_in_rules(writer, old.segment.name, new, of=InSegment)
        return by_name(writer)[new.casefold()]


def delete_segment(store: Store, name: str) -> None:
    """Take a segment away, and its frozen members.

    Raises Refusal `no_such_segment`, `segment_in_use` where another's rule refers to it, or the rule that chose the
    members of a frozen one.
    """
    with store.atomic(data=False) as writer:
        saved = by_name(writer)
        old = named(tuple(saved.values()), name)
        key = old.segment.name.casefold()
        users = [s.segment.name for s in saved.values() if key in segments_of(s.segment)]
        if users:
            raise Refusal(
                "segment_in_use",
                f"Segment {old.segment.name!r} is part of {', '.join(map(repr, users))}.",
                "Take it out of those first, or delete them.",
            )
        if old.frozen:
            remove_members(writer, old, saved)
        writer.run(Query("DELETE FROM segments WHERE name = ?", (old.segment.name,)))


def segments_of(segment: Segment) -> frozenset[str]:
    """The saved segments that a segment names, in lower case, by the rule that chose frozen members too."""
    chosen = frozenset[str]() if segment.made_from is None else refers_to(segment.made_from)
    return refers_to(segment.rule) | chosen


def groups_of(segment: Segment) -> frozenset[str]:
    """The kept groups that a segment names, in lower case, its own and those of the rule that chose it too."""
    rules = (segment.rule,) if segment.made_from is None else (segment.rule, segment.made_from)
    return frozenset(r.name.casefold() for rule in rules for _, r in walk(rule) if isinstance(r, InGroup))


def remove_members(writer: Writer, frozen: Saved, saved: dict[str, Saved]) -> None:
    """Take a frozen segment's members away. Raises Refusal `group_in_use` where another segment names them."""
    key = frozen.segment.name.casefold()
    users = [s.segment.name for s in saved.values() if key in groups_of(s.segment) and s is not frozen]
    if users:
        raise Refusal(
            "group_in_use",
            f"The frozen members of {frozen.segment.name!r} are part of {', '.join(map(repr, users))}.",
            "Take them out of those first, or let those name the segment.",
        )
    remove_group(writer, frozen.segment.name)


def _in_place_of(writer: Writer, segment: Segment, old: Saved | None, saved: dict[str, Saved]) -> Segment:
    """The segment as it is kept: frozen if it was and its rule is the same; else its frozen members go."""
    if old is None or not old.frozen:
        return dataclasses.replace(segment, made_from=None)
    if segment.rule == old.segment.rule:
        return dataclasses.replace(segment, made_from=old.segment.made_from)
    segment = dataclasses.replace(segment, made_from=None)
    remove_members(writer, old, saved)
    if old.segment.name.casefold() in groups_of(segment):
        raise Refusal(
            "group_in_use",
            f"The new rule of {segment.name!r} names the frozen members that it would take the place of.",
            "Save it under another name.",
        )
    return segment


def _move_members(writer: Writer, old: str, new: str) -> None:
    taken = named_group(writer, new)
    if taken and taken[0] != old:
        raise Refusal(
            "group_exists", f"There is a group {taken[0]!r} already, of another kind.", "Choose another name."
        )
    move_group(writer, old, new)
    rename_in_rules(writer, old, new)


def segment_to_json(segment: Segment) -> dict[str, object]:
    """A segment as a JSON object: name, rule, as_of (ISO, or null); where it is frozen, made_from too."""
    as_of = None if segment.as_of is None else segment.as_of.isoformat()
    told: dict[str, object] = {"name": segment.name, "rule": rule_to_json(segment.rule), "as_of": as_of}
    return told if segment.made_from is None else told | {"made_from": rule_to_json(segment.made_from)}


def _insert(writer: Writer, saved: Saved) -> None:
    s = saved.segment
    made_from = None if s.made_from is None else rule_to_text(s.made_from)
    values = (s.name, rule_to_text(s.rule), s.as_of, made_from, saved.created_at, saved.updated_at)
    columns = "name, rule, as_of, made_from, created_at, updated_at"
    writer.run(Query(f"INSERT INTO segments ({columns}) VALUES (?, ?::JSON, ?, ?::JSON, ?, ?)", values))


def by_name(writer: Writer) -> dict[str, Saved]:
    """Every saved segment by lower-case name, as this writer has made them so far."""
    return {s.segment.name.casefold(): s for s in map(_saved, writer.rows(_ALL))}


def _saved(row: dict[str, object]) -> Saved:
    name = str(row["name"])
    as_of, created, updated = row["as_of"], row["created_at"], row["updated_at"]
    assert as_of is None or isinstance(as_of, datetime)
    assert isinstance(created, datetime)
    assert isinstance(updated, datetime)
    try:
        made_from = None if row["made_from"] is None else rule_from_json(str(row["made_from"]))
        return Saved(Segment(name, rule_from_json(str(row["rule"])), as_of, made_from), created, updated)
    except BadRule as bad:
        raise bad.under(f"segment {name!r}") from None


def named(saved: tuple[Saved, ...], name: str) -> Saved:
    """The segment of that name. Raises Refusal `no_such_segment`."""
    found = next((s for s in saved if s.segment.name.casefold() == name.casefold()), None)
    if found is None:
        known = ", ".join(s.segment.name for s in saved) or "none yet"
        raise Refusal("no_such_segment", f"There is no saved segment {name!r}.", f"Saved segments: {known}.")
    return found


def check_references(segment: Segment, saved: dict[str, Segment]) -> None:
    """Refuse a rule that names a segment that is not there, or, by others, the segment itself."""
    for other in sorted(refers_to(segment.rule) - {segment.name.casefold()}):
        if other not in saved:
            known = ", ".join(s.name for s in saved.values()) or "none yet"
            raise Refusal("no_such_segment", f"There is no saved segment {other!r}.", f"Saved segments: {known}.")
    cycle = find_cycle(segment.name, segment.rule, saved)
    if cycle:
        chain = " -> ".join(saved[name].name if name in saved else segment.name for name in cycle)
        raise BadRule(
            f"segment {segment.name!r} would refer to itself: {chain}", "", "Take one of these references out."
        )
