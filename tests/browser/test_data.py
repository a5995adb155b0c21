"""The page Data in a real browser: by the file chooser to a report, back again, and what cannot be loaded."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect

from core.store import Query, Store
from pages._ui.downloads import LARGE
from tests.browser.driver import LOOKS, click, download, go, look, overflow, settled
from tests.browser.server import ROOT, App, held, running

pytestmark = pytest.mark.usefixtures("same_visitor")

RATINGS = "user_id,item_id,rating,clicks\nu1,i1,4,3\nu1,i2,5,0\nu2,i1,,2\nu3,i3,2,1\n"
ORDERS = (
    "customer_id,product_id,order_date,order_id,quantity,unit_price\n"
    "ann,pear,05.01.2024 10:00,o1,2,1.50\n"
    "bob,fig,not a day,o4,1,9.00\n"
    "bob,fig,31.01.2024 12:30,o5,1,9.00\n"
    'bob,"=cmd|calc",31.01.2024 12:30,o6,many,9.00\n'
)


def choose(page: Page, *files: Path) -> None:
    """Give files to the page by its file chooser, as a person does, and wait until they have been looked at."""
    with page.expect_file_chooser() as waiting:
        page.get_by_role("button", name="Choose files").first.click()
    waiting.value.set_files([str(file) for file in files])
    expect(page.get_by_role("heading", name=files[0].name)).to_be_visible(timeout=60_000)
    settled(page, 60)


def fresh(page: Page, app: App, name: str) -> None:
    """Open the page Data in a new workspace, made in the sidebar."""
    go(page, f"{app.url}/data")
    click(page, "New workspace")
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("textbox", name="Name").press("Enter")
    click(page, "Make it")
    expect(page.get_by_role("combobox", name="Workspace")).to_have_value(name)
    settled(page)  # closing the dialog runs the page once more, and would put a new uploader in place of this one


def pick(page: Page, label: str, option: str) -> None:
    """Choose an option of a menu."""
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(option)  # a long menu holds only what is in view
    page.get_by_role("option", name=option, exact=True).click()
    settled(page)
    expect(box).to_have_value(option)


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_by_the_chooser_then_the_mapping_then_the_report(page: Page, app: App, tmp_path: Path) -> None:
    fresh(page, app, "likes")
    choose(page, file(tmp_path, "likes.csv", RATINGS))
    expect(page.get_by_role("combobox", name="What clicks means")).to_have_value("A count of events")
    expect(page.get_by_role("combobox", name="What clicks counts")).to_have_value("Clicks")
    click(page, "Load 4 rows")
    expect(page.get_by_text("4 rows read = 4 loaded + 0 rejected + 0 left out as exact repeats").first).to_be_visible()
    expect(page.get_by_test_id("stMetric").filter(has_text="Users")).to_contain_text("3")
    assert not page.get_by_text("Traceback").count()
    # the second road to the same numbers: SQL on a copy of the file, since the app holds the file itself
    for path in app.home.glob("likes.duckdb*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with Store(tmp_path / "likes.duckdb") as store:
        found = store.rows(
            Query("SELECT event, count(*) AS n, sum(quantity) AS q FROM events GROUP BY event ORDER BY 1")
        )
    assert found == [{"event": "click", "n": 3, "q": 6.0}, {"event": "rating", "n": 3, "q": None}]


def test_a_correction_by_keyboard_changes_what_is_loaded(page: Page, app: App, tmp_path: Path) -> None:
    fresh(page, app, "by keyboard")
    choose(page, file(tmp_path, "likes.csv", RATINGS))
    box = page.get_by_role("combobox", name="What clicks means")
    box.focus()
    box.press("ArrowDown")
    box.fill("Leave out")
    box.press("ArrowDown")
    box.press("Enter")
    settled(page)
    expect(box).to_have_value("Leave out")
    page.get_by_role("button", name="Load 4 rows").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Loaded: 4 rows read")).to_be_visible()
    expect(page.get_by_test_id("stMetric").filter(has_text="Events")).to_contain_text("3")


def test_rejected_rows_are_downloaded_and_a_load_is_taken_back(page: Page, app: App, tmp_path: Path) -> None:
    fresh(page, app, "orders")
    choose(page, file(tmp_path, "orders.csv", ORDERS))
    expect(page.get_by_role("combobox", name="What order_date means")).to_have_value("Time: when")
    pick(page, "What quantity means", "Quantity (units)")
    click(page, "Load 4 rows")
    expect(page.get_by_text("4 rows read = 2 loaded + 2 rejected + 0 left out as exact repeats").first).to_be_visible()
    got = download(page, "Download 2 rejected rows", tmp_path)
    assert got.read_bytes().startswith(b"\xef\xbb\xbf"), "Excel reads the letters rightly"
    with got.open(encoding="utf-8-sig", newline="") as content:
        rows = list(csv.DictReader(content))
    assert [(r["file"], r["line"], r["column"]) for r in rows] == [
        ("orders.csv", "3", "order_date"),
        ("orders.csv", "5", "quantity"),
    ]
    assert "not a day" in rows[0]["message"]
    assert "many" in rows[1]["raw"]
    assert not any(cell.startswith("=") for row in rows for cell in row.values()), "no cell is a formula"

    click(page, "Load more files")
    click(page, "Take back ...")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Everything it brought goes")
    dialog.get_by_role("button", name="Keep it").click()
    settled(page)
    expect(page.get_by_text("What has been loaded")).to_be_visible()
    click(page, "Take back ...")
    page.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Load 1 has been taken back.")).to_be_visible()
    expect(page.get_by_text("This workspace is empty.")).to_be_visible()
    expect(page.get_by_text("Loads taken back (1)")).to_be_visible()


def test_a_hostile_file_is_refused_and_the_line_named(page: Page, app: App, tmp_path: Path) -> None:
    fresh(page, app, "hostile")
    rows = "".join(f"{k},item-{k},2024-01-{k % 28 + 1:02d}\n" for k in range(2_000))
    path = file(tmp_path, "swallow.csv", "user_id,item_id,date\n" + rows[:40] + '7,"item-7,2024-01-08\n' + rows)
    choose(page, path)
    alert = page.get_by_test_id("stAlert").first
    expect(alert).to_contain_text(re.compile(r"\bline \d"))
    assert not page.get_by_role("button", name=re.compile(r"^Load \d")).count()
    assert not page.get_by_text("Traceback").count()
    click(page, "Leave this file out")
    expect(page.get_by_role("heading", name="Load files")).to_be_visible()


def test_a_name_that_is_html_or_markdown_is_text(page: Page, app: App, tmp_path: Path) -> None:
    fresh(page, app, "names")
    head = "user_id,item_id,rating,<img src=x onerror=alert(1)>,![p](http\\://evil.example/p.png)\n"
    page.on("dialog", lambda d: pytest.fail(f"a script ran: {d.message}"))
    choose(page, file(tmp_path, "**bold**.csv", head + "u1,i1,4,a,b\nu2,i2,3,c,d\n"))
    expect(page.locator("strong", has_text="<img src=x onerror=alert(1)>")).to_be_visible()
    assert not page.locator("[data-testid=stMarkdown] img").count()
    assert not page.outside_requests  # type: ignore[attr-defined]


def test_the_draft_survives_a_visit_to_another_page(page: Page, app: App, tmp_path: Path) -> None:
    fresh(page, app, "and back")
    choose(page, file(tmp_path, "likes.csv", RATINGS))
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Where do our data live?")).to_be_visible()
    page.get_by_role("link", name="Data").click()
    expect(page.get_by_role("button", name="Load 4 rows")).to_be_visible()
    assert "ws=and" in page.url


def test_nothing_is_cut_off_at_any_width(page: Page, app: App, tmp_path: Path) -> None:
    fresh(page, app, "wide")
    choose(page, file(tmp_path, "orders.csv", ORDERS))
    for size, scheme in LOOKS:
        look(page, size=size, scheme=scheme)
        assert overflow(page) == 0, (size, scheme)
    click(page, "Load 4 rows")
    for size, scheme in LOOKS:
        look(page, size=size, scheme=scheme)
        expect(page.get_by_role("heading", name="Loaded: 4 rows read")).to_be_visible()
        assert overflow(page) == 0, (size, scheme)
        for metric in page.get_by_test_id("stMetricValue").all():
            assert metric.evaluate("e => e.scrollWidth <= e.clientWidth + 1"), (size, scheme, metric.inner_text())


@pytest.mark.slow
def test_online_retail_is_read_month_first_and_every_row_accounted_for(
    page: Page, app: App, online_retail: Path
) -> None:
    fresh(page, app, "online retail")
    choose(page, online_retail)
    expect(page.get_by_role("combobox", name="How the times of InvoiceDate are written")).to_have_value(
        "12/31/2011 13:05, month first"
    )
    expect(page.get_by_text("541,909 of 541,909 rows parse so").first).to_be_visible()
    page.get_by_role("button", name="Load 541,909 rows").click()
    done = page.get_by_text("541,909 rows read = 541,909 loaded + 0 rejected + 0 left out as exact repeats").first
    expect(done).to_be_visible(timeout=90_000)
    expect(page.get_by_test_id("stMetric").filter(has_text="Users")).to_contain_text("4,372")
    report = page.locator(".st-key-load_report")
    expect(report.get_by_role("row").filter(has_text="Returns")).to_contain_text("10,624")
    expect(report).to_contain_text("135,080 rows name no user")
    expect(report).to_contain_text("5,268 rows repeat another row exactly; they were kept")


LONG_APP = """
from pathlib import Path
import streamlit as st
from pages._ui.downloads import routes
app = st.App(Path(__file__).parent / "long_page.py", routes=routes())
"""
SLOW_PAGE = """
from pathlib import Path
import time
from pages._ui import state
from pages._ui.downloads import file_button
state.settle()
def make(path: Path, step) -> None:
    with path.open("wb") as out:
        for part in range(60):
            out.write(bytes([part]) * 1_000_000)
            step.report(part / 60, "Writing the matrix")
            time.sleep(0.06)
