"""The part of clustering that computes: the number, the clusters, their traits, the map. Runs in a worker."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from core.errors import Refusal
from core.interactions import Array, as_bytes, from_bytes
from core.progress import Step, no_step
from core.segments.likeness import clusters_choose as choose
from core.segments.likeness import clusters_fit as fit
from core.segments.likeness.mapping import mapped
from core.segments.likeness.naming import feature_traits, named, taste_traits
from core.segments.likeness.types import Cluster, ClusterSpec, Trait, Tried

_FEWEST = 10  # users; of fewer nothing can be said


def cluster_task(
    params: dict[str, Any], arrays: Mapping[str, Array], folder: Path, step: Step = no_step
) -> dict[str, Any]:
    """`params` is ClusterSpec.as_json, `arrays` are of prepare_clusters; the result is for `read_clusters`.

    Leaves in `folder`, in the order of arrays["users"]: users (int32, user_no), part (int32, -1 = none), score
    (float64); and model (JSON as bytes).
    """
    result, out = clustered(ClusterSpec.from_json(params), arrays, step)
    for name, array in out.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    return result


def clustered(
    spec: ClusterSpec, arrays: Mapping[str, Array], step: Step = no_step
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Result and arrays of `cluster_task`. Raises Refusal `too_few_users`; Cancelled."""
    # one thread: sums of several come in any order, and the same users must fall into the same clusters
    with threadpool_limits(1):
        return _clustered(spec, arrays, step)


