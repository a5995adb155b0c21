"""The page Quality in a real browser: the sample's bots found, left out, their rows handed over, and taken back."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.driver import WatchedPage, click, download, go, overflow, settled
from tests.browser.server import App

BOTS = re.compile("users look like bots")


def metric(page: WatchedPage, name: str) -> str:
    return page.get_by_test_id("stMetric").filter(has_text=name).get_by_test_id("stMetricValue").inner_text()


def test_bots_are_found_left_out_and_taken_back(app: App, page: WatchedPage, tmp_path: Path) -> None:
    go(page, f"{app.url}/data")
    click(page, "Load the sample data")
    page.get_by_text("every one accounted for").wait_for(timeout=120_000)
    settled(page)
    click(page, "See what is wrong with the data")
    expect(page.get_by_role("heading", name="Can we trust the data?")).to_be_visible()
    page.get_by_text("Report of").wait_for(timeout=120_000)
    settled(page)
    loaded = {name: metric(page, name) for name in ("Events", "Users", "Net revenue")}
    assert overflow(page) == 0

    title = page.get_by_role("button", name=BOTS).inner_text()
    bots, of, events = (int(n.replace(",", "")) for n in re.findall(r"[\d,]*\d", title)[:3])
    click(page, BOTS)
    expect(page).to_have_url(re.compile("finding=bot"))
    with download(page, f"CSV of {bots} users", tmp_path).open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len({row["user_id"] for row in rows}) == len(rows) == bots
    click(page, "Show what it would change")
    expect(page.get_by_text(f"It touches {events:,} events, {bots} users.")).to_be_visible()
    click(page, "Accept this repair")
    expect(page.get_by_text(f"Accepted. It touches {events:,} events")).to_be_visible()
    page.get_by_text("Report of").wait_for(timeout=120_000)
    settled(page)
    assert metric(page, "Users") == f"{of - bots:,}"
    assert metric(page, "Events") == f"{int(loaded['Events'].replace(',', '')) - events:,}"
    expect(page.get_by_text(re.compile(rf"^-{bots} \(")).first).to_be_visible()  # while the page is drawn anew, twice
    click(page, "All findings") if page.get_by_role("button", name="All findings").count() else None
    expect(page.get_by_role("button", name=re.compile(f"{bots} of .* {BOTS.pattern}"))).to_have_count(0)

    page.get_by_role("radio", name="Repairs").click()
    settled(page)
    expect(page.get_by_text("1. Leave out users that look like bots")).to_be_visible()
    click(page, "Take back")
    expect(page.get_by_text("Repair 1 has been taken back.")).to_be_visible(timeout=60_000)
    page.get_by_text("Report of").wait_for(timeout=120_000)
    settled(page)
    assert {name: metric(page, name) for name in loaded} == loaded
    assert page.outside_requests == []
    assert page.console_errors == []