file_button("Fetch the matrix", make, "matrix.bin", "matrix", size=60_000_000)
"""
LONG_PAGE = """
from pathlib import Path
import streamlit as st
from pages._ui import state
from pages._ui.downloads import LARGE, csv_button
state.settle()
def make(path: Path) -> None:
    path.write_text("n\\n" + "".join(f"{k}\\n" for k in range(LARGE)))
csv_button("Fetch the numbers", make, "numbers.csv", "numbers", rows=LARGE)
"""


def test_a_long_file_is_streamed_from_the_export_folder(page: Page, tmp_path: Path) -> None:
    """Streamlit's own button would hold it in memory; here it comes by a link."""
    home = tmp_path / "home"
    home.mkdir()
    Store(home / "shop.duckdb").close()
    (tmp_path / "long_page.py").write_text(LONG_PAGE)
    script = tmp_path / "long_app.py"
    script.write_text(LONG_APP)
    with running(home, script=script, env={"PYTHONPATH": str(ROOT)}) as it:
        go(page, it.url)
        link = page.get_by_role("link", name="Fetch the numbers")
        got: list[Download] = []

        def note(download: Download) -> None:  # the browser opens a tab for the link, and closes it for a download
            got.append(download)

        page.context.on("page", lambda opened: opened.on("download", note))
        page.on("download", note)
        link.click()
        for _ in range(100):
            if got:
                break
            page.wait_for_timeout(100)
        assert got[0].suggested_filename == "numbers.csv"
        got[0].save_as(tmp_path / "numbers.csv")
        lines = (tmp_path / "numbers.csv").read_text(encoding="utf-8").splitlines()
        assert lines == ["n", *map(str, range(LARGE))]
        assert page.request.get(f"{it.url}/limelight/files/guessed").status == 404


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_file_that_takes_long_is_waited_for_in_a_tab_of_its_own(page: Page, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    Store(home / "shop.duckdb").close()
    (tmp_path / "long_page.py").write_text(SLOW_PAGE)
    script = tmp_path / "long_app.py"
    script.write_text(LONG_APP)
    with running(home, script=script, env={"PYTHONPATH": str(ROOT)}) as it:
        go(page, it.url)
        with page.context.expect_page() as opening:
            page.get_by_role("link", name="Fetch the matrix").click()
        tab = opening.value
        expect(tab.get_by_role("heading", name="Writing matrix.bin")).to_be_visible()
        expect(tab.get_by_role("status")).to_contain_text(re.compile(r"Writing the matrix · \d+\.\d MB written"))
        before = held(it)
        with tab.expect_download(timeout=30_000) as waiting:
            pass
        assert waiting.value.suggested_filename == "matrix.bin"
        content = Path(waiting.value.path()).read_bytes()
        assert content == b"".join(bytes([part]) * 1_000_000 for part in range(60))
        expect(tab.get_by_role("heading", name="The download has begun")).to_be_visible()
        assert held(it) - before < 30_000_000
