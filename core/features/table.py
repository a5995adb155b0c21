"""Making the table: the wanted measures of each scan, put side by side for the users (items) it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Refusal
from core.features.alike import alike, alike_measures
from core.features.attributes import attributes
from core.features.missing import fill
from core.features.of_items import item_scans
from core.features.of_users import user_scans
from core.features.scan import Found, Measure, Scan, arrow, carry_out
from core.features.types import KEY, FeatureColumn, FeatureSpec, FeatureTable
from core.features.world import World, look
from core.progress import Step, no_step
from core.store import Query, Store

_Part = tuple[FeatureColumn, pa.Array]


def features(store: Store, spec: FeatureSpec, *, step: Step = no_step) -> FeatureTable:
    """The feature table of `spec`; of the data as repaired, up to and without its as_of.

    A feature that nobody can have with these data (no sessions, no times, no purchases) is there without values, and
    `notes` say why. Raises Refusal `too_many_rows` (missing="neighbours" on a large table); Cancelled.
    """
    step.report(0.0, "Looking at the data")
    world = look(store, spec, step)
    wanted = spec.chosen()
    scans = user_scans(world) if spec.table == "users" else item_scans(world)
    total = f"coalesce(sum(CASE WHEN {world.key} IS NULL THEN 0 ELSE 1 END), 0)::DOUBLE"
    first = _only(scans[0], wanted)
    counted = carry_out(world, first, (total,))
    rows = _Rows(world, counted)
    parts: list[_Part] = list(rows.place(first.measures, Found(counted.keys, counted.columns[:-1])))
    for n, scan in enumerate(scans[1:], 1):
        step.report(0.1 + 0.6 * n / len(scans), "Working out features")
        some = _only(scan, wanted)
        if any(not m.lacks for m in some.measures):
            parts += rows.place(some.measures, carry_out(world, some))
        else:
            parts += rows.place(some.measures, None)
    step.report(0.7, "Comparing items")
    if "interaction" in wanted:
        measures = alike_measures(world)
        parts += rows.place(measures, None if measures[0].lacks else alike(world))
    filled: dict[str, int] = {}
    if wanted[0] in ("demographic", "attribute"):
        said = attributes(world)
        filled = said.filled
        taken = rows.taken(said.keys)
        parts += [(column, cells.take(taken)) for column, cells in zip(said.columns, said.values, strict=True)]
    parts.sort(key=lambda part: wanted.index(part[0].family))  # stable: within a family as they were made
    notes = _notes(world, rows, parts, [m for scan in scans for m in scan.measures if m.column.family in wanted])
    if spec.missing != "leave":
        step.report(0.8, "Filling missing values")
        parts, note = fill(parts, spec.missing, step.part(0.8, 1.0))
        notes.append(note)
    step.report(1.0, "Features made")
    return _table(world, rows, parts, notes, filled)


class _Rows:
    """The users (items) of the table in the order of their ids, and where each stands in what a scan found."""

    def __init__(self, world: World, counted: Found) -> None:
        key, name = KEY[world.spec.table]
        known = world.store.read(
            Query(f"SELECT {key}, {name} FROM {world.spec.table} ORDER BY {name}"), step=world.step
        )
        self.numbers = known.column(0).to_numpy().astype(np.int64)
        self.ids = known.column(1).combine_chunks()
        least = world.spec.min_events
        if least:
            place = self._where(counted.keys)
            events = counted.columns[-1].to_numpy(zero_copy_only=False)
            enough = place >= 0
            enough[enough] = events[place[enough]] >= least
            self.numbers, self.ids = self.numbers[enough], self.ids.filter(pa.array(enough))
        self.left_out = known.num_rows - len(self.numbers)

    def taken(self, keys: pa.Array) -> pa.Array:
        """For each row the place of its number in `keys`; null where it has none."""
        place = self._where(keys)
        return pa.array(place, mask=place < 0)

    def place(self, measures: Sequence[Measure], found: Found | None) -> list[_Part]:
        """The columns of a scan, a value (or none) for each row."""
        made: list[_Part] = []
        at = None if found is None else self.taken(found.keys)
        for n, measure in enumerate(measures):
            column = measure.column
            if measure.lacks or found is None:
                empty = pa.nulls(len(self.numbers), arrow(column.type))
                made.append((replace(column, missing_meaning=measure.lacks or column.missing_meaning), empty))
                continue
            values = found.columns[n].take(at)
            made.append((column, pc.fill_null(values, 0.0) if measure.zero else values))
        return made

    def _where(self, keys: pa.Array) -> Any:
        numbers = keys.to_numpy(zero_copy_only=False).astype(np.int64)
        top = max(int(numbers.max(initial=0)), int(self.numbers.max(initial=0))) + 1
        where = np.full(top, -1, dtype=np.int64)
        where[numbers] = np.arange(len(numbers))
        return where[self.numbers]


def _only(scan: Scan, wanted: Sequence[str]) -> Scan:
    return replace(scan, measures=tuple(m for m in scan.measures if m.column.family in wanted))


def _notes(world: World, rows: _Rows, parts: Sequence[_Part], measures: Sequence[Measure]) -> list[str]:
    notes: list[str] = []
    reasons: dict[str, int] = {}
    for measure in measures:
        if measure.lacks:
            reasons[measure.lacks] = reasons.get(measure.lacks, 0) + 1
    notes += [
        f"{reason} {n:,} {'feature has' if n == 1 else 'features have'} no values." for reason, n in reasons.items()
    ]
    if world.untimed:
        notes.append(
            f"{world.untimed:,} events have no time and were left out: nothing says that they were before as_of."
        )
    if rows.left_out:
        least = world.spec.min_events
        few = f"fewer than {least:,} events" if least > 1 else "no event"
        notes.append(f"{rows.left_out:,} {world.spec.table} with {few} before as_of were left out.")
    if any(column.family in ("demographic", "attribute") for column, _ in parts):
        notes.append("Attributes are as the files loaded last say, not as they were at as_of.")
    if world.category and len([1 for (t, _), r in world.roles.items() if t == "items" and r == "category"]) > 1:
        notes.append(f"Items have several category columns; {world.category!r} was used.")
    return notes


def _table(
    world: World, rows: _Rows, parts: Sequence[_Part], notes: Sequence[str], filled: dict[str, int]
) -> FeatureTable:
    columns = tuple(column for column, _ in parts)
    names = [KEY[world.spec.table][1], *(column.name for column in columns)]
    if len(set(names)) != len(names):  # a name made of two words of people could meet another; then it is ours to mend
        twice = sorted({name for name in names if names.count(name) > 1})
        raise Refusal("same_name", f"Two features would be called {twice[0]!r}.", "Ask for fewer families.")
    data = pa.table([rows.ids, *(values for _, values in parts)], names=names)
    made_of = {
        "events": sum(world.words.values()),
        "words": dict(world.words),
        "left_out": rows.left_out,
        "filled_by_repairs": filled,
    }
    return FeatureTable(replace(world.spec, as_of=world.as_of), columns, data, tuple(notes), made_of)
