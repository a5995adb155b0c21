"""300 MB into the running app: its memory does not grow with the file. And the upload box in a real browser."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from pages._ui.uploads import PIECE
from tests.browser.driver import LOOKS, go, look, overflow
from tests.browser.server import ROOT, App, held, running

APP = """
from pathlib import Path
import os
import streamlit as st
from core.store import spool_folder
from pages._ui import upload_routes
from pages._ui.uploads import Box
BOX = Box(spool_folder())
Path(os.environ["LIMELIGHT_HOME"], "box").write_text(f"{BOX.token} {spool_folder()}")
app = st.App(Path(__file__).parent / "page.py", routes=upload_routes.routes())
"""
MEGABYTES = 300


class Client:
    """Speaks to the upload routes over one connection, as a page of the app would."""

    def __init__(self, url: str, token: str) -> None:
        self.netloc, self.base = urlsplit(url).netloc, f"/limelight/uploads/{token}"
        self.connection = http.client.HTTPConnection(self.netloc, timeout=30)

    def ask(self, method: str, path: str, body: bytes = b"", **more: str) -> tuple[int, dict[str, object]]:
        headers = {"X-Limelight-Upload": "1", "Origin": f"http://{self.netloc}"} | {
            name.replace("_", "-"): value for name, value in more.items()
        }
        self.connection.request(method, self.base + path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content.startswith(b"{") else {}

    def break_off(self, path: str, offset: int, piece: bytes) -> None:
        """Announce a whole piece, send half of it, and be gone."""
        self.connection.putrequest("PUT", self.base + path)
        for name, value in (
            ("X-Limelight-Upload", "1"),
            ("X-Limelight-Offset", offset),
            ("Content-Length", len(piece)),
        ):
            self.connection.putheader(name, str(value))
        self.connection.endheaders()
        self.connection.send(piece[: len(piece) // 2])
        self.connection.close()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app with the upload routes, and one box."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "page.py").write_text("import streamlit as st\nst.title('uploads')\n")
    script = folder / "app.py"
    script.write_text(APP)
    with running(folder / "home", script=script, env={"PYTHONPATH": str(ROOT)}) as it:
        yield it


def piece(number: int) -> bytes:
    """Eight megabytes that differ from piece to piece."""
    return hashlib.sha256(str(number).encode()).digest() * (PIECE // 32)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_300_mb_leave_the_memory_where_it_was_and_arrive_to_the_byte(bare: App) -> None:
    token, spool = (bare.home / "box").read_text().split(" ", 1)
    client, total = Client(bare.url, token), MEGABYTES * 1_000_000
    status, said = client.ask("POST", "", json.dumps({"files": [{"name": "big.csv", "size": total}]}).encode())
    assert status == 200
    one = "/" + str(said["uploads"][0]["id"])  # type: ignore[index]
    sent, offset, most, broken = hashlib.sha256(), 0, 0, False
    client.ask("PUT", one, b"", X_Limelight_Offset="0")
    before, began = held(bare), time.monotonic()
    while offset < total:
        content = piece(offset // PIECE)[: total - offset]
        if offset > total / 2 and not broken:
            broken = True
            client.break_off(one, offset, content)
            assert client.ask("GET", one)[1] == {"offset": offset, "size": total}
            assert client.ask("PUT", one, content, X_Limelight_Offset=str(offset - 1))[0] == 409
        status, said = client.ask("PUT", one, content, X_Limelight_Offset=str(offset))
        assert (status, said) == (200, {"offset": offset + len(content)})
        sent.update(content)
        offset += len(content)
        most = max(most, held(bare))
    print(f"{MEGABYTES} MB in {time.monotonic() - began:.1f} s; memory rose by {(most - before) / 1e6:.0f} MB at most")
    assert most - before < 60_000_000
    assert client.ask("PUT", one, b"x", X_Limelight_Offset=str(total))[0] == 400, "no byte more than was said"
    (path,) = Path(spool).iterdir()
    with path.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").digest() == sent.digest()
    assert client.ask("DELETE", one)[0] == 204
    assert list(Path(spool).iterdir()) == []
    assert "big.csv" not in bare.tail(1_000)


def test_other_sites_are_refused_by_the_running_app(bare: App) -> None:
    token, _ = (bare.home / "box").read_text().split(" ", 1)
    body = json.dumps({"files": [{"name": "a.csv", "size": 1}]}).encode()
    client = Client(bare.url, token)
    assert client.ask("POST", "", body, Origin="https://evil.example")[0] == 403
    assert client.ask("POST", "", body, Host="evil.example")[0] == 403
    assert client.ask("POST", "", body, X_Limelight_Upload="0")[0] == 403
    client.base = "/limelight/uploads/guessed"
    assert client.ask("POST", "", body)[0] == 404
    assert client.ask("OPTIONS", "", Origin="https://evil.example")[0] == 405, "no other site is ever agreed to"
    client.connection.close()


# ---- in the browser


def shop(path: Path, rows: int) -> Path:
    path.write_text("user_id,item_id,rating\n" + "".join(f"u{n},i{n % 97},{n % 5}\n" for n in range(rows)))
    return path


def choose(page: Page, *files: Path) -> None:
    button = page.get_by_role("button", name="Choose files")
    expect(button).to_be_enabled()
    with page.expect_file_chooser() as waiting:
        button.press("Enter")
    waiting.value.set_files([str(file) for file in files])


def test_a_lost_connection_goes_on_where_it_was_and_pausing_waits(page: Page, app: App, tmp_path: Path) -> None:
    go(page, f"{app.url}/data")
    file = shop(tmp_path / "lost.csv", 300_000)
    offsets: list[int] = []
    line = {"cut": False}

    def carry(route: Route) -> None:
        if line["cut"]:
            route.abort("connectionfailed")
            return
        if route.request.method == "PUT":
            offsets.append(int(route.request.headers["x-limelight-offset"]))
            line["cut"] = len(offsets) == 2  # what comes after the second piece is lost
        route.continue_()

    page.route("**/limelight/uploads/**", carry)
    choose(page, file)
    expect(page.get_by_text(re.compile("Connection lost at .* of 4.* MB. Trying again in"))).to_be_visible()
    line["cut"] = False
    offsets.append(-1)
    page.get_by_role("button", name="Try now: lost.csv").click()
    expect(page.get_by_role("button", name="Load 300,000 rows")).to_be_visible(timeout=30_000)
    after = offsets[offsets.index(-1) + 1 :]
    assert after
    assert min(after) > 0, "what had arrived was not sent again"


def test_a_cancelled_upload_is_gone_and_the_others_go_on(page: Page, app: App, tmp_path: Path) -> None:
    go(page, f"{app.url}/data")
    stopped: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if route.request.method == "PUT" and not stopped:
            stopped.append(route)
        else:
            route.continue_()

    page.route("**/limelight/uploads/*/*", hold_the_first)
    choose(page, shop(tmp_path / "first.csv", 50), shop(tmp_path / "second.csv", 60))
    expect(page.get_by_text("603 bytes, waiting")).to_be_visible()
    while not stopped:  # else it would be the second file's piece that is held
        page.wait_for_timeout(20)
    page.get_by_role("button", name="Pause: first.csv").click()
    expect(page.get_by_text("Paused at 0")).to_be_visible()
    page.get_by_role("button", name="Cancel: first.csv").click()
    expect(page.get_by_text("first.csv", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Load 60 rows")).to_be_visible(timeout=30_000)


def test_what_is_too_large_is_said_before_anything_is_sent(page: Page, tmp_path: Path) -> None:
    with running(tmp_path / "home", env={"LIMELIGHT_UPLOAD_LIMIT": "1 kB"}) as app:
        go(page, f"{app.url}/data")
        choose(page, shop(tmp_path / "a.csv", 300))
        expect(page.get_by_role("alert")).to_contain_text("more than may be uploaded here (1.0 kB)")
        expect(page.get_by_role("button", name="Choose files")).to_be_enabled()


def test_a_folder_is_searched_for_tables(page: Page, app: App, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    shop(folder / "a.csv", 30)
    shop(folder / "b.csv", 40)
    (folder / "notes.docx").write_text("no table")
    (folder / ".hidden.csv").write_text("x")
    go(page, f"{app.url}/data")
    with page.expect_file_chooser() as waiting:
        page.get_by_role("button", name="Choose a folder").click()
    waiting.value.set_files(str(folder))
    expect(page.get_by_role("button", name="Load 70 rows")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("heading", name=re.compile("a.csv, .*b.csv"))).to_be_visible()


def test_the_box_fits_while_it_works(page: Page, app: App, tmp_path: Path) -> None:
    go(page, f"{app.url}/data")
    page.route("**/limelight/uploads/*/*", lambda route: route.abort())
    choose(page, shop(tmp_path / f"{'a-very-long-name-' * 9}.csv", 100))
    expect(page.get_by_role("button", name=re.compile("Try now"))).to_be_visible()
    for size, scheme in LOOKS:
        look(page, size=size, scheme=scheme)
        assert overflow(page) == 0, (size, scheme)
    bar = page.get_by_role("progressbar", name=re.compile("very-long"))
    expect(bar).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.shadowRoot.activeElement.textContent") == "Choose a folder"
