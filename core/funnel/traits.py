"""What users were like by the moment at which they had come to a step: nothing that came after it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from core.behaviour import NO_ITEM, NOT_ACTIVE, Timeline, category_columns, timelines
from core.funnel.question import FunnelSpec
from core.funnel.rows import PAUSE, Ints, category_pairs
from core.funnel.values import NOT_KNOWN, OTHERS, By, members
from core.funnel.ways import schema_with_segments
from core.progress import Step, no_step
from core.store import Query, Store

Bools = npt.NDArray[np.bool_]
TraitKind = Literal["did", "viewed", "visits", "views", "event", "user"]
TOP_CATEGORIES = 12
_BANDS = {"visits": ((1, 1), (2, 3), (4, 9), (10, None)), "views": ((0, 0), (1, 2), (3, 9), (10, None))}
_EVENT_COLUMNS = ("channel", "device", "campaign")
_MOST_COLUMNS = 12


@dataclass(frozen=True)
class Trait:
    """Something that a user has or has not.

    Attributes:
        kind: "did" = an event of type `name` before the moment; "viewed" = a view of category `name` before it;
            "visits", "views" = how many before it, `value` a band (the visit of the moment counts as one); "event" =
            the event that took the step has `value` in column `name`; "user" = the user has it, as loaded last.
    """

    kind: TraitKind
    name: str
    value: str = ""


def trait_words(trait: Trait) -> str:
    """The trait as a row's name.

    >>> trait_words(Trait("visits", "", "2 to 3")), trait_words(Trait("event", "channel", "email"))
    ('visits so far: 2 to 3', 'channel of this step: email')
    """
    match trait.kind:
        case "did":
            return f"{trait.name} before"
        case "viewed":
            return f"viewed {trait.name} before"
        case "visits":
            return f"visits so far: {trait.value}"
        case "views":
            return f"views before: {trait.value}"
        case "event":
            return f"{trait.name} of this step: {trait.value}"
        case _:
            return f"{trait.name}: {trait.value}"


def traits(
    store: Store, spec: FunnelSpec, upto: int, users: Ints, at: Ints, step: Step = no_step
) -> Iterator[tuple[Trait, Bools]]:
    """Each candidate with who has it, of units that are `users` and had come to step `upto` at the moments `at`."""
    yield from _history(store, users, at, step)
    for column in _EVENT_COLUMNS:
        yield from _valued(store, spec, "event", column, upto, users, at)
    for column in _user_columns(store):
        yield from _valued(store, spec, "user", column, upto, users, at)


def _history(store: Store, users: Ints, at: Ints, step: Step) -> Iterator[tuple[Trait, Bools]]:
    kinds: dict[str, Ints] = {}
    seen: dict[str, Ints] = {}
    visits = np.zeros(len(users), dtype=np.int64)
    categories, of_item = _categories(store)
    for line in timelines(store, step=step):
        here = np.flatnonzero(np.isin(users, (line.users[line.begins[:-1]])))
        begins = np.searchsorted(line.users, users[here])
        ends = _before(line, begins, users[here], at[here])
        for kind in line.kinds:
            kinds.setdefault(kind, np.zeros(len(users), dtype=np.int64))[here] = _between(line.of(kind), begins, ends)
        viewed = line.of("view") & (line.items != NO_ITEM)
        for place, category in enumerate(categories):
            marks = viewed & of_item[place][line.items]  # NO_ITEM is -1: the last place, which is no item
            seen.setdefault(category, np.zeros(len(users), dtype=np.int64))[here] = _between(marks, begins, ends)
        visits[here] = _visits(line, begins, ends, at[here])
    for kind, many in kinds.items():
        yield Trait("did", kind), many > 0
    for category, many in seen.items():
        yield Trait("viewed", category), many > 0
    for name, many in (("visits", visits), ("views", kinds.get("view", visits[:0]))):
        for low, high in _BANDS[name] if len(many) else ():
            has = (many >= low) & (many <= high) if high is not None else many >= low
            label = f"{low}" if low == high else f"{low} or more" if high is None else f"{low} to {high}"
            yield Trait(name, "", label), has  # type: ignore[arg-type]  # both names are kinds


def _before(line: Timeline, begins: Ints, users: Ints, at: Ints) -> Ints:
    """For each user the place of the first event at or after a moment: halving, for all users at once."""
    low = begins.astype(np.int64)
    high = np.searchsorted(line.users, users, side="right").astype(np.int64)
    while (open_ := low < high).any():
        middle = (low + high) // 2
        earlier = open_ & (line.at[np.minimum(middle, len(line) - 1)] < at)
        low = np.where(earlier, middle + 1, low)
        high = np.where(open_ & ~earlier, middle, high)
    return low


def _between(marks: Bools, begins: Ints, ends: Ints) -> Ints:
    """How many marks stand from each beginning up to each end."""
    so_far = np.zeros(len(marks) + 1, dtype=np.int32)
    np.cumsum(marks, out=so_far[1:])
    return (so_far[ends] - so_far[begins]).astype(np.int64)


def _visits(line: Timeline, begins: Ints, ends: Ints, at: Ints) -> Ints:
    """Visits by the moment, that of the moment itself included: 30 minutes without an event part two."""
    acts = np.flatnonzero(~line.of(*NOT_ACTIVE))
    fresh = np.ones(len(acts), dtype=np.bool_)
    fresh[1:] = (line.users[acts][1:] != line.users[acts][:-1]) | (line.at[acts][1:] - line.at[acts][:-1] >= PAUSE)
    marks = np.zeros(len(line), dtype=np.bool_)
    marks[acts[fresh]] = True
    before = _between(marks, begins, ends)
    # the moment's own event begins a visit where the last act before it lies too far back
    last = np.full(len(line) + 1, -1, dtype=np.int64)
    last[acts + 1] = acts
    np.maximum.accumulate(last, out=last)
    previous = last[ends]
    near = (previous >= begins) & (at - line.at[np.maximum(previous, 0)] < PAUSE)
    return before + ~near


def _categories(store: Store) -> tuple[list[str], list[Bools]]:
    """The categories viewed most, and for each which item_no is in it (one place more than items, for none)."""
    if not category_columns(store):
        return [], []
    pairs = f"SELECT * FROM ({category_pairs(store, None)}) WHERE category IS NOT NULL"
    (row,) = store.rows(Query("SELECT greatest((SELECT max(item_no) FROM items), max(item_no), 0) AS n FROM events"))
    size = int(row["n"]) + 2
    found = store.read(
        Query(
            f"WITH pairs AS ({pairs}), seen AS (SELECT item_no, count(*) AS n FROM events WHERE event = 'view'"
            " AND item_no IS NOT NULL GROUP BY item_no), top AS (SELECT category FROM pairs JOIN seen USING (item_no)"
            f" GROUP BY category ORDER BY sum(n) DESC, category LIMIT {TOP_CATEGORIES})"
            " SELECT category, item_no FROM pairs SEMI JOIN top USING (category) ORDER BY category, item_no"
        )
    ).to_pandas()
    names, held = [], []
    for name, rows in found.groupby("category"):
        marks = np.zeros(size, dtype=np.bool_)
        marks[rows["item_no"].to_numpy()] = True
        names.append(str(name))
        held.append(marks)
    return names, held


def _user_columns(store: Store) -> list[str]:
    """Attributes that part users: no contacts, no ids, no dates."""
    schema = schema_with_segments(store)
    private = {
        str(row["column_name"])
        for row in store.rows(Query("SELECT column_name FROM columns WHERE table_name = 'users' AND role = 'contact'"))
    }
    return [
        name
        for name, kind in schema.user.items()
        if name not in private and name != "user_id" and kind in ("text", "boolean", "number")
    ][:_MOST_COLUMNS]


def _valued(  # a trait's whole origin
    store: Store, spec: FunnelSpec, of: Literal["event", "user"], column: str, upto: int, users: Ints, at: Ints
) -> Iterator[tuple[Trait, Bools]]:
    found = members(store, spec, By(of, column), users, at, upto)
    for place, label in enumerate(found.labels):
        if label in (NOT_KNOWN, OTHERS):
            continue
        has = np.zeros(len(users), dtype=np.bool_)
        has[found.units[found.values == place]] = True
        yield Trait(of, column, label), has
