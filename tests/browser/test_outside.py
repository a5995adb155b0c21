"""No page asks anything of an outside host, and the watch that says so can see one that does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from pages._ui import state
from tests.browser.driver import SCHEMES, WatchedPage, go, look, settled
from tests.browser.server import App, running

PAGES = [name for name in state.PAGES if state.page_path(name).exists()]
OUTSIDE_APP = """
import streamlit as st
st.set_page_config(page_title="Outside")
st.title("Outside")
if st.button("Fetch an image"):
    st.markdown("![picture](https://evil.example/picture.png)")
"""
ICON_APP = """
import streamlit as st
page = st.navigation([st.Page(lambda: st.title("Icon"), title="Icon", icon=":material/home:")])
page.run()
"""


def by_links(page: WatchedPage, app: App) -> Iterator[str]:
    """Every page's name, each opened from the sidebar of the one before: the frame is loaded once."""
    go(page, app.url)
    for name in PAGES:
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=state.PAGES[name], exact=True).click()
        settled(page)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        yield name


def test_a_page_without_data_asks_nothing_of_outside(page: WatchedPage, app: App) -> None:
    for name in by_links(page, app):
        assert not page.outside_requests, name
        assert not page.console_errors, name


def test_a_page_with_data_asks_nothing_of_outside(page: WatchedPage, sample_app: App) -> None:
    for name in by_links(page, sample_app):
        if name == "home":
            for scheme in SCHEMES:
                look(page, size=(1440, 900), scheme=scheme)
        for tab in page.get_by_role("tab").all():
            tab.click()
            settled(page)
        closed = page.locator("details:not([open]) > summary:visible")
        for _ in range(closed.count()):
            closed.first.click()
            settled(page)
        assert not page.outside_requests, name
        assert not page.console_errors, name


def test_the_first_visit_at_any_address_has_the_frame(page: WatchedPage, tmp_path: Path) -> None:
    """Streamlit's older kind of app would take the first visit at /data, without workspace and with files' names."""
    with running(tmp_path / "home") as fresh:
        go(page, f"{fresh.url}/data")
        links = page.get_by_test_id("stSidebarNav").get_by_role("link")
        expect(links.first).to_be_visible()
        assert [link.inner_text().strip() for link in links.all()] == [state.PAGES[name] for name in PAGES]
        expect(page).to_have_title("Data · Limelight")
        icon = page.locator("link[rel='shortcut icon']").get_attribute("href") or ""
        assert icon.startswith((fresh.url, "/", "./", "data:")), icon


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 101), ("evil.example", 403)])
def test_another_name_of_this_machine_gets_no_data(app: App, host: str, status: int) -> None:
    """A foreign web page whose name was pointed at 127.0.0.1 cannot open the stream that all data come by."""
    address = urlsplit(app.url)
    assert address.hostname
    assert address.port
    connection = HTTPConnection(address.hostname, address.port, timeout=10)
    headers = {
        "Host": f"{host}:{address.port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "streamlit",
    }
    connection.request("GET", "/_stcore/stream", headers=headers)
    assert connection.getresponse().status == status
    connection.close()


@pytest.fixture
def tattling(tmp_path: Path) -> Iterator[App]:
    """An app that fetches from outside when asked to."""
    script = tmp_path / "outside.py"
    script.write_text(OUTSIDE_APP)
    with running(tmp_path / "home", script=script) as it:
        yield it


def test_the_watch_sees_an_image_from_outside(page: WatchedPage, tattling: App) -> None:
    go(page, tattling.url)
    assert not page.outside_requests
    with page.expect_request("https://evil.example/**"):
        page.get_by_role("button", name="Fetch an image").click()
    settled(page)
    assert page.outside_requests == ["https://evil.example/picture.png"]


def test_the_watch_sees_an_icon_by_name(page: WatchedPage, tmp_path: Path) -> None:
    """Why no page has an icon by name: it becomes the tab's picture, and is fetched."""
    script = tmp_path / "icon.py"
    script.write_text(ICON_APP)
    with running(tmp_path / "home", script=script) as it:
        go(page, it.url)
        until = time.monotonic() + 20
        while not page.outside_requests and time.monotonic() < until:
            page.wait_for_timeout(100)
        assert page.outside_requests
