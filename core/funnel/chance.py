"""Two shares held against each other: difference, odds ratio, and what chance alone may do."""

from __future__ import annotations

import math

import numpy as np

from core.behaviour import Z95, share_interval

FEW = 5.0
"""An expected count below this: Fisher's exact test in place of chi-square (Cochran's rule)."""


def difference_interval(k1: int, n1: int, k2: int, n2: int) -> tuple[float, float]:
    """The 95 % interval of k1/n1 - k2/n2 from the two Wilson intervals (Newcombe 1998, method 10).

    >>> [round(v, 3) for v in difference_interval(56, 70, 48, 80)]
    [0.052, 0.334]
    """
    low, high = share_interval([k1, k2], [n1, n2])
    p1, p2 = k1 / n1, k2 / n2
    below = math.hypot(p1 - float(low[0]), float(high[1]) - p2)
    above = math.hypot(float(high[0]) - p1, p2 - float(low[1]))
    return p1 - p2 - below, p1 - p2 + above


def odds_ratio(a: int, b: int, c: int, d: int) -> tuple[float, float, float]:
    """The odds ratio of [[a, b], [c, d]] with its 95 % interval (Woolf's), a half added to each (Haldane, Anscombe).

    >>> [round(v, 2) for v in odds_ratio(20, 10, 10, 20)]
    [3.81, 1.33, 10.91]
    """
    cells = [each + 0.5 for each in (a, b, c, d)]
    middle = math.log(cells[0] * cells[3] / (cells[1] * cells[2]))
    half = Z95 * math.sqrt(sum(1 / each for each in cells))
    return math.exp(middle), math.exp(middle - half), math.exp(middle + half)


def independent(a: int, b: int, c: int, d: int) -> float:
    """The two-sided p of "rows and columns of [[a, b], [c, d]] have nothing to do with each other".

    Pearson's chi-square, which is the pooled two-proportion test squared; Fisher's exact test where an expected count
    is below FEW. NaN where a row or a column is empty.

    >>> round(independent(30, 20, 20, 30), 4), round(independent(3, 0, 0, 3), 4)
    (0.0455, 0.1)
    """
    n, rows, columns = a + b + c + d, (a + b, c + d), (a + c, b + d)
    if min(*rows, *columns) == 0:
        return float("nan")
    if min(row * column for row in rows for column in columns) / n < FEW:
        from scipy.stats import fisher_exact  # takes a second to import, and is seldom needed

        return float(fisher_exact(np.array([[a, b], [c, d]]))[1])
    square = n * (a * d - b * c) ** 2 / (rows[0] * rows[1] * columns[0] * columns[1])
    return math.erfc(math.sqrt(square / 2))
