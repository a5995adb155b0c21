"""The number of clusters: silhouette, BIC and bootstrap stability of each that is tried, and what they speak for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations
from warnings import catch_warnings, simplefilter

import numpy as np
from scipy.spatial.distance import pdist, squareform
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.mixture import GaussianMixture

from core.interactions import Array
from core.progress import Step, no_step
from core.segments.likeness.clusters_fit import fewer_dims, kmeans, mixture
from core.segments.likeness.types import Tried

_MOST_USERS = 5_000  # looked at to choose the number
_MOST_APART = 4_000  # users whose distances to all others are measured, for the silhouette
_DRAWS = 8
STABLE = 0.6  # stability below which clusters are a matter of the draw
APART = 0.1  # silhouette below which clusters run into each other


def tried(values: Array, method: str, numbers: Sequence[int], seed: int, step: Step = no_step) -> tuple[Tried, ...]:
    """Each number of clusters tried on a draw of at most 5,000 users; () for HDBSCAN, which finds its own."""
    if method == "hdbscan":
        return ()
    rng = np.random.default_rng(seed)
    some = values if len(values) <= _MOST_USERS else values[np.sort(rng.choice(len(values), _MOST_USERS, False))]
    some = np.asarray(fewer_dims(some)[0] if method == "mixture" else some, dtype=np.float64)
    near = np.sort(rng.choice(len(some), min(len(some), _MOST_APART), False))
    apart = squareform(pdist(some[near]))
    draws = [rng.choice(len(some), len(some)) for _ in range(_DRAWS if method == "kmeans" else _DRAWS // 2)]
    found = []
    different = len(np.unique(some, axis=0))
    numbers = [k for k in numbers if k < different]
    for n, k in enumerate(numbers):
        step.report(n / len(numbers), f"Trying {k} clusters")
        labels, bic = _made(some, method, k, seed)
        silhouette = None
        if 2 <= len(np.unique(labels[near])) < len(near):
            silhouette = float(silhouette_score(apart, labels[near], metric="precomputed"))
        found.append(Tried(k, silhouette, bic, *_stability(some, method, k, draws, seed)))
    return tuple(found)


def spherical_bic(values: Array, labels: Array, inertia: float) -> float:
    """BIC of Gaussians of one common variance in all directions around the centres; lower is better."""
    n, d = values.shape
    sizes = np.bincount(labels)
    sizes = sizes[sizes > 0]
    k = len(sizes)
    variance = max(inertia / (d * max(n - k, 1)), 1e-12)
    likely = (
        float((sizes * np.log(sizes / n)).sum()) - n * d / 2 * np.log(2 * np.pi * variance) - inertia / variance / 2
    )
    return float(-2 * likely + (k - 1 + k * d + 1) * np.log(n))


def suggested(curves: Sequence[Tried]) -> tuple[int, str]:
    """The number with the highest silhouette among those that come out alike on other draws; and why, in words."""
    judged = [t for t in curves if t.silhouette is not None and t.stability is not None]
    if not judged:
        return (curves[0].k if curves else 2), "Too few users to compare numbers of clusters."
    top = max(float(t.stability or 0.0) for t in judged)
    bar = min(0.8, top - 0.05)
    steady = [t for t in judged if float(t.stability or 0.0) >= bar]
    best = max(steady, key=lambda t: (round(float(t.silhouette or 0.0), 6), -t.k))
    said = (
        f"{best.k} clusters: their silhouette is {best.silhouette:.2f}, the highest of the numbers that come out alike "
        f"when users are drawn anew (agreement {best.stability:.2f} of 1)."
    )
    clear = max(judged, key=lambda t: float(t.silhouette or 0.0))
    if clear.k != best.k:
        said += f" {clear.k} has {clear.silhouette:.2f}, but agrees with itself by {clear.stability:.2f} only."
    by_bic = min((t for t in judged if t.bic is not None), key=lambda t: float(t.bic or 0.0), default=None)
    if by_bic is not None and by_bic.k != best.k:
        said += f" BIC alone speaks for {by_bic.k}."
    return best.k, said


def _made(some: Array, method: str, k: int, seed: int) -> tuple[Array, float]:
    if method == "mixture":
        mix = mixture(some, k, seed)
        return mix.predict(some), float(mix.bic(some))
    found = kmeans(some, k, seed, starts=3)
    return found.labels_, spherical_bic(some, found.labels_, float(found.inertia_))


def _stability(
    some: Array, method: str, k: int, draws: Sequence[Array], seed: int
) -> tuple[float | None, float | None, float | None]:
    """Mean, 5th and 95th percentile of the adjusted Rand index of pairs of draws, over the users that both hold."""
    labels = []
    for n, drawn in enumerate(draws):
        found: KMeans | GaussianMixture
        with catch_warnings():
            simplefilter("ignore", ConvergenceWarning)  # a draw may hold fewer different users than clusters
            again = mixture if method == "mixture" else partial(kmeans, starts=1)
            found = again(some[drawn], k, seed + n)
        said = np.full(len(some), -1)
        said[drawn] = found.predict(some[drawn])
        labels.append(said)
    agree = []
    for a, b in combinations(labels, 2):
        both = (a >= 0) & (b >= 0)
        if both.sum() >= 2:
            agree.append(float(adjusted_rand_score(a[both], b[both])))
    if not agree:
        return None, None, None
    low, high = np.quantile(agree, [0.05, 0.95])
    return float(np.mean(agree)), float(low), float(high)
