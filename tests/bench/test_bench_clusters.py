"""k-means of 500,000 users by 30 features, beside bare scikit-learn; writes docs/benchmarks.md (`make bench`)."""

from __future__ import annotations

import os
import platform
import time

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from core.interactions import Array, as_bytes
from core.segments.likeness import clusters_fit as fit
from core.segments.likeness.task import clustered
from core.segments.likeness.types import ClusterSpec
from tests.bench.paper import put

USERS, FEATURES, K = 500_000, 30, 8
LIMIT = 20.0


def crowd() -> dict[str, Array]:
    """Eight groups that overlap, as prepare_clusters hands over features."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(USERS, FEATURES)).astype(np.float32)
    values += rng.normal(size=(K, FEATURES)).astype(np.float32)[rng.integers(0, K, USERS)]
    names = [f"f{n}" for n in range(FEATURES)]
    told = {"names": names, "labels": names, "units": [""] * FEATURES, "coarse": [], "left_out": 0, "until": None,
            "notes": []}  # fmt: skip
    nos = np.arange(USERS, dtype=np.int32)
    return {"values": values, "users": nos, "raw": values, "dims": as_bytes({}), "told": as_bytes(told)}


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_kmeans_of_half_a_million_users() -> None:
    arrays = crowd()
    begin = time.perf_counter()
    made = fit.make(arrays["values"], "kmeans", K, 25, 0)
    parts, _ = fit.assign(made, arrays["values"])
    ours = time.perf_counter() - begin
    begin = time.perf_counter()
    bare = KMeans(K, n_init=3, random_state=0).fit(arrays["values"])
    theirs = time.perf_counter() - begin
    begin = time.perf_counter()
    clustered(ClusterSpec(on="features", k=K), arrays)
    whole = time.perf_counter() - begin
    put(
        "Clusters",
        f"k-means of {USERS:,} users by {FEATURES} features, {K} clusters; {os.cpu_count()} cores, Python "
        f"{platform.python_version()}. Clusters with each user's closeness; bare scikit-learn with as many starts; and "
        "the whole answer: numbers 2 to 12 tried with silhouette, BIC and stability, clusters, traits and the map.\n\n"
        "| what | seconds | limit |\n| --- | --- | --- |\n"
        f"| clusters and closeness | {ours:.1f} | {LIMIT:.0f} |\n| bare scikit-learn | {theirs:.1f} | |\n"
        f"| the whole answer | {whole:.1f} | |\n",
    )
    assert adjusted_rand_score(bare.labels_, parts) > 0.95
    assert ours < LIMIT
