"""The page Features in a real browser: choose the items, take the table and its definitions away, read them back."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from playwright.sync_api import expect

from tests.browser.driver import WatchedPage, click, download, go, overflow, settled
from tests.browser.server import App


def test_choose_items_and_take_the_table_away(sample_app: App, page: WatchedPage, tmp_path: Path) -> None:
    go(page, f"{sample_app.url}/features?ws=sample")
    page.get_by_role("radio", name="Items").click()
    settled(page)
    rows = page.get_by_test_id("stMetric").filter(has_text="Items").get_by_test_id("stMetricValue")
    expect(rows).to_be_visible(timeout=60_000)
    items = int(rows.inner_text().replace(",", ""))
    many = page.get_by_test_id("stMetric").filter(has_text="Features").get_by_test_id("stMetricValue").inner_text()
    assert "of=Items" in page.url
    page.get_by_role("tab", name="Take it away").click()
    settled(page)

    file = download(page, f"CSV of {items:,} items", tmp_path)
    read = pd.read_csv(file)
    assert len(read) == items == read["item_id"].nunique()
    told = json.loads(download(page, "What the columns mean", tmp_path).read_text("utf-8"))
    assert [column["name"] for column in told["columns"]] == list(read.columns[1:])
    assert all(column["definition"] for column in told["columns"])
    assert (told["rows"], len(told["columns"])) == (items, int(many))
    assert told["file"] == file.name

    page.get_by_role("tab", name="Which of them tell something").click()
    settled(page)
    click(page, "Find out")
    expect(page.get_by_role("heading", name="tells most")).to_be_visible(timeout=60_000)
    page.set_viewport_size({"width": 1000, "height": 800})
    settled(page)
    assert overflow(page) == 0
    assert page.console_errors == []
    assert page.outside_requests == []
