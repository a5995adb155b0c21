"""docs/features.md lists every feature as the code defines it; run as a program, this writes it anew."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "features.md"
sys.path.insert(0, str(PAGE.parents[1]))

from core.features import FAMILIES, FeatureSpec, features  # noqa: E402
from tests.features.small_shop import AS_OF, opened, shop  # noqa: E402


def listing(folder: Path) -> str:
    """The lists of definitions for a small shop, which has columns of every kind."""
    lines: list[str] = []
    with opened(folder / "doc.duckdb", shop(13, rows=600, users=8)) as store:
        for table in ("users", "items"):
            found = features(store, FeatureSpec(table, AS_OF, (30,), top=2))
            for family, about in FAMILIES[table].items():
                lines += ["", f"### {table}: {family}", "", f"{about[0].upper()}{about[1:]}.", ""]
                lines += ["| feature | unit | definition | no value where |", "|---|---|---|---|"]
                lines += [
                    f"| `{c.name}` | {c.unit} | {c.definition} | {c.missing_meaning} |"
                    for c in found.columns
                    if c.family == family
                ]
    return "\n".join(lines) + "\n"


def test_the_page_lists_what_the_code_makes(tmp_path: Path) -> None:
    page = PAGE.read_text("utf-8")
    assert page.partition("<!-- list -->\n")[2] == listing(tmp_path)
    assert re.search(r"^# Features", page)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        head, mark, _ = PAGE.read_text("utf-8").partition("<!-- list -->\n")
        PAGE.write_text(head + mark + listing(Path(made)), encoding="utf-8")
