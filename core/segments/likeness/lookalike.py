"""Look-alikes: from a saved segment, the users most like its members, with a check of how far that can be trusted.

`prepare_lookalikes` runs beside the page, `lookalike_task` in a worker; `lookalikes_from` puts the answer together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from core.errors import Refusal
from core.interactions import Array
from core.progress import Step, no_step
from core.segments.groups import KeptGroup, write_group
from core.segments.likeness import lookalike_data as data
from core.segments.likeness.lookalike_codec import lookalikes_from_json, lookalikes_to_json
from core.segments.likeness.lookalike_words import group_words
from core.segments.likeness.types import Lookalikes, LookalikeSpec
from core.store import Query, Store, Writer

LOOKALIKE_TASK = "core.segments.likeness.lookalike_task:lookalike_task"

MOST_KEPT = 100_000
"""Candidates that a kept group holds at least, so that a list can be made longer later; or ten times the seed."""


def prepare_lookalikes(
    store: Store, spec: LookalikeSpec, *, step: Step = no_step
) -> tuple[dict[str, Array], dict[str, Any]]:
    """What `lookalike_task` takes: its arrays (numbers of users, never their ids) and its params.

    Raises Refusal `no_such_segment`, BadRule, `no_times`, `no_items`, `no_features`, and of too few or too many
    members `seed_empty`, `seed_small`, `seed_everyone`, `no_candidates`.
    """
    segment = data.seed_segment(store, spec.seed_segment, spec.as_of)
    version = store.version
    everybody = data.everyone(store, segment, spec.seed, step.part(0.0, 0.2))
    step.report(0.2, "what users take")
    x = None if spec.way == "features" else data.tastes(store, segment.as_of, step.part(0.2, 0.4))
    if x is None and spec.way in ("taste", "both"):
        raise Refusal(
            "no_items",
            "Nobody has anything to do with an item before that moment, so users have no taste.",
            "Look by features instead (way features), or load events that name items.",
        )
    has_item = None if x is None else x.users.rows(everybody.column("user_no").to_numpy()) >= 0
    known = data.known_users(everybody, spec.min_events, has_item, segment.name)
    arrays: dict[str, Array] = {"l_users": known.users, "l_seed": known.seed, "l_events": known.events}
    items: list[dict[str, Any]] = []
    notes: list[str] = []
    if x is not None:
        rows = data.taste_rows(x, known.users)
        items = data.lifted_items(store, x, rows, known.seed)
        shape = np.array(rows.shape, dtype=np.int64)
        arrays |= {"l_data": rows.data, "l_indices": rows.indices, "l_indptr": rows.indptr, "l_shape": shape}
    elif spec.way is None:
        notes.append("The data have no items that users took, so users were judged by features alone.")
    columns: list[dict[str, str]] = []
    if spec.way != "taste":
        step.report(0.4, "how users behave")
        values, columns, said = data.behaviours(store, segment.as_of, known.users, step.part(0.4, 1.0))
        if columns:
            arrays["l_values"] = values
            notes += [note for note in said if "as loaded last" in note or "files loaded last" in note]
        elif spec.way or x is None:
            raise Refusal("no_features", "All users are the same in every feature.", "Look by taste instead.")
    filled = replace(spec, seed_segment=segment.name, as_of=segment.as_of or store.as_of())
    told = {
        "spec": filled.as_json(),
        "counts": known.told,
        "columns": columns,
        "items": items,
        "notes": notes,
        "version": version,
    }
    return arrays, told


def lookalikes(store: Store, spec: LookalikeSpec, *, step: Step = no_step) -> Lookalikes:
    """The answer, made in this process; nothing is kept. Raises what `prepare_lookalikes` raises.

    A list at most as long as there are candidates; the same question of the same data gives the same answer.
    """
    arrays, told = prepare_lookalikes(store, spec, step=step.part(0.0, 0.3))
    from core.segments.likeness.lookalike_task import judged  # slow to import, and few need it

    found = judged(told, arrays, step.part(0.3, 1.0))
    return replace(found.answer, rows=_rows(store, found.users, found.closeness))


def lookalikes_from(store: Store | Writer, result: Mapping[str, Any], arrays: Mapping[str, Array]) -> Lookalikes:
    """The answer of a worker: what `lookalike_task` returned, and the arrays that it left.

    Raises Refusal `data_changed` where the data are no longer those that were looked at: numbers of users may have
    changed with them.
    """
    found = lookalikes_from_json(result)
    now = store.store.version if isinstance(store, Writer) else store.version
    if found.version != now:
        raise Refusal("data_changed", "The data have changed since look-alikes were looked for.", "Look again.")
    rows = _rows(store, np.asarray(arrays["lookalike_users"]), np.asarray(arrays["lookalike_closeness"]))
    return replace(found, rows=rows)


def keep_lookalikes(writer: Writer, name: str, found: Lookalikes, *, replace: bool = False) -> None:
    """Keep look-alikes as a group, each candidate with its rank and closeness (score): a rule then names the first N
    by `InGroup(name, closest=N)`.

    Held: 100,000 candidates, or ten times the seed where that is more, or the list's own length. The seed itself is
    not in it. Raises Refusal `group_exists`, `no_rows` for an answer that was read back.
    """
    if found.rows is None:
        raise Refusal("no_rows", "These look-alikes were read back without their users.", "Look for them again.")
    held = max(MOST_KEPT, 10 * found.seed_users, found.spec.size or 0)
    write_group(
        writer,
        name,
        "lookalike",
        found.rows.slice(0, held),
        words=group_words(found),
        spec=found.spec.as_json(),
        answer=lookalikes_to_json(found),
        as_of=found.spec.as_of,
        version=found.version,
        replace=replace,
    )


def lookalikes_of(group: KeptGroup) -> Lookalikes:
    """The answer that a kept group was made of, without rows. Raises Refusal `not_lookalikes`."""
    if group.kind != "lookalike":
        raise Refusal("not_lookalikes", f"Group {group.name!r} holds {group.kind}, no look-alikes.", "Choose another.")
    return lookalikes_from_json(group.answer)


def _rows(store: Store | Writer, users: Array, closeness: Array) -> pa.Table:
    """user_id, rank (from 1), score, in order."""
    known = store.read(Query("SELECT user_no, user_id FROM users"))
    numbers = known.column(0).to_numpy()
    where = np.zeros(int(numbers.max(initial=0)) + 1, dtype=np.int64)
    where[numbers] = np.arange(len(numbers))
    ids = known.column(1).combine_chunks().take(pa.array(where[users]))
    ranks = pa.array(np.arange(1, len(users) + 1, dtype=np.int32))
    return pa.table({"user_id": ids, "rank": ranks, "score": pa.array(closeness)})
