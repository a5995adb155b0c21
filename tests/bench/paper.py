"""docs/benchmarks.md by sections: each benchmark replaces its own and leaves the others."""

from __future__ import annotations

import re
from pathlib import Path

PAPER = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def put(title: str, text: str, paper: Path = PAPER) -> None:
    """Write `text` under the heading `## title`: in the place of that section, or at the end.

    A heading ends with its line: "Models" is not "Models, large".
    """
    section = f"## {title}\n\n{text.strip()}\n"
    old = paper.read_text(encoding="utf-8") if paper.exists() else "# Benchmarks\n"
    parts = re.split(r"(?m)^(?=## )", old)
    kept = [section if part.startswith(f"## {title}\n") else part for part in parts]
    if kept == parts and section not in parts:
        kept.append(section)
    paper.write_text("\n\n".join(part.strip() for part in kept) + "\n", encoding="utf-8")
