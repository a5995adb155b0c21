"""A benchmark's measuring part in a process of its own, so that neither memory nor caches are another's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def measured_apart(module: str, home: Path, *given: str | Path) -> dict[str, Any]:
    """What `python -m tests.bench.<module> given...` prints last, as JSON. `home` is where it keeps workspaces."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"tests.bench.{module}", *map(str, given)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"LIMELIGHT_HOME": str(home)},
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