def _clustered(spec: ClusterSpec, arrays: Mapping[str, Array], step: Step) -> tuple[dict[str, Any], dict[str, Array]]:
    began = time.perf_counter()
    told = from_bytes(arrays["told"])
    values = np.asarray(arrays["values"])
    _check(spec, values)
    curves = choose.tried(values, spec.method, range(spec.tried[0], spec.tried[1] + 1), spec.seed, step.part(0.0, 0.6))
    k, said = choose.suggested(curves) if curves else (None, "HDBSCAN finds its own number of clusters.")
    k = spec.k or k
    step.report(0.6, "Putting users into clusters")
    smallest = spec.smallest or max(25, len(values) // 100)
    made = fit.make(values, spec.method, k, smallest, spec.seed)
    parts, scores = fit.assign(made, values)
    made, parts = _by_size(made, parts)
    count = fit.parts_of(made)
    step.report(0.75, "What sets clusters apart")
    traits = _traits(arrays, told, values, parts, count)
    names = named(traits, taste=spec.on == "taste", coarse=frozenset(told["coarse"]))
    clusters = _clusters(parts, names, traits)
    step.report(0.8, "Drawing the map")
    rows, place, words = mapped(values, spec.seed)
    found = spec if spec.method == "hdbscan" else replace(spec, k=count)
    result = {
        "spec": {**found.as_json(), "as_of": told["until"]},
        "users": int((parts >= 0).sum()),
        "left_out": told["left_out"],
        "noise": int((parts < 0).sum()),
        "clusters": [asdict(one) for one in clusters],
        "tried": [asdict(one) for one in curves],
        "suggested": said,
        "map_x": [round(float(v), 4) for v in place[:, 0]],
        "map_y": [round(float(v), 4) for v in place[:, 1]],
        "map_part": [int(v) for v in parts[rows]],
        "map_users": [int(v) for v in arrays["users"][rows]],
        "map_words": words,
        "features": told["names"],
        "notes": [*told["notes"], *_notes(spec, values, parts, count, curves)],
        "seconds": time.perf_counter() - began,
    }
    model = as_bytes({"on": spec.on, "min_events": spec.min_events, "dims": from_bytes(arrays["dims"]), "made": made})
    out = {"users": np.asarray(arrays["users"]), "part": parts, "score": np.round(scores, 9), "model": model}
    return result, out


def _check(spec: ClusterSpec, values: Array) -> None:
    n = len(values)
    if n < _FEWEST or (spec.k or 2) >= n:
        raise Refusal(
            "too_few_users",
            f"{n:,} users with at least {spec.min_events:,} events are too few for {spec.k or 'any'} clusters.",
            "Ask for fewer clusters or fewer events a user, or load more data.",
        )
    different = len(np.unique(values[:5_000], axis=0))
    if (spec.k or 2) > different and n <= 5_000:
        raise Refusal(
            "too_few_users",
            f"These {n:,} users differ in {different:,} ways only, too few for {spec.k or 2} clusters.",
            "Ask for fewer clusters, or compare users by something else.",
        )


def _by_size(made: fit.Made, parts: Array) -> tuple[fit.Made, Array]:
    """Numbered by size, the largest first, of equal ones by their first user; parts that nobody is in are dropped."""
    count = fit.parts_of(made)
    sizes = np.bincount(parts[parts >= 0], minlength=count)
    first = np.full(count, len(parts))
    found, at = np.unique(parts, return_index=True)
    first[found[found >= 0]] = at[found >= 0]
    order = np.lexsort((first, -sizes))
    order = order[sizes[order] > 0]
    new = np.full(count + 1, -1, dtype=np.int32)
    new[order] = np.arange(len(order), dtype=np.int32)
    return fit.renumbered(made, order), new[parts]


def _traits(
    arrays: Mapping[str, Array], told: Mapping[str, Any], values: Array, parts: Array, count: int
) -> list[list[Trait]]:
    if "raw" in arrays:
        raw = np.asarray(arrays["raw"])
        return feature_traits(raw, values, parts, count, told["names"], told["units"])
    shape = (len(values), len(told["labels"]))
    pieces = tuple(np.asarray(arrays[f"shown_{name}"]) for name in ("data", "indices", "indptr"))
    return taste_traits(csr_matrix(pieces, shape=shape), parts, count, told["labels"], told["units"])


def _clusters(parts: Array, names: list[str], traits: list[list[Trait]]) -> list[Cluster]:
    sizes = np.bincount(parts[parts >= 0], minlength=len(names))
    return [
        Cluster(n, names[n], int(sizes[n]), float(sizes[n] / max(sizes.sum(), 1)), tuple(traits[n]))
        for n in range(len(names))
    ]


def _notes(spec: ClusterSpec, values: Array, parts: Array, count: int, curves: tuple[Tried, ...]) -> list[str]:
    said = []
    mine = next((t for t in curves if t.k == (spec.k or count)), None)
    if mine is None and spec.method != "hdbscan" and spec.k is not None:
        mine = next(iter(choose.tried(values, spec.method, [spec.k], spec.seed)), None)
    if mine and (mine.silhouette or 0.0) < choose.APART:
        said.append(
            f"These groups are not clearly apart: their silhouette is {mine.silhouette or 0.0:.2f} "
            f"(from {choose.APART} on one may speak of groups). Take them as parts of one crowd."
        )
    if mine and mine.stability is not None and mine.stability < choose.STABLE:
        said.append(
            "These groups are not clearly apart: made from other draws of the same users they agree by "
            f"{mine.stability:.2f} of 1 only."
        )
    if spec.method != "hdbscan" and len(values) > 5_000:
        said.append("The numbers of clusters were compared on 5,000 users drawn at random.")
    if spec.method == "hdbscan":
        some = min(len(values), fit.MOST_HDBSCAN)
        said.append(
            f"Dense regions were looked for among {some:,} users on at most {fit.MOST_DIMS} main axes; every user as "
            "near to a member as members are to each other belongs to its cluster, the others to none."
        )
        if count < 2:
            said.append("These groups are not clearly apart: no two dense regions were found.")
    if spec.method == "mixture" and values.shape[1] > fit.MOST_DIMS:
        said.append(f"The mixture was fitted on the {fit.MOST_DIMS} directions in which users differ most.")
    return said
