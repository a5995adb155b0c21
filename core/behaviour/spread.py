"""Work on arrays spread over the processor's cores: NumPy lets go of Python's lock while it computes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")
R = TypeVar("R")

_MOST = 8
_PART = 400_000


def spread(work: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """What `work` makes of each, in their order. It must change nothing that another's work reads."""
    cores = min(os.cpu_count() or 1, len(things), _MOST)
    if cores < 2:
        return [work(thing) for thing in things]
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(work, things))


def spread_sort(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The same numbers, rising."""
    parts = min(len(keys) // _PART, _MOST)
    if parts < 2:
        return np.sort(keys)
    sample = np.sort(keys[:: max(1, len(keys) // 10_000)])
    bounds = sample[np.arange(1, parts) * len(sample) // parts]

    def part_sorted(part: int) -> npt.NDArray[np.int64]:
        inside = np.ones(len(keys), np.bool_) if part == 0 else keys >= bounds[part - 1]
        if part < parts - 1:
            inside &= keys < bounds[part]
        return np.sort(keys[inside])

    return np.concatenate(spread(part_sorted, range(parts)))
