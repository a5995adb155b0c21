"""What the machine gives: cores to compute on, memory a process has used."""

from __future__ import annotations

import os
from pathlib import Path

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Cores this process may use, at least 1: its affinity, and a container's CPU quota where there is one.

    Numeric libraries see all cores of the host and slow each other down when a container may use two of them.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        most, period = quota.read_text().split()
        count = min(count, int(most) // int(period))
    except (OSError, ValueError):
        pass  # not Linux, no quota ("max"), or an older kernel
    return max(1, count)


def thread_variables(threads: int) -> dict[str, str]:
    """Environment of a program whose numeric libraries shall start with `threads` threads."""
    return dict.fromkeys(_THREAD_VARIABLES, str(threads))


def peak_memory(pid: int) -> int | None:
    """The most memory (bytes) that process `pid` has held so far; None where the system does not tell, or it ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)
