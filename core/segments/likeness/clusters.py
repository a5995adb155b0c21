"""Clusters of users: what a worker needs, what it answered put into words of the workspace, and both in one go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from core.errors import Refusal
from core.interactions import Array, as_bytes, from_bytes
from core.progress import Step, no_step
from core.segments.likeness.clusters_codec import clustering_from_json
from core.segments.likeness.numbers import numbers
from core.segments.likeness.taste import taste
from core.segments.likeness.types import Clustering, ClusterSpec
from core.store import Query, Store, Writer

CLUSTER_TASK = "core.segments.likeness.task:cluster_task"
"""For core.jobs, with ClusterSpec.as_json as params and `prepare_clusters` as arrays."""

Answer = tuple[Clustering, pa.Table, dict[str, Any]]
"""The answer, its members (user_id, part, score; part -1 = in no cluster), and the model that new users need."""


def prepare_clusters(store: Store, spec: ClusterSpec, step: Step = no_step) -> dict[str, Array]:
    """What `cluster_task` needs, without a raw id: arrays values, users, told, dims, and shown_* or raw.

    Rows are in the order of raw ids, so that clusters do not hang on the order in which files were loaded.
    Raises Refusal `no_interactions`, `no_taste`, `no_such_feature`, `not_a_number`, `no_features`, `too_few_users`,
    `bad_clusters` (columns without on="features").
    """
    if spec.columns and spec.on != "features":
        raise Refusal("bad_clusters", "Clusters on taste have no columns.", "Ask for clusters on features.")
    if spec.on == "features":
        of = numbers(store, columns=spec.columns, as_of=spec.as_of, min_events=spec.min_events, step=step)
        names = [column.name for column in of.columns]
        told = {
            "names": names,
            "labels": names,
            "units": [column.unit for column in of.columns],
            "coarse": [],
            "left_out": of.left_out,
            "until": None if of.until is None else of.until.isoformat(),
            "notes": list(of.notes),
        }
        more = {"values": of.values, "users": of.user_nos, "raw": of.raw, "dims": as_bytes(of.model)}
        return {**more, "told": as_bytes(told)}
    by = taste(store, as_of=spec.as_of, min_events=spec.min_events, step=step)
    first = by.model["levels"][0]["labels"] if by.way == "categories" else []
    told = {
        "names": list(by.names),
        "labels": list(by.labels),
        "units": list(by.units),
        "coarse": first,
        "left_out": by.left_out,
        "until": None if by.until is None else by.until.isoformat(),
        "notes": list(by.notes),
    }
    shown = {f"shown_{name}": getattr(by.shown, name) for name in ("data", "indices", "indptr")}
    return {"values": by.values, "users": by.user_nos, "dims": as_bytes(by.model), **shown, "told": as_bytes(told)}


def read_clusters(store: Store | Writer, result: Mapping[str, Any], out: Mapping[str, Array]) -> Answer:
    """A worker's answer with raw ids put in."""
    users = np.asarray(out["users"])
    named = _ids(store, users)
    place = {int(no): n for n, no in enumerate(users)}
    told = {key: value for key, value in result.items() if key != "map_users"}
    on_map = named.take(pa.array([place[int(no)] for no in result["map_users"]], pa.int64()))
    answer = clustering_from_json({**told, "map_ids": on_map.to_pylist()})
    part, score = np.asarray(out["part"]), np.asarray(out["score"])
    members = pa.table({"user_id": named, "part": pa.array(part, pa.int32()), "score": pa.array(score, pa.float64())})
    return answer, members, from_bytes(out["model"])


def clusters(store: Store, spec: ClusterSpec, *, step: Step = no_step) -> Answer:
    """Clusters made in this process; nothing is stored. Raises what `prepare_clusters` and `clustered` raise."""
    arrays = prepare_clusters(store, spec, step.part(0.0, 0.2))
    from core.segments.likeness.task import clustered  # slow to import, and few need it

    result, out = clustered(spec, arrays, step.part(0.2, 1.0))
    return read_clusters(store, result, out)


def _ids(store: Store | Writer, user_nos: Array) -> pa.Array:
    """The raw id of each number."""
    table = store.read(Query("SELECT user_no, user_id FROM users ORDER BY user_no"))
    place = np.searchsorted(table["user_no"].to_numpy(), user_nos)
    return table["user_id"].combine_chunks().cast(pa.string()).take(pa.array(place))
