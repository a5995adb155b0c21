"""The page Results in a real browser: the sample's past campaign brought in, read, its users, a faulty one, deleted."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.driver import SCHEMES, SIZES, WatchedPage, click, download, go, look, overflow, pick, settled, upload
from tests.browser.server import SAMPLE, App, running
from tests.prepared import copied

LIST = SAMPLE / "campaign.csv"


@pytest.fixture(scope="module")
def app(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with the sample of its own: lists are saved in it."""
    home = tmp_path_factory.mktemp("results") / "home"
    home.mkdir()
    copied(sample_workspace, home)
    with running(home) as it:
        yield it


def bring(page: WatchedPage, name: str, planned: str) -> None:
    """Fill in the form for a list from elsewhere, and send it."""
    upload(page, "List: who was contacted", LIST)
    for field, value in (("Name of the list", name), ("Planned to be held back (%)", planned)):
        box = page.get_by_label(field, exact=True)
        box.fill(value)
        box.press("Tab")
        settled(page)
    click(page, "Bring it in")


def metric(page: WatchedPage, name: str) -> str:
    card = page.get_by_test_id("stMetric").filter(has=page.get_by_text(name, exact=True))
    return card.get_by_test_id("stMetricValue").inner_text()


def members(arm: str) -> set[str]:
    """The users of a group, as the file says."""
    with LIST.open(encoding="utf-8", newline="") as file:
        return {row["user_id"] for row in csv.DictReader(file) if row["arm"] == arm}


def test_bring_a_past_campaign_in_and_read_it(app: App, page: WatchedPage, tmp_path: Path) -> None:
    """Rates and users against the sample's own account and the file itself."""
    go(page, f"{app.url}/results?ws=sample")
    expect(page.get_by_text("A saved list remembers who was sent a campaign")).to_be_visible()
    bring(page, "come-back-candles", "20")
    expect(page.get_by_role("heading", name=re.compile(r"^Of 1,200 contacted, 19\.5 % bought"))).to_be_visible()
    assert metric(page, "Contacted: response rate") == "19.5 %"
    assert metric(page, "Control group: response rate") == "12.7 %"
    assert metric(page, "Difference") == "+6.8 points"
    expect(page.locator(".js-plotly-plot .scatterlayer .point")).to_have_count(3)

    click(page, "See these users")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("1,200 users who were contacted (come-back-candles)")).to_be_visible()
    pick(page, dialog.get_by_role("combobox", name="Which users"), "Who responded")
    expect(dialog.get_by_text("234 users who were contacted and responded")).to_be_visible()
    with download(page, dialog.get_by_role("button", name="CSV of 234 users"), tmp_path).open(encoding="utf-8") as file:
        took = {row["user_id"] for row in csv.DictReader(file)}
    assert len(took) == 234
    assert took < members("contacted"), "leading zeros and all"
    page.keyboard.press("Escape")

    for size in SIZES:
        for scheme in SCHEMES:
            look(page, size=size, scheme=scheme)
            assert overflow(page) == 0
    assert page.console_errors == []
    assert page.outside_requests == []


def test_a_faulty_split_shows_no_result_and_can_be_deleted(app: App, page: WatchedPage) -> None:
    """Runs after the test above, beside its list."""
    go(page, f"{app.url}/results?ws=sample&list=come-back-candles")
    page.get_by_text("Bring a list from elsewhere").click()
    settled(page)
    bring(page, "half", "50")
    expect(page.get_by_role("combobox", name="Which list?")).to_have_value("half")
    assert "list=half" in page.url
    expect(page.get_by_text("No response rate and no difference is shown")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(0)
    assert not re.search(r"points|19\.5", page.get_by_test_id("stMain").inner_text())
    click(page, "Delete")
    click(page, "Delete it")
    expect(page.get_by_text("“half” has been deleted.")).to_be_visible()
    expect(page.get_by_role("combobox", name="Which list?")).to_have_value("come-back-candles")
    assert metric(page, "Difference") == "+6.8 points"
    assert page.console_errors == []
