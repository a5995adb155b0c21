"""Clusters kept as a group of users: read back, renamed, and new users put into them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from core.errors import Refusal
from core.progress import Step, no_step
from core.segments.groups import KeptGroup, get_group, write_group
from core.segments.likeness.clusters_codec import clustering_from_json, clustering_to_json
from core.segments.likeness.numbers import numbers
from core.segments.likeness.taste import taste
from core.segments.likeness.types import Clustering
from core.segments.parts import text
from core.store import Query, Store, Writer

_METHODS = {"kmeans": "k-means", "mixture": "a Gaussian mixture", "hdbscan": "HDBSCAN"}


def keep_clusters(
    writer: Writer,
    name: str,
    clustering: Clustering,
    members: pa.Table,
    model: Mapping[str, Any],
    *,
    replace: bool = False,
) -> None:
    """Keep clusters as the group `name`. Users in no cluster are kept as part -1.

    The map is kept without the users' ids: the group's members alone say who is in it, and who is erased is gone.
    Raises Refusal `group_exists` (without `replace`), BadRule for a name that cannot be one.
    """
    told = {**clustering_to_json(clustering), "map_ids": []}
    on = "what they take" if clustering.spec.on == "taste" else "how they behave"
    count = len(clustering.clusters)
    write_group(
        writer,
        name,
        "clusters",
        members,
        words=f"{count} cluster{'' if count == 1 else 's'} by {on}, by {_METHODS[clustering.spec.method]}",
        spec=clustering.spec.as_json(),
        answer=told,
        model=model,
        parts={one.number: one.name for one in clustering.clusters},
        as_of=clustering.spec.as_of,
        version=writer.store.version,
        replace=replace,
    )


def clustering_of(group: KeptGroup) -> Clustering:
    """The answer that was kept, with the names that parts have now; the map names no users.

    Raises Refusal `not_clusters` for a group of another kind.
    """
    if group.kind != "clusters":
        raise _other(group)
    told = dict(group.answer)
    told["clusters"] = [{**one, "name": group.parts.get(one["number"], one["name"])} for one in told["clusters"]]
    return clustering_from_json(told)


def assign_new(store: Store, name: str, *, step: Step = no_step) -> int:
    """Put users of now into the kept clusters, all in one transaction; the number of users who came or moved.

    Everyone with enough events by now is put into the cluster that the kept model says; users of whom too little is
    known keep the cluster they have. Categories or items that the model does not know are ignored. Where the clusters
    were made for a moment (as_of), the data up to now are looked at all the same.
    Raises Refusal `no_such_group`, `not_clusters`, `no_such_column`, `no_such_feature`.
    """
    found, group = _assigned(store, name, step)
    with store.atomic(data=False) as writer:
        return _put(writer, group, found)


def assign_in(writer: Writer, name: str, *, step: Step = no_step) -> int:
    """`assign_new` within a transaction that is open, as jobs have it."""
    found, group = _assigned(writer.store, name, step)
    return _put(writer, group, found)


def _assigned(store: Store, name: str, step: Step) -> tuple[pa.Table, KeptGroup]:
    """user_id, part and score of everyone of whom enough is known now, by the kept model."""
    group = get_group(store, name)
    if group.kind != "clusters" or group.model is None:
        raise _other(group)
    model = group.model
    step.report(0.0, "Looking at users")
    least = int(model["min_events"])
    if model["on"] == "taste":
        by = taste(store, min_events=least, like=model["dims"], step=step.part(0.0, 0.7))
        ids, values = by.user_ids, by.values
    else:
        of = numbers(store, min_events=least, like=model["dims"], step=step.part(0.0, 0.7))
        ids, values = of.user_ids, of.values
    step.report(0.7, "Putting users into clusters")
    from core.segments.likeness.clusters_fit import assign  # slow to import, and few need it

    part, score = assign(model["made"], values)
    found = pa.table({"user_id": ids, "part": pa.array(part, pa.int32()), "score": pa.array(np.round(score, 9))})
    return found, group


def _put(writer: Writer, group: KeptGroup, found: pa.Table) -> int:
    """Put them into the kept group; how many came or moved."""
    with writer.table("assigned", found):
        moved = writer.rows(
            Query(
                "SELECT count(*) AS n FROM assigned a LEFT JOIN grouping_members m ON m.name = ? "
                "AND m.user_id = a.user_id WHERE m.part IS DISTINCT FROM a.part",
                (group.name,),
            )
        )
        writer.run(
            Query(
                "DELETE FROM grouping_members WHERE name = ? AND user_id IN (SELECT user_id FROM assigned)",
                (group.name,),
            )
        )
        writer.run(
            Query(
                "INSERT INTO grouping_members SELECT ?, user_id, part, NULL, score FROM assigned ORDER BY user_id",
                (group.name,),
            )
        )
        writer.run(Query("UPDATE groupings SET version = ? WHERE name = ?", (writer.store.version, group.name)))
    return int(moved[0]["n"])


def rename_part(store: Store, name: str, number: int, new_name: str) -> None:
    """Call one cluster something else.

    Raises Refusal `no_such_group`, `no_such_part`, `name_taken` where another part is called so, BadRule for no name.
    """
    group = get_group(store, name)
    text(new_name, "name", most=80)
    if new_name != new_name.strip() or not new_name.isprintable():
        raise Refusal("bad_name", "A name must not start or end with a space, nor hold line breaks.", "Choose another.")
    if number not in group.parts:
        known = ", ".join(f"{n} ({said})" for n, said in group.parts.items()) or "none"
        raise Refusal("no_such_part", f"The group {group.name!r} has no part {number}.", f"Parts: {known}.")
    if any(said.casefold() == new_name.casefold() for n, said in group.parts.items() if n != number):
        raise Refusal("name_taken", f"Another part is called {new_name!r}.", "Choose another name.")
    parts = {str(n): new_name if n == number else said for n, said in group.parts.items()}
    with store.atomic(data=False) as writer:
        writer.run(Query("UPDATE groupings SET parts = ?::JSON WHERE name = ?", (json.dumps(parts), group.name)))


def _other(group: KeptGroup) -> Refusal:
    return Refusal("not_clusters", f"The group {group.name!r} is not one of clusters.", "Choose kept clusters.")
