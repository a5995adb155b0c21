"""Looking for users who are alike, as jobs: what goes to the worker, and its answer kept as a group at once.

A worker's answer names users by number, so it is never a job's result: that is the name of the group, and when it was
made, by which it is found again after somebody has called it something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from core.errors import Refusal
from core.interactions import Array, as_bytes
from core.progress import Step
from core.segments.group_rows import named_group
from core.segments.groups import KeptGroup, list_groups
from core.segments.likeness.clusters import prepare_clusters, read_clusters
from core.segments.likeness.clusters_kept import assign_in, clustering_of, keep_clusters
from core.segments.likeness.lookalike import keep_lookalikes, lookalikes_from, prepare_lookalikes
from core.segments.likeness.types import Clustering, ClusterSpec, LookalikeSpec
from core.store import Query, Store, Writer


class Ended(Protocol):
    """What a worker leaves; see core.jobs.Outcome."""

    @property
    def result(self) -> dict[str, Any]:
        """What the task returned."""

    @property
    def arrays(self) -> Mapping[str, Array]:
        """The arrays that it wrote."""


class ClusterRun:
    """One run of CLUSTER_TASK with `spec.as_json()` as params: `arrays` before it, `publish` after it."""

    def __init__(self, store: Store, spec: ClusterSpec) -> None:
        self._store, self._spec = store, spec
        self._version: int | None = None

    def arrays(self, step: Step) -> dict[str, Array]:
        """What the task takes. Raises what prepare_clusters raises."""
        self._version = self._store.version
        return prepare_clusters(self._store, self._spec, step)

    def publish(self, writer: Writer, outcome: Ended) -> dict[str, Any]:
        """Keep the clusters under a name of their own ("8 clusters by taste, 22 Nov 2026"); `{"group", "made_at"}`.

        Raises Refusal `no_clusters`, and `data_changed` where data came in since: users' numbers may have changed.
        """
        _same_data(writer, self._version)
        answer, members, model = read_clusters(writer, outcome.result, outcome.arrays)
        if not answer.clusters:
            raise Refusal(
                "no_clusters",
                f"No crowd of users was found who are more alike than the others: all {answer.noise:,} are in none.",
                "Ask for smaller crowds (HDBSCAN), or for k-means, which puts everybody into some cluster.",
            )
        name = _free(writer, _clusters_name(answer))
        keep_clusters(writer, name, answer, members, model)
        return _made(writer, name)


class LookalikeRun:
    """One run of LOOKALIKE_TASK with `spec.as_json()` as params: `arrays` before it, `publish` after it."""

    def __init__(self, store: Store, spec: LookalikeSpec) -> None:
        self._store, self._spec = store, spec

    def arrays(self, step: Step) -> dict[str, Array]:
        """What the task takes. Raises what prepare_lookalikes raises."""
        arrays, told = prepare_lookalikes(self._store, self._spec, step=step)
        return {**arrays, "l_told": as_bytes(told)}

    def publish(self, writer: Writer, outcome: Ended) -> dict[str, Any]:
        """Keep the look-alikes under a name of their own; `{"group", "made_at"}`.

        Raises Refusal `data_changed`.
        """
        found = lookalikes_from(writer, outcome.result, outcome.arrays)
        name = _free(writer, f"Look-alikes of {found.spec.seed_segment}"[:60].strip() + f", {_today()}")
        keep_lookalikes(writer, name, found)
        return _made(writer, name)


def assign_run(writer: Writer, step: Step, name: str) -> dict[str, Any]:
    """The work of a job that puts users of now into kept clusters; `{"group", "moved"}`. Raises as assign_new does."""
    return {"group": name, "moved": assign_in(writer, name, step=step)}


def made_in(store: Store, result: Mapping[str, Any]) -> KeptGroup | None:
    """The group that a job made, whatever it is called now; None where it has been deleted."""
    return next((g for g in list_groups(store) if g.created_at.isoformat() == result.get("made_at")), None)


def clustering_now(store: Store, group: KeptGroup) -> Clustering:
    """What was kept, with the clusters' names and users of now: some may have been erased, renamed, assigned since.

    Curves, traits and map are those of the making. Raises Refusal `not_clusters`.
    """
    made = clustering_of(group)
    query = Query(
        "SELECT m.part, count(*) AS n FROM grouping_members m JOIN users u ON u.user_id = m.user_id "
        "WHERE m.name = ? AND m.part IS NOT NULL GROUP BY m.part",
        (group.name,),
    )
    sizes = {int(row["part"]): int(row["n"]) for row in store.rows(query)}
    within = sum(n for part, n in sizes.items() if part >= 0)
    now = tuple(
        replace(one, users=sizes.get(one.number, 0), share=sizes.get(one.number, 0) / max(within, 1))
        for one in made.clusters
    )
    return replace(made, clusters=now, users=within, noise=sizes.get(-1, 0))


def closeness_of(store: Store, name: str, rank: int) -> float | None:
    """How close the user at this place (from 1) of kept look-alikes is; of the last one there is, where it is gone."""
    query = Query(
        "SELECT score FROM grouping_members WHERE name = ? AND rank <= ? ORDER BY rank DESC LIMIT 1", (name, rank)
    )
    found = store.rows(query)
    return None if not found or found[0]["score"] is None else float(found[0]["score"])


def _clusters_name(answer: Clustering) -> str:
    count = len(answer.clusters)
    by = "taste" if answer.spec.on == "taste" else "behaviour"
    return f"{count} cluster{'' if count == 1 else 's'} by {by}, {_today()}"


def _today() -> str:
    now = datetime.now(UTC)
    return f"{now.day} {now:%b %Y}"


def _free(writer: Writer, name: str) -> str:
    """The name, or where it is taken the name with the first number that is not."""
    tried, count = name, 1
    while named_group(writer, tried):
        count += 1
        tried = f"{name} ({count})"
    return tried


def _made(writer: Writer, name: str) -> dict[str, Any]:
    row = writer.rows(Query("SELECT created_at FROM groupings WHERE name = ?", (name,)))[0]
    return {"group": name, "made_at": row["created_at"].isoformat()}


def _same_data(writer: Writer, version: int | None) -> None:
    if writer.store.version != version:
        raise Refusal("data_changed", "The data have changed since the clusters were looked for.", "Look again.")
