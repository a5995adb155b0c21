"""The three methods: made from values, and putting users into what was made. A made one is JSON, to be kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

from core.errors import Refusal
from core.interactions import Array

MOST_DIMS = 12  # of a mixture with full covariance; distances in more tell HDBSCAN little
_MANY = 100_000  # users beyond which a mixture is fitted to a draw, and k-means begins anew less often
MOST_HDBSCAN = 20_000
_BATCH = 65_536

Made = dict[str, Any]


def kmeans(values: Array, k: int, seed: int, starts: int | None = None) -> KMeans:
    """k-means by scikit-learn; of several starts the best."""
    n = starts or (10 if len(values) <= _MANY else 3)
    return KMeans(k, n_init=n, random_state=seed, max_iter=200).fit(values)


def mixture(values: Array, k: int, seed: int) -> GaussianMixture:
    """A Gaussian mixture with full covariance; `values` have at most MOST_DIMS dimensions."""
    rule = {"covariance_type": "full", "reg_covar": 1e-4, "max_iter": 200, "random_state": seed}
    return GaussianMixture(k, **rule).fit(np.asarray(values, dtype=np.float64))


def fewer_dims(values: Array, most: int = MOST_DIMS) -> tuple[Array, Made]:
    """The values on their main axes, at most `most`, and what makes others so."""
    if values.shape[1] <= most:
        return values, {}
    axes = PCA(most, random_state=0).fit(values)
    made = {"mean": axes.mean_.astype(float).tolist(), "axes": axes.components_.astype(float).tolist()}
    return _reduced(made, values), made


def make(values: Array, method: str, k: int | None, smallest: int, seed: int) -> Made:
    """What `assign` needs, as JSON: parts are numbered as the method found them."""
    if method == "kmeans":
        found = kmeans(values, int(k or 2), seed)
        return {"method": method, "centres": found.cluster_centers_.astype(float).tolist()}
    low, made = fewer_dims(values)
    if method == "mixture":
        some = low[_draw(len(low), _MANY, seed)]
        mix = mixture(some, int(k or 2), seed)
        return {
            "method": method,
            **made,
            "weights": mix.weights_.tolist(),
            "means": mix.means_.tolist(),
            "precisions": mix.precisions_cholesky_.tolist(),
        }
    return {"method": method, **made, **_dense(low, smallest, seed)}


def parts_of(made: Made) -> int:
    """How many clusters were made."""
    if made["method"] == "hdbscan":
        return max(made["parts"], default=-1) + 1
    return len(made["centres"] if made["method"] == "kmeans" else made["means"])


def assign(made: Mapping[str, Any], values: Array) -> tuple[Array, Array]:
    """int32 (n,) part of each user, -1 = none; float64 (n,) how surely, 0 to 1.

    k-means: 1 - distance to the own centre / distance to the next; mixture: probability; HDBSCAN: 1 - distance to the
    nearest core user / the cluster's reach.
    """
    parts, scores = np.empty(len(values), dtype=np.int32), np.empty(len(values))
    tree = NearestNeighbors(n_neighbors=1).fit(np.asarray(made["cores"])) if made.get("cores") else None
    for begin in range(0, len(values), _BATCH):
        some = np.asarray(values[begin : begin + _BATCH], dtype=np.float64)
        parts[begin : begin + _BATCH], scores[begin : begin + _BATCH] = _assigned(made, some, tree)
    return parts, scores


def renumbered(made: Made, order: Array) -> Made:
    """The same with part `order[n]` called n."""
    keys = {"kmeans": ("centres",), "mixture": ("weights", "means", "precisions")}.get(made["method"], ())
    changed = {key: [made[key][int(old)] for old in order] for key in keys}
    if made["method"] == "hdbscan":
        new = np.argsort(order)
        changed = {"parts": new[np.asarray(made["parts"], dtype=np.int64)].tolist() if made["parts"] else []}
        changed["reach"] = [made["reach"][int(old)] for old in order]
    return {**made, **changed}


def _assigned(made: Mapping[str, Any], values: Array, tree: NearestNeighbors | None) -> tuple[Array, Array]:
    if made["method"] == "kmeans":
        apart = _distances(values, np.asarray(made["centres"]))
        part = apart.argmin(axis=1)
        near = np.sort(apart, axis=1)[:, :2]
        return part, 1 - near[:, 0] / np.maximum(near[:, -1], 1e-12)
    low = _reduced(made, values)
    if made["method"] == "mixture":
        mix = GaussianMixture(len(made["means"]), covariance_type="full")
        mix.weights_, mix.means_ = np.asarray(made["weights"]), np.asarray(made["means"])
        mix.precisions_cholesky_ = np.asarray(made["precisions"])
        sure = mix.predict_proba(low)
        return sure.argmax(axis=1), sure.max(axis=1)
    if tree is None:
        return np.full(len(low), -1), np.zeros(len(low))
    far, which = tree.kneighbors(low)
    part = np.asarray(made["parts"], dtype=np.int64)[which[:, 0]]
    reach = np.asarray(made["reach"])[part]
    inside = far[:, 0] <= reach
    return np.where(inside, part, -1), np.where(inside, 1 - far[:, 0] / np.maximum(reach, 1e-12), 0.0)


def _dense(values: Array, smallest: int, seed: int) -> Made:
    """Core users of dense regions, and how far from one a user still belongs to its cluster."""
    some = values[_draw(len(values), MOST_HDBSCAN, seed)].astype(np.float64)
    least = max(5, round(smallest * len(some) / len(values)))
    if least >= len(some):
        raise Refusal("too_few_users", f"{len(some):,} users hold no cluster of {smallest:,}.", "Ask for smaller ones.")
    found = HDBSCAN(min_cluster_size=least, min_samples=min(least, 10), copy=True).fit(some)
    cores = np.round(some[found.labels_ >= 0], 5)
    parts = found.labels_[found.labels_ >= 0]
    reach = []
    for part in range(int(parts.max(initial=-1)) + 1):
        mine = cores[parts == part]
        far, _ = NearestNeighbors(n_neighbors=2).fit(mine).kneighbors(mine)
        reach.append(float(np.quantile(far[:, 1], 0.95)) + 1e-4)
    return {"cores": cores.tolist(), "parts": parts.tolist(), "reach": reach}


def _draw(n: int, most: int, seed: int) -> Array:
    return np.arange(n) if n <= most else np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def _reduced(made: Mapping[str, Any], values: Array) -> Array:
    if "axes" not in made:
        return np.asarray(values, dtype=np.float64)
    return np.asarray((np.asarray(values, dtype=np.float64) - np.asarray(made["mean"])) @ np.asarray(made["axes"]).T)


def _distances(values: Array, centres: Array) -> Array:
    square = (values**2).sum(axis=1)[:, None] - 2 * values @ centres.T + (centres**2).sum(axis=1)[None, :]
    return np.asarray(np.sqrt(np.maximum(square, 0.0)))
