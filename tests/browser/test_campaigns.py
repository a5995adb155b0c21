"""The page Campaigns in a real browser: fit a model, make a list about an item, take its files and read them back."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.driver import SIZES, WatchedPage, click, download, go, look, overflow, settled
from tests.browser.server import App, running
from tests.prepared import copied

ITEM = "LL-0076"


@pytest.fixture(scope="module")
def app(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with the sample of its own: a model and a list are stored in it."""
    home = tmp_path_factory.mktemp("campaigns") / "home"
    home.mkdir()
    copied(sample_workspace, home)
    with running(home) as it:
        yield it


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_from_an_item_to_the_files(app: App, page: WatchedPage, tmp_path: Path) -> None:
    go(page, f"{app.url}/campaigns?ws=sample&about={ITEM}")
    expect(page.get_by_role("button", name="Make the list")).to_be_disabled()
    click(page, "Fit it on all the data")
    expect(page.get_by_text("Model in use")).to_be_visible(timeout=60_000)
    settled(page)
    number = page.get_by_role("spinbutton", name="Number of users")
    number.fill("200")
    number.press("Enter")
    settled(page)
    click(page, "Make the list")
    headline = page.get_by_role("heading", name=re.compile(r"^200 people to contact, \d+ held out as a control group"))
    expect(headline).to_be_visible(timeout=60_000)
    settled(page)
    assert f"about={ITEM}" in page.url
    assert "size=200" in page.url
    held = int(re.findall(r"\d+", headline.inner_text())[1])

    figure = page.locator(".js-plotly-plot").first
    expect(figure.get_by_text("Could be chosen", exact=True)).to_be_visible()
    expect(figure.get_by_text("200 users", exact=True)).to_be_visible()
    for size in SIZES:
        for scheme in ("light", "dark"):
            look(page, size=size, scheme=scheme)
            assert overflow(page) == 0

    listed = download(page, "List to send (200 rows)", tmp_path)
    control = download(page, f"Control group ({held} rows)", tmp_path)
    told = json.loads(download(page, "Manifest", tmp_path).read_text("utf-8"))
    rows, kept = cells(listed), cells(control)
    assert (len(rows), len(kept)) == (200, held)
    users = {row["user_id"] for row in rows}
    assert len(users) == 200
    assert not users & {row["user_id"] for row in kept}, "nobody is contacted and held out"
    assert {row["item"] for row in rows} == {ITEM}
    assert all(row["why"] for row in rows)
    ranks = sorted(int(row["rank"]) for row in [*rows, *kept])
    assert ranks == list(range(1, 200 + held + 1)), "both groups share one ranking"
    assert "email" in rows[0]
    assert "email" not in kept[0], "no address of who is not to be contacted"
    with (Path(__file__).parents[2] / "data" / "sample" / "users.csv").open(encoding="utf-8", newline="") as file:
        consents = {row["user_id"]: row["consent_email"] for row in csv.DictReader(file)}
    assert {consents[user] for user in users} == {"yes"}, "read from the file, not from Limelight"

    for name, path, number_of in (("contacted", listed, 200), ("control", control, held)):
        assert told["files"][name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert told["files"][name]["rows"] == number_of
    assert told["campaign"]["items"] == [ITEM]
    for earlier, later in pairwise(told["stages"]):
        assert earlier["out"] == later["in"]
    assert told["stages"][-1]["out"] == 200

    page.get_by_text("For Excel").click()
    settled(page)
    marked = download(page, "List to send (200 rows)", tmp_path / "excel")
    assert marked.read_bytes() == b"\xef\xbb\xbf" + listed.read_bytes()

    gone = told["stages"][1]["in"] - told["stages"][1]["out"]
    bar = figure.locator(".bars .point path").nth(1)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_role("dialog").get_by_text(f"{gone:,} users left out for want of consent")).to_be_visible()
    page.keyboard.press("Escape")
    settled(page)
    click(page, "Save this list")
    expect(page.get_by_text(re.compile("is saved: 200 to contact"))).to_be_visible()
    assert page.console_errors == []
    assert page.outside_requests == []
