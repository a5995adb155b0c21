"""A benchmark replaces its own section of docs/benchmarks.md and no other."""

from __future__ import annotations

from pathlib import Path

from tests.bench.paper import put


def test_sections_are_replaced_one_by_one(tmp_path: Path) -> None:
    paper = tmp_path / "benchmarks.md"
    paper.write_text("# Benchmarks\n\nAbout all.\n\n## Loading\n\n### Files\nold\n\n## Loading, large\n\nstays\n")
    put("Models", "first\n\n", paper)
    put("Loading", "new", paper)
    put("Models", "second", paper)
    assert paper.read_text() == (
        "# Benchmarks\n\nAbout all.\n\n## Loading\n\nnew\n\n## Loading, large\n\nstays\n\n## Models\n\nsecond\n"
    )
    put("Models", "second", paper)
    assert paper.read_text().count("## Models") == 1


def test_a_paper_that_is_not_there_is_begun(tmp_path: Path) -> None:
    put("Models", "first", tmp_path / "new.md")
    assert (tmp_path / "new.md").read_text() == "# Benchmarks\n\n## Models\n\nfirst\n"
