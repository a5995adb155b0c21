"""Segments kept in the workspace under a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from core.errors import Refusal
from core.segments.codec import rule_from_json, rule_to_json, rule_to_text
from core.segments.compile import find_cycle, refers_to
from core.segments.parts import BadRule
from core.segments.rule import All, Any, InSegment, Not, Rule, Segment
from core.store import Query, Store, Writer


@dataclass(frozen=True)
class Saved:
    """A segment as it stands in the workspace; times in UTC."""

    segment: Segment
    created_at: datetime
    updated_at: datetime


_ALL = Query("SELECT name, rule, as_of, created_at, updated_at FROM segments ORDER BY lower(name), name")


def list_segments(store: Store) -> tuple[Saved, ...]:
    """Every saved segment, by name. Raises BadRule naming the segment whose rule this version cannot read."""
    return tuple(_saved(row) for row in store.rows(_ALL))


def saved_segments(store: Store) -> tuple[Segment, ...]:
    """The segments of `list_segments`."""
    return tuple(saved.segment for saved in list_segments(store))


def get_segment(store: Store, name: str) -> Segment:
    """The saved segment of that name, upper and lower case alike. Raises Refusal `no_such_segment`."""
    return _named(list_segments(store), name).segment


def save_segment(store: Store, segment: Segment, *, replace: bool = False) -> Saved:
    """Keep a segment; with `replace`, in place of one of the same name (which keeps its date of making).

    Raises Refusal `segment_exists`, `no_such_segment` for a rule that refers to one that is not there, BadRule
    for one that would refer to itself.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    with store.atomic(data=False) as writer:
        saved = _by_name(writer)
        old = saved.get(segment.name.casefold())
        if old and not replace:
            raise Refusal(
                "segment_exists",
                f"There is a segment {old.segment.name!r} already.",
                "Choose another name, or replace it.",
            )
        _check_references(segment, {name: s.segment for name, s in saved.items()})
        if old:
            writer.run(Query("DELETE FROM segments WHERE name = ?", (old.segment.name,)))
        made = Saved(segment, old.created_at if old else now, now)
        _insert(writer, made)
    return made


def rename_segment(store: Store, name: str, new: str) -> Saved:
    """Give a segment another name, in the rules of other segments that refer to it too.

    Raises Refusal `no_such_segment`, `segment_exists`.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    with store.atomic(data=False) as writer:
        saved = _by_name(writer)
        old = _named(tuple(saved.values()), name)
        other = saved.get(new.casefold())
        if other and other != old:
            raise Refusal(
                "segment_exists", f"There is a segment {other.segment.name!r} already.", "Choose another name."
            )
        made = Saved(Segment(new, old.segment.rule, old.segment.as_of), old.created_at, now)
        writer.run(Query("DELETE FROM segments WHERE name = ?", (old.segment.name,)))
        _insert(writer, made)
        for user in saved.values():
            if old.segment.name.casefold() in refers_to(user.segment.rule):
                rule = _renamed(user.segment.rule, old.segment.name.casefold(), new)
                text = rule_to_text(rule)
                writer.run(Query("UPDATE segments SET rule = ?::JSON WHERE name = ?", (text, user.segment.name)))
    return made


def delete_segment(store: Store, name: str) -> None:
    """Take a segment away. Raises Refusal `no_such_segment`, `segment_in_use` where another's rule refers to it."""
    with store.atomic(data=False) as writer:
        saved = _by_name(writer)
        old = _named(tuple(saved.values()), name).segment
        users = [s.segment.name for s in saved.values() if old.name.casefold() in refers_to(s.segment.rule)]
        if users:
            raise Refusal(
                "segment_in_use",
                f"Segment {old.name!r} is part of {', '.join(map(repr, users))}.",
                "Take it out of those first, or delete them.",
            )
        writer.run(Query("DELETE FROM segments WHERE name = ?", (old.name,)))


def segment_to_json(segment: Segment) -> dict[str, object]:
    """A segment as a JSON object: name, rule, as_of (ISO, or null)."""
    as_of = None if segment.as_of is None else segment.as_of.isoformat()
    return {"name": segment.name, "rule": rule_to_json(segment.rule), "as_of": as_of}


def _insert(writer: Writer, saved: Saved) -> None:
    s = saved.segment
    values = (s.name, rule_to_text(s.rule), s.as_of, saved.created_at, saved.updated_at)
    writer.run(
        Query("INSERT INTO segments (name, rule, as_of, created_at, updated_at) VALUES (?, ?::JSON, ?, ?, ?)", values)
    )


def _by_name(writer: Writer) -> dict[str, Saved]:
    return {s.segment.name.casefold(): s for s in map(_saved, writer.rows(_ALL))}


def _saved(row: dict[str, object]) -> Saved:
    name = str(row["name"])
    as_of, created, updated = row["as_of"], row["created_at"], row["updated_at"]
    assert as_of is None or isinstance(as_of, datetime)
    assert isinstance(created, datetime)
    assert isinstance(updated, datetime)
    try:
        return Saved(Segment(name, rule_from_json(str(row["rule"])), as_of), created, updated)
    except BadRule as bad:
        raise bad.under(f"segment {name!r}") from None


def _named(saved: tuple[Saved, ...], name: str) -> Saved:
    found = next((s for s in saved if s.segment.name.casefold() == name.casefold()), None)
    if found is None:
        known = ", ".join(s.segment.name for s in saved) or "none yet"
        raise Refusal("no_such_segment", f"There is no saved segment {name!r}.", f"Saved segments: {known}.")
    return found


def _check_references(segment: Segment, saved: dict[str, Segment]) -> None:
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


def _renamed(rule: Rule, old: str, new: str) -> Rule:
    match rule:
        case InSegment(name) if name.casefold() == old:
            return InSegment(new)
        case All(rules):
            return All(tuple(_renamed(r, old, new) for r in rules))
        case Any(rules):
            return Any(tuple(_renamed(r, old, new) for r in rules))
        case Not(inner):
            return Not(_renamed(inner, old, new))
        case _:
            return rule
