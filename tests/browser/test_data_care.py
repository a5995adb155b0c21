"""Data and Settings in a real browser: what only dialogs and downloads do, from a load to a restored workspace."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import click, download, go, overflow, settled
from tests.browser.server import App
from tests.browser.test_data import choose, file, fresh

pytestmark = pytest.mark.usefixtures("same_visitor")

HEAD = "order_id,customer_email,product_id,order_date,quantity\n"
DAY1 = HEAD + "".join(
    f"o{k},user{k % 5}@shop.example,p{k % 3},2026-03-01 {k % 24:02d}:00,{k % 3 + 1}\n" for k in range(30)
)
DAY2 = HEAD + "".join(f"o{k},user{k % 5}@shop.example,p{k % 3},2026-03-02 {k % 24:02d}:00,1\n" for k in range(25, 40))
"""Five orders of the first day are in it again, with another time."""


def filled(page: Page, app: App, name: str, tmp_path: Path) -> None:
    """A new workspace with the first day loaded."""
    fresh(page, app, name)
    choose(page, file(tmp_path, "day1.csv", DAY1))
    click(page, "Load 30 rows")
    expect(page.get_by_role("heading", name="Loaded: 30 rows read")).to_be_visible()
    click(page, "Load more files")


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()
    settled(page)


def answer(page: Page, name: str) -> None:
    """Press a button of the dialog that is open."""
    page.get_by_role("dialog").get_by_role("button", name=name).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    settled(page)


def test_an_overlapping_day_then_one_in_its_place_then_taken_back(page: Page, app: App, tmp_path: Path) -> None:
    filled(page, app, "joined", tmp_path)
    choose(page, file(tmp_path, "day2.csv", DAY2))
    page.get_by_text("Leave out rows whose number is loaded already").click()
    settled(page)
    expect(page.get_by_test_id("stMultiSelect").filter(has_text="A row is known by")).to_contain_text("order_id")
    click(page, "Load 15 rows")
    left_out = "15 rows read = 10 loaded + 0 rejected + 5 left out, since earlier loads have them"
    expect(page.get_by_text(left_out).first).to_be_visible()
    click(page, "Load more files")
    choose(page, file(tmp_path, "all.csv", DAY1 + "o99,user9@shop.example,p1,2026-03-03 10:00,1\n"))
    page.get_by_text("Put it in their place").click()
    settled(page)
    expect(page.get_by_text("Rows that earlier loads have already")).to_have_count(0)
    click(page, "Load 31 rows")
    click(page, "Load more files")
    expect(page.get_by_text("Loads whose place a later one took (2)")).to_be_visible()
    assert overflow(page) == 0
    click(page, "Take back ...")
    expect(page.get_by_role("dialog")).to_contain_text("The loads whose place it took count again.")
    answer(page, "Take it back")
    expect(page.get_by_text("Load 3 has been taken back.")).to_be_visible()
    expect(page.get_by_text(left_out).first).to_be_visible()
    tab(page, "Take it away")
    expect(page.get_by_text("all that files say of it: 40 rows.")).to_be_visible()


def test_a_user_is_erased_and_the_receipt_handed_over(page: Page, app: App, tmp_path: Path) -> None:
    filled(page, app, "erased", tmp_path)
    tab(page, "Erase and drop")
    box = page.get_by_role("textbox", name="The user's id")
    for user, button in (("user7@shop.example", "Keep the user"), ("user3@shop.example", "Erase the user")):
        box.fill(user)
        box.press("Tab")
        settled(page)
        click(page, "Erase ...")
        expect(page.get_by_role("dialog")).to_contain_text(f"{user} goes from all loads")
        answer(page, button)
    expect(page.get_by_text("The user is erased. Keep this receipt")).to_be_visible()
    expect(box).to_have_value("")
    receipt = json.loads(download(page, "Download the receipt", tmp_path).read_text())
    assert receipt["rows"]["events"] == 6
    assert "user3" not in json.dumps(receipt)
    click(page, "Write the file anew")
    expect(page.get_by_text("has been written anew")).to_be_visible()
    assert b"user3@shop.example" not in (app.home / "erased.duckdb").read_bytes()
    page.get_by_role("spinbutton", name=re.compile("Keep events for")).fill("1")
    page.keyboard.press("Tab")
    settled(page)
    click(page, "Set the rule ...")
    answer(page, "Set the rule")
    expect(page.get_by_test_id("stMain").get_by_text("the rule would drop every one")).to_be_visible()
    expect(page.get_by_text("No rule is set")).to_be_visible()


def test_what_is_taken_away_is_whole_and_a_backup_comes_back(page: Page, app: App, tmp_path: Path) -> None:
    name = "away"
    filled(page, app, name, tmp_path)
    tab(page, "Take it away")
    quantity = sum(k % 3 + 1 for k in range(30))
    events = pd.read_csv(download(page, "Download events", tmp_path))
    assert (len(events), events["quantity"].sum()) == (30, quantity)
    page.get_by_role("radio", name="Parquet").click()
    settled(page)
    events = pd.read_parquet(download(page, "Download events", tmp_path))
    assert (len(events), events["quantity"].sum()) == (30, quantity)
    with zipfile.ZipFile(download(page, "Download all tables", tmp_path)) as archive:
        assert len(pd.read_parquet(archive.open("users.parquet"))) == 5
    kept = download(page, "Download a backup", tmp_path)
    go(page, f"{app.url}/settings?ws={name}")
    with page.expect_file_chooser() as waiting:
        page.get_by_role("button", name="Choose files").click()
    waiting.value.set_files([str(kept)])
    box = page.get_by_role("textbox", name="Name of the workspace")
    expect(box).to_have_value(kept.stem)
    box.fill(name)
    box.press("Tab")
    settled(page)
    expect(page.get_by_role("button", name="Bring it back")).to_be_disabled()
    page.get_by_text(f"Put it in the place of the workspace {name}").click()
    settled(page)
    page.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_text(f"The workspace {name} is back: 30 events, 5 users, 3 items.")).to_be_visible()
    assert len(list((app.home / "before-restore").glob(f"{name}.*.duckdb"))) == 1
    settled(page)
    assert overflow(page) == 0
    click(page, "Open it")
    expect(page.get_by_role("heading", name="What do our data hold?")).to_be_visible()
    expect(page.get_by_role("combobox", name="Workspace")).to_have_value(name)
