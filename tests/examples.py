"""How many examples the tests of laws try: a tenth in `make test`, all of them in `make prove`."""

from __future__ import annotations

import os

EVERY = os.environ.get("LIMELIGHT_EXAMPLES") == "all"
"""Set by `make prove`, which runs every test of laws (the marker `laws`) once more with all its examples."""


def examples(full: int) -> int:
    """Of `full` examples those that a quick run tries: a tenth, but five at least (all where there are fewer)."""
    return full if EVERY else min(full, max(5, full // 10))
