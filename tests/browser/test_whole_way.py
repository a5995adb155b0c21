"""The whole way in a real browser, on the sample: load, segment, compare, use, explain, list, files, result."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.driver import WatchedPage, click, download, go, pick, settled
from tests.browser.server import SAMPLE, App, running
from tests.browser.test_segments import add, csv_button

SEGMENT, LIST = "Regulars", "autumn-lamps"
OTHERS = ("People like you", "Goes together, weighed jointly", "Hidden tastes", "Main tastes")
SIZE = 150


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with nothing in it."""
    with running(tmp_path_factory.mktemp("whole-way") / "home") as it:
        yield it


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def open_page(page: WatchedPage, name: str) -> None:
    """By the navigation, as a person does: what was chosen goes along."""
    page.get_by_test_id("stSidebarNavLink").filter(has_text=re.compile(f"^{name}$")).click()
    page.wait_for_url(re.compile(f"/{name.lower()}"))
    settled(page)


def fill(page: WatchedPage, field: str, value: str) -> None:
    box = page.get_by_label(field, exact=True)
    box.fill(value)
    box.press("Enter")
    settled(page)


def choose(page: WatchedPage, field: str, option: str) -> None:
    pick(page, page.get_by_role("combobox", name=field), option)


def load(page: WatchedPage, app: App) -> None:
    """The sample by its button on the empty first page."""
    go(page, app.url)
    click(page, "Load the sample data")
    told = page.get_by_role("heading", name=re.compile(r"^Loaded: [\d,]+ rows read, every one accounted for"))
    expect(told).to_be_visible(timeout=60_000)
    settled(page)


def segment(page: WatchedPage, to: Path) -> set[str]:
    """A rule by clicks, kept under a name; its members, as its file has them."""
    open_page(page, "Segments")
    page.get_by_role("radio", name="Rules").click()
    settled(page)
    add(page, "What they did")
    fill(page, "Number", "2")
    expect(page.get_by_text("At least 2 orders, ever.")).to_be_visible()
    members = {row["user_id"] for row in cells(download(page, csv_button(page), to))}
    click(page, "Save as segment")
    fill(page, "Name", SEGMENT)
    click(page, re.compile("^Save$"))
    expect(page.get_by_text(f"Saved as “{SEGMENT}”.")).to_be_visible()
    return members


def compare_and_use(page: WatchedPage) -> None:
    """Popularity against one model; the better one is fitted on all the data."""
    open_page(page, "Models")
    page.get_by_text("Which models", exact=True).click()
    settled(page)
    for name in OTHERS:
        page.locator("label").filter(has=page.locator("strong", has_text=re.compile(f"^{name}$"))).click()
        settled(page)
    click(page, "Compare 2 models")
    ahead = page.get_by_role("heading", name=re.compile(r"^Goes together .* is ahead of every other"))
    expect(ahead).to_be_visible(timeout=90_000)
    settled(page)
    click(page, "Use this model")
    see_why = page.get_by_role("button", name="See why: recommendations of this model")
    expect(see_why).to_be_visible(timeout=90_000)
    see_why.click()
    page.wait_for_url(re.compile("/explain"))
    settled(page)


def explain(page: WatchedPage, user: str) -> None:
    """What the model would offer this user, and why."""
    page.get_by_label("Find a user").fill(user)
    page.get_by_role("radio", name=user).click()
    settled(page)
    expect(page.get_by_role("heading", name=f"User {user}")).to_be_visible()
    expect(page.get_by_text("Ranked, the best first")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("heading", name=re.compile("^Why “"))).to_be_visible()


def make_list(page: WatchedPage) -> tuple[str, int]:
    """Whom to tell about a lamp, drawn from the segment; the item's id, and how many are held out."""
    open_page(page, "Campaigns")
    page.get_by_role("searchbox", name="Find an item").fill("lamp")
    settled(page)
    page.get_by_role("radiogroup", name="Choose one, or type on").get_by_role("radio").first.click()
    settled(page)
    choose(page, "Draw from", SEGMENT)
    fill(page, "Number of users", str(SIZE))
    click(page, "Make the list")
    headline = page.get_by_role("heading", name=re.compile(rf"^{SIZE} people to contact, \d+ held out"))
    expect(headline).to_be_visible(timeout=90_000)
    settled(page)
    item = re.search(r"about=([^&]+)", page.url)
    assert item, page.url
    return item[1], int(re.findall(r"\d+", headline.inner_text())[1])


def read_back(page: WatchedPage, to: Path, item: str, held: int, drawn_from: set[str]) -> None:
    """The three files, against each other, the segment's file and the sample's own users file."""
    listed = download(page, f"List to send ({SIZE} rows)", to)
    control = download(page, f"Control group ({held} rows)", to)
    told = json.loads(download(page, "Manifest", to).read_text("utf-8"))
    send, keep = cells(listed), cells(control)
    users, away = {row["user_id"] for row in send}, {row["user_id"] for row in keep}
    assert (len(send), len(users), len(keep), len(away)) == (SIZE, SIZE, held, held)
    assert not users & away, "nobody is contacted and held out"
    assert users | away <= drawn_from, "leading zeros and all"
    assert {row["item"] for row in send} == {item}
    assert all(row["why"] for row in send)
    consents = {row["user_id"]: row["consent_email"] for row in cells(SAMPLE / "users.csv")}
    assert {consents[user] for user in users} == {"yes"}
    for arm, path in (("contacted", listed), ("control", control)):
        assert told["files"][arm]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told["stages"][-1]["out"] == SIZE
    assert told["campaign"]["segment"]["name"] == SEGMENT


def save_and_read(page: WatchedPage, held: int) -> None:
    """The list is kept; its result is not due yet. The past campaign has one."""
    fill(page, "Name", LIST)
    click(page, re.compile("Save this list$"))
    expect(page.get_by_text(f"{SIZE} to contact, {held} held out.")).to_be_visible()
    click(page, "Go to its results")
    page.wait_for_url(re.compile("/results"))
    settled(page)
    expect(page.get_by_role("combobox", name="Which list?")).to_have_value(LIST)
    expect(page.get_by_text(re.compile("the window is not complete yet|nothing can be read yet")).first).to_be_visible()
    assert page.get_by_role("button", name="Manifest").count() == 1

    choose(page, "Which list?", "come-back-candles")
    expect(page.get_by_role("heading", name=re.compile(r"^Of 1,200 contacted, 19\.5 % bought"))).to_be_visible()
    expect(page.get_by_text("+6.8 points", exact=True).first).to_be_visible()
    expect(page.get_by_text("That fits the planned 20.0 % held back")).to_be_visible()
    assert "list=come-back-candles" in page.url


def test_from_the_button_to_the_result(app: App, page: WatchedPage, tmp_path: Path) -> None:
    load(page, app)
    members = segment(page, tmp_path)
    assert len(members) > 1000
    compare_and_use(page)
    explain(page, min(members))
    item, held = make_list(page)
    read_back(page, tmp_path, item, held, members)
    save_and_read(page, held)
    assert page.console_errors == []
    assert page.outside_requests == []
