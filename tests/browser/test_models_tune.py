"""The view "Tune settings" in a real browser: a short study, a click on a point, and the link to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.driver import SIZES, WatchedPage, click, go, look, overflow, settled
from tests.browser.server import App, running
from tests.prepared import copied


@pytest.fixture(scope="module")
def app(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with the sample of its own: the study is stored in it."""
    home = tmp_path_factory.mktemp("tuning") / "home"
    home.mkdir()
    copied(sample_workspace, home)
    with running(home) as it:
        yield it


def test_tune_then_click_on_a_trial(app: App, page: WatchedPage) -> None:
    go(page, f"{app.url}/models?ws=sample&look_at=Tune settings")
    trials = page.get_by_label("Trials", exact=True)
    trials.fill("3")
    trials.press("Tab")
    settled(page)
    click(page, "Tune the settings")
    page.wait_for_url(re.compile("study=[0-9a-f]{12}"), timeout=120_000)
    settled(page)
    points = page.locator(".js-plotly-plot:visible .scatterlayer .points path")
    assert points.count() == 3
    chosen = page.get_by_label("Trial", exact=True)
    other = (int(chosen.input_value()) + 1) % 3
    points.nth(other).scroll_into_view_if_needed()
    settled(page)
    box = points.nth(other).bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    settled(page)
    expect(chosen).to_have_value(str(other))
    for size in SIZES:
        for scheme in ("light", "dark"):
            look(page, size=size, scheme=scheme)
            assert overflow(page) == 0
    go(page, page.url)
    expect(page.get_by_label("Trial", exact=True)).to_have_value(str(other))
    assert page.console_errors == []
    assert page.outside_requests == []
