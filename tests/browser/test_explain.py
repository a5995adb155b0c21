"""The page Explain in a real browser: fit, pick a user, the parts of the first recommendation, its file, a link."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.driver import WatchedPage, click, download, go, overflow, settled, watched_page
from tests.browser.server import App, running
from tests.prepared import copied

pytestmark = pytest.mark.usefixtures("same_visitor")

FIND = "Find a user"


@pytest.fixture(scope="module")
def app(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with the sample in a home of its own: a model is fitted in it."""
    home = tmp_path_factory.mktemp("explain") / "home"
    home.mkdir()
    copied(sample_workspace, home)
    with running(home) as it:
        yield it


def bars(page: WatchedPage, title: str) -> list[float]:
    """The shares in percent beside the bars of the figure of that title (the rest's bar may be cut short)."""
    figures: list[dict[str, Any]] = page.evaluate(
        "() => [...document.querySelectorAll('.js-plotly-plot')].map(e => ({title: e.layout.title.text,"
        " said: Array.from(e.data[0].text), n: e.querySelectorAll('.bars path').length}))"
    )
    found = next(figure for figure in figures if title in figure["title"])
    assert found["n"] == len(found["said"]), "every bar is drawn"
    return [float(said.split(" %")[0]) for said in found["said"]]


def test_fit_pick_a_user_and_see_why(app: App, page: WatchedPage, browser: Browser, tmp_path: Path) -> None:
    go(page, f"{app.url}/explain?ws=sample")
    expect(page.get_by_text("There is none yet")).to_be_visible()
    page.get_by_label(FIND).fill("0491")
    page.get_by_role("radio", name="049127").click()
    settled(page)
    expect(page.get_by_role("heading", name="User 049127")).to_be_visible()
    click(page, "Fit it on all the data")
    expect(page.get_by_text("Ranked, the best first")).to_be_visible(timeout=60_000)  # by itself
    settled(page)

    assert page.get_by_role("radiogroup", name=re.compile("^Ranked")).get_by_role("radio").count() == 10
    expect(page.get_by_text("Exact:").first).to_be_visible()
    for title in ("Past items", "Users who took it"):
        assert sum(bars(page, title)) == pytest.approx(100, abs=0.5), "the parts are all of the score, but for rounding"

    file = download(page, "CSV of past items", tmp_path)
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert rows[-1]["part"] == "score"
    assert sum(float(row["value"]) for row in rows[:-1]) == pytest.approx(float(rows[-1]["value"]), rel=1e-6)
    listed = download(page, "CSV of 10 recommendations", tmp_path).read_text("utf-8").splitlines()
    assert listed[1].startswith("049127,1,")
    assert len(listed) == 11

    second = page.get_by_role("radiogroup", name=re.compile("^Ranked")).get_by_role("radio").nth(1)
    second.focus()
    page.keyboard.press("Space")
    settled(page)
    heading = page.get_by_role("heading", name=re.compile("^Why “")).inner_text()
    assert "user=049127" in page.url
    assert "explain_model=" in page.url
    assert page.console_errors == []
    assert page.outside_requests == []

    with watched_page(browser) as other:
        go(other, page.url)
        expect(other.get_by_role("heading", name="User 049127")).to_be_visible()
        expect(other.get_by_role("heading", name=heading)).to_be_visible()
        assert other.console_errors == []


def test_nothing_has_to_be_scrolled_sideways_at_1000_pixels(app: App, page: WatchedPage) -> None:
    page.set_viewport_size({"width": 1000, "height": 800})
    for view in ("What next, and why", "Tastes", "Similar users", "History"):
        go(page, f"{app.url}/explain?ws=sample&user=049127&explain_show={view}")
        assert overflow(page) == 0
        assert page.get_by_test_id("stException").count() == 0
    go(page, f"{app.url}/explain?ws=sample&about=An item")
    page.get_by_role("radio", name=re.compile("events$")).first.click()
    settled(page)
    assert overflow(page) == 0
    expect(page.get_by_text("What goes with it")).to_be_visible()
