"""Memory that the machine has at hand before a first question is timed.

A virtual machine may have given its unused memory back to its host, which takes seconds to hand over a gigabyte again
(2.2 s measured on 2026-11-23, against 0.2 s for memory lately in use); a first question would then be timed for that.
"""

from __future__ import annotations

import os
import subprocess
import sys

_TOUCH = "import numpy as np; held = np.zeros({size} // 8); held[::512] = 1"


def ready_memory(gigabytes: float = 2.5) -> None:
    """Use that much memory for a moment, in a process of its own. Does nothing where less than twice that is free."""
    size = int(gigabytes * 1e9)
    if os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") < 2 * size:
        return
    subprocess.run([sys.executable, "-c", _TOUCH.format(size=size)], check=False, stderr=subprocess.DEVNULL)
