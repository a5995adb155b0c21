"""docs/models.md says of every model what the registry says: names, papers, and each parameter with its default."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.recommend import MODELS, RATING_MODELS, ModelInfo, Param

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
RANKING, RATINGS = PAGE.split("\n## Ratings: ")


def section(of: ModelInfo, chapter: str) -> str:
    """The text under the model's heading."""
    _, found, rest = chapter.partition(f"\n### {of.plain} (`{of.name}`)\n")
    assert found, f"docs/models.md has no heading '### {of.plain} (`{of.name}`)' in its chapter"
    return rest.split("\n### ")[0].split("\n## ")[0]


def row(param: Param) -> str:
    """A parameter's line of the table, as the page must have it."""
    kept = " / ".join(param.choices) if param.kind == "choice" else "text"
    if param.kind == "bool":
        kept = "yes / no"
    elif param.low is not None and param.high is not None:
        kept = f"{param.low:,g} to {param.high:,g}"
    given = {True: "yes", False: "no"}[param.default] if isinstance(param.default, bool) else param.default
    told = f"{given:,g}" if isinstance(given, int | float) else given or "(empty)"
    return f"| `{param.name}` | {param.plain} | {told} | {kept} |"


@pytest.mark.parametrize("chapter, line", [(RANKING, m) for m in MODELS] + [(RATINGS, m) for m in RATING_MODELS])
def test_every_model_and_parameter_is_told(chapter: str, line: ModelInfo) -> None:
    said = section(line, chapter)
    missing = [row(p) for p in line.params if row(p) not in said]
    assert not missing, f"docs/models.md, {line.name}: paste\n" + "\n".join(missing)
    assert " ".join(line.source.split()) in " ".join(said.split())
    for word in ("Formula:", "Folds:") if chapter is RANKING else ("Formula:",):
        assert word in said, (line.name, word)


def test_reasons_are_told_with_how_sure_they_are() -> None:
    for line in MODELS:
        said = section(line, RANKING)
        assert "By items:" in said, line.name
        assert "By users:" in said, line.name
