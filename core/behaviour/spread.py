"""Work on arrays spread over the processor's cores: NumPy lets go of Python's lock while it computes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_MOST = 8


def spread(work: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """What `work` makes of each, in their order. It must change nothing that another's work reads."""
    cores = min(os.cpu_count() or 1, len(things), _MOST)
    if cores < 2:
        return [work(thing) for thing in things]
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(work, things))
