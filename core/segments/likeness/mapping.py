"""Users on two dimensions, so that clusters can be seen: main axes where two show most, else neighbourhoods."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from core.interactions import Array

_MOST_FLAT = 5_000
_MOST_NEAR = 1_500  # t-SNE of so many takes about three seconds
_ENOUGH = 0.5  # share of the differences that two axes must show, to be shown alone


def mapped(values: Array, seed: int) -> tuple[Array, Array, str]:
    """Rows of `values` that are on the map (sorted), float64 (rows, 2) where they lie, and how to read it."""
    rows = _draw(len(values), _MOST_FLAT, seed)
    some = np.asarray(values[rows], dtype=np.float64)
    dims = min(30, some.shape[1], len(some))
    axes = PCA(dims, svd_solver="full").fit(some)
    flat = axes.transform(some)
    shows = float(np.nan_to_num(axes.explained_variance_ratio_[:2]).sum())
    if shows >= _ENOUGH or len(some) < 50 or dims < 3:
        flat = np.hstack([flat, np.zeros((len(flat), max(0, 2 - flat.shape[1])))])[:, :2]
        said = (
            f"{len(rows):,} users on the two directions in which they differ most, which show {shows:.0%} of the "
            "differences: far apart here is far apart; close here may still differ otherwise."
        )
        return rows, flat, said
    few = _draw(len(rows), _MOST_NEAR, seed)
    perplexity = min(30.0, (len(few) - 1) / 3)
    place = TSNE(2, init="pca", random_state=seed, perplexity=perplexity, max_iter=500).fit_transform(flat[few])
    said = (
        f"{len(few):,} users by t-SNE, which keeps those who are alike next to each other. Which users lie together "
        "tells something; how far groups are apart, how wide they are, and the axes tell nothing. "
        f"(The two main directions alone would show {shows:.0%} of the differences.)"
    )
    return rows[few], np.asarray(place, dtype=np.float64), said


def _draw(n: int, most: int, seed: int) -> Array:
    return np.arange(n) if n <= most else np.sort(np.random.default_rng(seed).choice(n, most, replace=False))
