"""How many users every saved segment has, one after another, for pages that list them all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.errors import Refusal
from core.progress import Step, no_step
from core.segments.compile import compile_rule, refers_to
from core.segments.rule import Segment
from core.segments.schema import read_schema
from core.segments.stored import saved_segments, segment_to_json
from core.store import Query, Store


@dataclass(frozen=True)
class SavedCount:
    """The size of a saved segment.

    Attributes:
        name: of the segment.
        users: known users for whom its rule holds, as of its own moment; None where it cannot be asked.
        of: all known users.
        problem: why it cannot be asked (a column that is gone, ...), else None.
    """

    name: str
    users: int | None
    of: int
    problem: Refusal | None = None

    @property
    def share(self) -> float | None:
        """Members as a share of all known users; None where either is not known."""
        return None if self.users is None or not self.of else self.users / self.of


def count_saved(
    store: Store,
    names: Iterable[str] | None = None,
    *,
    step: Step = no_step,
    tell: Callable[[SavedCount], None] | None = None,
) -> tuple[SavedCount, ...]:
    """The size of each saved segment, or of those of these `names` (any case) that are there, in the order of names.

    What the workspace has is read once for all. `tell` hears of each as soon as it is counted. A segment that cannot
    be asked is told with its problem and does not stop the others. Raises Cancelled.
    """
    saved = saved_segments(store)
    wanted = None if names is None else {name.casefold() for name in names}
    chosen = [s for s in saved if wanted is None or s.name.casefold() in wanted]
    if not chosen:
        return ()
    schema, end = read_schema(store, saved=saved), store.as_of()
    of = int(store.rows(Query("SELECT count(*) AS n FROM users"), step=step)[0]["n"])
    found = []
    for place, segment in enumerate(chosen):
        step.report(place / len(chosen), segment.name)
        try:
            query = compile_rule(segment.rule, schema, segment.as_of or end)
            rows = store.rows(Query("SELECT count(*) AS n FROM (") + query + ")", step=step)
            counted = SavedCount(segment.name, int(rows[0]["n"]), of)
        except Refusal as refusal:
            counted = SavedCount(segment.name, None, of, refusal)
        found.append(counted)
        if tell is not None:
            tell(counted)
    return tuple(found)


def segment_question(segment: Segment, saved: Iterable[Segment]) -> str:
    """What a segment asks, as a text that is the same wherever its members must be the same on the same data.

    It holds the rule and as_of, and those of every segment that it names, directly or by others; not its own name.
    Kept groups are not in it: see core.segments.groups.groups_state.
    """
    by = {s.name.casefold(): s for s in saved}
    asked: dict[str, object] = {}
    todo = sorted(refers_to(segment.rule))
    while todo:
        name = todo.pop()
        if name in by and name not in asked:
            asked[name] = segment_to_json(by[name])
            todo += sorted(refers_to(by[name].rule))
    return json.dumps([segment_to_json(segment) | {"name": ""}, asked], sort_keys=True)
