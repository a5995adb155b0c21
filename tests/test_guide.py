"""The newcomer's guide: what it links to and shows exists, and it speaks of the pages that there are."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from pages._ui.state import PAGES, page_path

REPO = Path(__file__).parents[1]
PATH = REPO / "docs" / "guide.md"
GUIDE = PATH.read_text(encoding="utf-8")
WIDTH = 1000
MOST_BYTES = 250_000


def sections() -> dict[str, str]:
    """Heading -> text below it."""
    parts = re.split(r"^## (.+)$", GUIDE, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def pictures() -> list[Path]:
    return [PATH.parent / link for link in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", GUIDE)]


def test_every_page_has_its_section_in_the_order_of_the_navigation() -> None:
    named = [heading.partition(":")[0] for heading in sections() if ":" in heading]
    assert named == [title for name, title in PAGES.items() if page_path(name).exists()]


def test_each_section_has_the_pages_question_what_to_click_and_the_words() -> None:
    for name, title in PAGES.items():
        if not page_path(name).exists():
            continue
        heading, text = next((h, t) for h, t in sections().items() if h.startswith(f"{title}:"))
        question = heading.partition(": ")[2]
        assert question.casefold() in page_path(name).read_text(encoding="utf-8").casefold(), f"{title} asks otherwise"
        assert "**Click first:**" in text
        assert "**What the words mean**" in text
        assert f"images/guide-{name}.png" in text


def test_what_it_links_to_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", GUIDE) if not link.startswith("http")]
    assert "cli.md" in links
    assert [link for link in links if not (PATH.parent / link).exists()] == []


@pytest.mark.parametrize("path", pictures(), ids=lambda path: path.name)
def test_pictures_are_small_and_of_one_width(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(24)
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", head[16:20])[0] == WIDTH
    assert path.stat().st_size < MOST_BYTES


def test_the_figures_it_names_are_those_of_the_sample() -> None:
    """Against the sample's own account of what was planted and rejected."""
    told = (REPO / "data" / "sample" / "README.md").read_text(encoding="utf-8")
    assert "rejected 210" in told
    assert "210 in the sample" in GUIDE
    arms = re.findall(r"^\| (contacted|control) \| (\d+) \| [\d.]+ \| ([\d.]+) \|$", told, re.MULTILINE)
    assert [arm for arm, _, _ in arms] == ["contacted", "control"]
    for _, users, rate in arms:
        assert re.search(rf"\b{int(users):,}\b", GUIDE)
        assert f"{float(rate):.1%}".replace("%", " %") in GUIDE
    difference = (float(arms[0][2]) - float(arms[1][2])) * 100
    assert f"+{difference:.1f} points" in GUIDE
