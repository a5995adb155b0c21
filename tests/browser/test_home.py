"""Home in a real browser: colours of the theme, users behind a bar, links that open the same view, keyboard."""

from __future__ import annotations

import csv
import re
import tomllib
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.driver import (
    SCHEMES,
    SIZES,
    Scheme,
    WatchedPage,
    click,
    download,
    go,
    look,
    overflow,
    settled,
    watched_page,
)
from tests.browser.server import ROOT, App

THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
pytestmark = pytest.mark.usefixtures("same_visitor")
VIEWS, PURCHASES = 2, 9  # places among the sample's event types, in the order of the vocabulary


def bars(page: Page, key: str) -> Locator:
    """The bars of each trace of a figure, in the order drawn."""
    found = page.locator(f"[class*=st-key-{key}_] .barlayer .trace.bars")
    found.first.wait_for()
    return found


def press(page: Page, shape: Locator) -> None:
    """Click the middle of something drawn in a figure, which Plotly hears through a layer above it."""
    shape.evaluate("e => e.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(300)
    box = shape.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)
    page.mouse.click(x, y)


def members(page: Page) -> int:
    """How many users the open window speaks of."""
    line = page.get_by_role("dialog").get_by_text(re.compile(r"^[\d,]+ users? w")).first
    line.wait_for()
    return int(re.sub(r"\D", "", line.inner_text().split(" user")[0]))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_figures_have_the_colours_of_the_theme(sample_app: App, browser: Browser, scheme: Scheme) -> None:
    with watched_page(browser, scheme) as page:
        go(page, sample_app.url)
        colours = THEME[scheme]["chartCategoricalColors"]
        for place, colour in ((VIEWS, colours[0]), (PURCHASES, colours[2])):
            drawn = f"fill: rgb({', '.join(map(str, bytes.fromhex(colour[1:])))})"
            bar = bars(page, "fig_events").nth(place).locator("path").nth(20)
            expect(bar).to_have_attribute("style", re.compile(re.escape(drawn)))
        for size in SIZES:
            look(page, size=size, scheme=scheme)
            assert overflow(page) == 0
        assert page.console_errors == []
        assert page.outside_requests == []


def test_a_bar_opens_its_users_and_their_file(sample_app: App, page: WatchedPage, tmp_path: Path) -> None:
    go(page, sample_app.url)
    press(page, bars(page, "fig_events").nth(PURCHASES).locator(".point").nth(20))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("with purchases, 16 Feb 2026 to 22 Feb 2026")
    number = members(page)
    path = download(page, dialog.get_by_role("button", name=f"CSV of {number:,} users"), tmp_path)
    assert path.name == "users-with-purchases-16-feb-2026-to-22-feb-2026.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len({row["user_id"] for row in rows}) == len(rows) == number
    assert all(int(row["orders"]) >= 1 for row in rows)
    assert {"email", "consent_email"} <= set(rows[0])
    # the same bar can be opened again
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    press(page, bars(page, "fig_events").nth(PURCHASES).locator(".point").nth(20))
    expect(dialog).to_contain_text("with purchases")
    assert page.console_errors == []


def test_users_without_a_mouse_and_as_a_segment(sample_app: App, page: WatchedPage) -> None:
    go(page, f"{sample_app.url}/?period=Last+90+days")
    button = page.locator(".st-key-see_all_orders button").first
    button.focus()
    page.keyboard.press("Enter")
    settled(page)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("with at least one order, in the last 90 days")
    number = members(page)
    dialog.get_by_role("button", name="Make it a segment").press("Enter")
    expect(page.get_by_role("heading", name="Who are our users?")).to_be_visible()
    settled(page)
    expect(page.get_by_test_id("stMetricValue").first).to_have_text(f"{number:,}")


def test_choosing_in_the_window(sample_app: App, page: WatchedPage) -> None:
    go(page, sample_app.url)
    page.locator(".st-key-see_events button").first.click()
    settled(page)
    everyone = members(page)
    page.get_by_role("dialog").locator(
        ".st-key-see_events_0 [data-baseweb=select], .st-key-see_events_0 input"
    ).first.click()
    page.get_by_role("option", name="Returns").click()
    expect(page.get_by_role("dialog")).to_contain_text("with returns, in all the data")
    assert 0 < members(page) < everyone


def test_a_link_opens_the_same_view(sample_app: App, browser: Browser, page: WatchedPage) -> None:
    go(page, sample_app.url)
    page.get_by_text("Last 30 days", exact=True).click()
    settled(page)
    page.get_by_role("tab", name="Top items").click()
    settled(page)
    page.get_by_text("Buyers", exact=True).click()
    settled(page)
    shown = page.get_by_test_id("stMetricValue").all_inner_texts()
    with watched_page(browser) as other:
        go(other, page.url)
        assert other.get_by_test_id("stMetricValue").all_inner_texts() == shown
        expect(other.get_by_text("Top items by buyers")).to_be_visible()
        expect(other.get_by_test_id("stMetricDelta").first).to_be_visible()


def test_the_next_step(sample_app: App, page: WatchedPage) -> None:
    go(page, sample_app.url)
    click(page, "Load more data")
    expect(page.get_by_role("heading", name="What data do we have?")).to_be_visible()
