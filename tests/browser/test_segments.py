"""The page Segments in a real browser: a rule by clicks agrees with the command line, and so does its file."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.driver import WatchedPage, click, download, go, overflow, pick, settled
from tests.browser.server import ROOT, App, running
from tests.prepared import copied

pytestmark = pytest.mark.usefixtures("same_visitor")

TWICE = {"did": "purchase", "compare": {"at_least": 2}}


def core(home: Path, *words: str, stdin: str | None = None) -> dict[str, Any]:
    """What `python -m core segments` answers. The app must not hold the workspace."""
    command = [sys.executable, "-m", "core", "segments", "--json", *words]
    env = {**os.environ, "LIMELIGHT_HOME": str(home)}
    done = subprocess.run(
        command, cwd=ROOT, env=env, input=stdin, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def home(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample loaded; the command line asks it before and after the app does."""
    folder = tmp_path_factory.mktemp("segments") / "home"
    folder.mkdir()
    copied(sample_workspace, folder)
    return folder


@pytest.fixture(scope="module")
def expected(home: Path) -> dict[str, Any]:
    """The command line's answers, asked while no app holds the file."""
    at = ("--workspace", "sample")
    twice = core(home, *at, "--rule", "-", "--out", str(home / "twice.csv"), stdin=json.dumps(TWICE))
    lapsed = {"all": [TWICE, {"not": {"did": "purchase", "window": {"days": 30}}}]}
    return {
        "twice": twice["users"],
        "lapsed": core(home, *at, "--rule", "-", stdin=json.dumps(lapsed))["users"],
        "rfm": {s["name"]: s["users"] for s in core(home, *at, "--rfm")["segments"]},
        "cells": {c["cell"]: c["users"] for c in core(home, *at, "--rfm")["cells"]},
    }


@pytest.fixture(scope="module")
def app(home: Path, expected: dict[str, Any]) -> Any:
    """The app on that home, once the command line is done with it."""
    with running(home) as it:
        yield it


def add(page: WatchedPage, kind: str) -> None:
    """Add a condition of one kind to the last group."""
    page.get_by_role("button", name="Add a condition").last.click()
    page.get_by_text(kind, exact=True).last.click()
    settled(page)


def choose(page: WatchedPage, field: str, option: str, place: int = -1) -> None:
    """Choose from a list by its label."""
    boxes = page.get_by_label(field, exact=True)
    pick(page, boxes.nth(place if place >= 0 else boxes.count() + place), option)


def users(page: WatchedPage) -> int:
    metric = page.get_by_test_id("stMetric").filter(has_text="Users").get_by_test_id("stMetricValue")
    return int(metric.inner_text().replace(",", ""))


def csv_button(page: WatchedPage) -> Locator:
    return page.get_by_role("button", name=re.compile("^CSV of"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_two_orders_ever_by_clicks(app: App, page: WatchedPage, expected: dict[str, Any], tmp_path: Path) -> None:
    go(page, f"{app.url}/segments?ws=sample&who=Rules")
    add(page, "What they did")
    number = page.get_by_label("Number", exact=True)
    number.fill("2")
    number.press("Enter")
    settled(page)
    expect(page.get_by_text("At least 2 orders, ever.")).to_be_visible()
    assert users(page) == expected["twice"]

    file = download(page, csv_button(page), tmp_path)
    assert rows(file) == rows(app.home / "twice.csv"), "the same file as the command line's"
    assert len(rows(file)) == expected["twice"]

    add(page, "What they did")
    choose(page, "Holds or not", "did not")
    choose(page, "When", "in the last")
    expect(page.get_by_text("At least 2 orders, ever, and no purchase in the last 30 days.")).to_be_visible()
    assert users(page) == expected["lapsed"]

    go(page, page.url)
    expect(page.get_by_text("At least 2 orders, ever, and no purchase in the last 30 days.")).to_be_visible()
    assert users(page) == expected["lapsed"], "the address holds the rule: a new session opens the same"

    click(page, "Save as segment")
    page.get_by_label("Name", exact=True).fill("Lapsed regulars")
    page.get_by_label("Name", exact=True).press("Enter")
    settled(page)
    click(page, re.compile("^Save$"))
    expect(page.get_by_text("Saved as “Lapsed regulars”.")).to_be_visible()

    go(page, f"{app.url}/segments?ws=sample&who=Saved&segment=Lapsed regulars")
    expect(page.get_by_role("heading", name="Lapsed regulars")).to_be_visible()
    expect(page.get_by_text(f"{expected['lapsed']:,} users").first).to_be_visible()
    click(page, "Delete")
    click(page, "Delete it")
    expect(page.get_by_text("“Lapsed regulars” has been deleted.")).to_be_visible()
    assert page.console_errors == []
    assert page.outside_requests == []


def test_a_cell_of_the_grid_opens_its_users(app: App, page: WatchedPage, expected: dict[str, Any]) -> None:
    go(page, f"{app.url}/segments?ws=sample")
    bars = page.locator(".js-plotly-plot .bars path")
    expect(bars).to_have_count(25)
    bars.nth(4).scroll_into_view_if_needed()
    box = bars.nth(4).bounding_box()  # the first row of bars is R1; its fifth is F5
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_text("Open a segment, or a cell")).to_be_visible()
    settled(page)
    expect(page.get_by_role("heading", name="R1 F5 (Can't lose them)")).to_be_visible()
    expect(page.get_by_text(f"{expected['cells']['15']:,} buyers").first).to_be_visible()
    assert "rfm=R1" in page.url, "the choice stands in the address"


def test_a_link_opens_a_segment(app: App, page: WatchedPage, expected: dict[str, Any], tmp_path: Path) -> None:
    go(page, f"{app.url}/segments?ws=sample&rfm=Champions")
    expect(page.get_by_role("heading", name="Champions")).to_be_visible()
    file = download(page, csv_button(page), tmp_path)
    assert len(rows(file)) == expected["rfm"]["Champions"]


def test_nothing_has_to_be_scrolled_sideways_at_1000_pixels(app: App, page: WatchedPage) -> None:
    page.set_viewport_size({"width": 1000, "height": 800})
    for view in ("By value", "By value&value=ABC&abc=Class A", "By value&value=Loyalty&stage=Lost", "Rules", "Saved"):
        go(page, f"{app.url}/segments?ws=sample&who={view}")
        assert overflow(page) == 0


def test_a_cell_of_movement_is_clicked_and_its_users_are_the_file(app: App, page: WatchedPage, tmp_path: Path) -> None:
    go(page, f"{app.url}/segments?ws=sample&who=Over time&watch=Movement&split=Loyalty stages")
    chart = page.get_by_test_id("stPlotlyChart").nth(1)
    cells = chart.locator(".point path")
    cells.first.wait_for(timeout=60_000)
    settled(page)
    cells.first.click(force=True)  # not yet seen -> new: the numbers written on cells take no clicks
    page.wait_for_url(re.compile("was=.*now="))
    settled(page)
    button = csv_button(page)
    wanted = int(re.sub(r"\D", "", button.inner_text()))
    assert len(rows(download(page, button, tmp_path))) == wanted > 0
    assert not overflow(page)
    go(page, page.url)
    expect(csv_button(page)).to_have_text(re.compile(f"{wanted:,}"))
