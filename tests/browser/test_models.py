"""The page Models in a real browser: compare, read the verdict, take the file, use a model, and see why."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.driver import SIZES, WatchedPage, click, download, go, look, overflow, settled
from tests.browser.server import App, running
from tests.prepared import copied

pytestmark = pytest.mark.usefixtures("same_visitor")

OTHERS = ("People like you", "Goes together, weighed jointly", "Hidden tastes", "Main tastes")


@pytest.fixture(scope="module")
def app(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with the sample of its own: runs are stored in it."""
    home = tmp_path_factory.mktemp("models") / "home"
    home.mkdir()
    copied(sample_workspace, home)
    with running(home) as it:
        yield it


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_compare_then_use_the_best(app: App, page: WatchedPage, tmp_path: Path) -> None:
    go(page, f"{app.url}/models?ws=sample")
    expect(page.get_by_role("button", name="Compare 6 models")).to_be_visible()
    page.get_by_text("Which models", exact=True).click()
    settled(page)
    for name in OTHERS:
        page.locator("label").filter(has=page.locator("strong", has_text=re.compile(f"^{name}$"))).click()
        settled(page)
    click(page, "Compare 2 models")
    verdict = page.get_by_role("heading", name=re.compile(r"^Goes together .* is ahead of every other"))
    at_work = page.get_by_text("Compare 2 models is running", exact=False)
    expect(at_work.or_(verdict).first).to_be_visible()  # a quick machine is done before one can look
    expect(verdict).to_be_visible(timeout=60_000)
    settled(page)
    assert re.search(r"run=[0-9a-f]{12}", page.url), "the address names the run"

    file = cells(download(page, "CSV of all numbers", tmp_path))
    assert [row["name"] for row in file] == ["Goes together", "Most popular"]
    best = file[0]
    shown = page.get_by_test_id("stMetric").filter(has_text="NDCG@10").get_by_test_id("stMetricValue").inner_text()
    assert shown == f"{float(best['ndcg']):.3f}"
    low, high = (f"{float(best[f'ndcg_{end}']):.3f}" for end in ("low", "high"))
    expect(page.get_by_text(f"95 % interval {low} to {high}").first).to_be_visible()
    judged = page.get_by_test_id("stMetric").filter(has_text="Users judged").get_by_test_id("stMetricValue")
    assert judged.inner_text() == f"{int(best['users']):,}"
    assert float(best["ndcg"]) > 1.5 * float(file[1]["ndcg"]), "the sample has tastes beyond popularity"

    for size in SIZES:
        for scheme in ("light", "dark"):
            look(page, size=size, scheme=scheme)
            assert overflow(page) == 0

    for tab, said in (("Beyond accuracy", "What the words mean"), ("By segment", "CSV by segment")):
        page.get_by_role("tab", name=tab).click()
        settled(page)
        expect(page.get_by_text(said, exact=True).first).to_be_visible()
        assert overflow(page) == 0

    click(page, "Use this model")
    see_why = page.get_by_role("button", name="See why: recommendations of this model")
    expect(see_why).to_be_visible(timeout=60_000)
    see_why.click()
    page.wait_for_url(re.compile("/explain"))
    settled(page)
    assert page.console_errors == []
    assert page.outside_requests == []


def test_leaving_and_coming_back_shows_the_latest_run(app: App, page: WatchedPage) -> None:
    """Runs after the test above, on the run that it stored."""
    go(page, f"{app.url}/models?ws=sample")
    expect(page.get_by_role("heading", name=re.compile("is ahead of every other"))).to_be_visible()
    click(page, "See these users")
    expect(page.get_by_role("dialog").get_by_text(re.compile(r"^[\d,]+ users whose list of 10 from"))).to_be_visible()
    page.keyboard.press("Escape")
    go(page, f"{app.url}/models?ws=sample&look_at=Runs and fitted models")
    expect(page.get_by_role("combobox", name="Fitted model")).to_have_value(re.compile("^Goes together · "))
    assert page.console_errors == []
