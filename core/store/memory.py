"""How much memory a workspace may take, and where it spills what does not fit."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from core.errors import Refusal

MOST = 3_000_000_000
"""Bytes that a workspace takes at most, unless LIMELIGHT_MEMORY says otherwise: enough to load 10 million rows without
spilling, and with the program itself under 4 GB whatever the size of the file."""

_SHARE = 0.6
_LEAST = 200_000_000  # below, DuckDB cannot even write the row groups of one table
_UNITS = {"": 1_000_000, "mb": 1_000_000, "gb": 1_000_000_000, "mib": 1 << 20, "gib": 1 << 30}
_CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory_limit() -> int:
    """Bytes that DuckDB may hold: LIMELIGHT_MEMORY ("6GB", "800 MB"; a bare number is megabytes), else the smaller of
    3 GB and 60 % of what the machine, or the container, has.

    Raises Refusal `bad_memory` for a setting that cannot be read or is below 200 MB.
    """
    said = os.environ.get("LIMELIGHT_MEMORY", "").strip()
    if not said:
        return max(min(MOST, int(_SHARE * (machine_memory() or MOST / _SHARE))), _LEAST)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", said.lower())
    unit = _UNITS.get(match[2]) if match else None
    size = int(float(match[1]) * unit) if match and unit else 0
    if size < _LEAST:
        raise Refusal(
            "bad_memory",
            f"LIMELIGHT_MEMORY is {said!r}: not an amount of memory of 200 MB or more.",
            "Set it to an amount such as 6GB or 800MB, or unset it.",
        )
    return size


def machine_memory(cgroups: tuple[Path, ...] = _CGROUPS) -> int | None:
    """Bytes of memory of the machine, or of the container where that has less; None where the system does not tell."""
    known = []
    with suppress(AttributeError, OSError, ValueError):  # Windows
        known.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for file in cgroups:
        try:
            known.append(int(file.read_text()))
        except (OSError, ValueError):
            continue  # not Linux, no container, or no limit ("max")
    return min((size for size in known if size > 0), default=None)
