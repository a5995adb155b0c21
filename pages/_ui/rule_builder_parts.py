"""What a rule being put together is made of: groups, conditions, their fields. Not concerned with drawing."""

from __future__ import annotations

import itertools
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal

GroupKind = Literal["all", "any", "none"]
Kind = Literal[
    "did", "moment", "regularly", "stopped", "resumed", "order", "prop", "top", "rfm", "abc", "loyalty",
    "segment", "group", "sample", "sql",
]  # fmt: skip
_uids = itertools.count(1)


@dataclass
class Choices:
    """Something with fields that a person fills in; `uid` names it on the page."""

    values: dict[str, Any] = field(default_factory=dict)
    uid: int = field(default_factory=lambda: next(_uids))


@dataclass
class FilterDraft(Choices):
    """One filter on events: `of`, `column` and the fields of a test."""


@dataclass
class Condition(Choices):
    """One condition; `negated` asks for the users for whom it does not hold; switched off (`on`) it asks nothing."""

    kind: Kind = "did"
    negated: bool = False
    filters: dict[str, list[FilterDraft]] = field(default_factory=dict)
    on: bool = True


@dataclass
class Group:
    """Conditions and groups of which all, any or none must hold.

    `as_of`: they are looked at as of another moment: `back` ("ago" with `n` and `unit`, or "day" with `moment`, the
    first moment that no longer counts). Switched off (`on`) the group asks nothing.
    """

    kind: GroupKind = "all"
    children: list[Group | Condition] = field(default_factory=list)
    uid: int = field(default_factory=lambda: next(_uids))
    as_of: Choices | None = None
    on: bool = True


def remove(group: Group, uid: int) -> None:
    """Take a group or condition out of the tree."""
    found = parent(group, uid)
    if found is not None:
        found.children = [child for child in found.children if child.uid != uid]


def copy(group: Group, uid: int) -> None:
    """Put a copy of a group or condition right after it."""
    found = parent(group, uid)
    if found is not None:
        place = _place(found, uid)
        made = deepcopy(found.children[place])
        _named_anew(made)
        found.children.insert(place + 1, made)


def move(group: Group, uid: int, by: int) -> None:
    """Change places with the one before (`by` = -1) or after (1) in the same group, where there is one."""
    found = parent(group, uid)
    if found is not None:
        place = _place(found, uid)
        other = min(max(place + by, 0), len(found.children) - 1)
        found.children[place], found.children[other] = found.children[other], found.children[place]


def switch(group: Group, uid: int) -> None:
    """Switch a group or condition off, or on again."""
    found = parent(group, uid)
    if found is not None:
        child = found.children[_place(found, uid)]
        child.on = not child.on


def earlier(group: Group, uid: int) -> None:
    """Look at a group as it was some time ago."""
    found = parent(group, uid)
    child = found.children[_place(found, uid)] if found is not None else None
    if isinstance(child, Group):
        child.as_of = Choices({"back": "ago", "n": 90, "unit": "days"})


def parent(group: Group, uid: int) -> Group | None:
    """The group in which a group or condition stands; None where it is not in the tree."""
    if any(child.uid == uid for child in group.children):
        return group
    inner = (parent(child, uid) for child in group.children if isinstance(child, Group))
    return next((found for found in inner if found is not None), None)


def _place(group: Group, uid: int) -> int:
    return next(n for n, child in enumerate(group.children) if child.uid == uid)


def _named_anew(part: Group | Condition) -> None:
    """Give a copy names of its own, all the way down: widgets go by them."""
    part.uid = next(_uids)
    if isinstance(part, Group):
        if part.as_of is not None:
            part.as_of.uid = next(_uids)
        for child in part.children:
            _named_anew(child)
        return
    for filters in part.filters.values():
        for one in filters:
            one.uid = next(_uids)
