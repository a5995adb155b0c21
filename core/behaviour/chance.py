"""What chance alone may do to a share, and to many comparisons at once. Vectorised; no statistics library needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

Z95 = 1.959963984540054
"""The normal deviate of a two-sided 95 % interval."""


def share_interval(part: npt.ArrayLike, whole: npt.ArrayLike, z: float = Z95) -> tuple[Floats, Floats]:
    """The Wilson interval (Wilson 1927) of `part` of `whole`, element by element; NaN where `whole` is 0.

    It never leaves 0 to 1, and says something sensible for 0 of n and n of n too.

    >>> low, high = share_interval([10, 0], [100, 5])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.055, 0.0], [0.174, 0.434])
    """
    k, n = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = k / n
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
    unknown = n <= 0
    return (
        np.where(unknown, np.nan, np.where(k <= 0, 0.0, low)),
        np.where(unknown, np.nan, np.where(k >= n, 1.0, high)),
    )


def holm(p: Sequence[float]) -> list[float]:
    """Holm's (1979) corrected p-values, in the order given: of k true nulls at most 5 % of the time any is below 0.05.

    >>> [round(v, 3) for v in holm([0.01, 0.04, 0.03, 0.005])]
    [0.03, 0.06, 0.06, 0.02]
    """
    corrected, worst = [0.0] * len(p), 0.0
    for rank, place in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        worst = max(worst, min(1.0, (len(p) - rank) * p[place]))
        corrected[place] = worst
    return corrected
