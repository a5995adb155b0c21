"""Files for the person: made when asked for, never before; large ones streamed from the export folder."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

import streamlit as st
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from core.errors import Refusal
from core.store import Store
from pages._ui import format as fmt
from pages._ui import state

LARGE = 200_000
"""Rows from which a file is streamed: Streamlit's own button would hold all of it in memory."""

_BOM = b"\xef\xbb\xbf"
_PATH = "/limelight/files/{token}"
_OFFERS = "_offers"


@dataclass
class Offer:
    """A file that a session may fetch, made when it is fetched. It ends with the session."""

    folder: Path
    make: Callable[[Path], object]
    filename: str
    excel: bool

    def write(self) -> Path:
        """Make the file under a name of ours in the export folder. Raises what `make` raises, leaving nothing."""
        path = self.folder / f"{uuid.uuid4().hex}.csv"
        try:
            self.make(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path


_offers: WeakValueDictionary[str, Offer] = WeakValueDictionary()


def csv_button(
    label: str,
    make: Callable[[Path], object],
    filename: str,
    key: str,
    *,
    rows: int | None = None,
    excel: bool = False,
    help: str | None = None,
    disabled: bool = False,
) -> None:
    """A button that has `make(path)` write a CSV and hands it over under `filename`.

    The file is made on the click, on a thread beside the page, in the workspace's export folder, and deleted once
    it has been handed over. Say how many `rows` it will have where it may be long: from LARGE on it is streamed.
    With `excel` it begins with a byte order mark, without which Excel misreads accents.
    """
    store = _store()
    if store is None or disabled:
        st.download_button(label, b"", filename, "text/csv", key=key, help=help, disabled=True)
        return
    offer = Offer(store.exports, make, filename, excel)
    if rows is not None and rows >= LARGE:
        said = f"About {fmt.count(rows, 'row')}: the file is written first, which may take a moment."
        st.link_button(label, _offered(key, offer), help=help or said)
        return
    st.download_button(label, lambda: _bytes(offer), filename, "text/csv", key=key, help=help, on_click="ignore")


def routes() -> list[BaseRoute]:
    """What app.py serves beside the pages."""
    return [Route(_PATH, _serve, methods=["GET"])]


def _store() -> Store | None:
    try:
        return state.store()
    except Refusal:
        return None


def _bytes(offer: Offer) -> bytes:
    path = offer.write()
    try:
        return (_BOM if offer.excel else b"") + path.read_bytes()
    finally:
        path.unlink(missing_ok=True)


def _offered(key: str, offer: Offer) -> str:
    """The address of the file: one for each button and session, as long as the session lasts."""
    held: dict[str, tuple[str, Offer]] = st.session_state.setdefault(_OFFERS, {})
    token = held[key][0] if key in held else secrets.token_urlsafe(24)
    held[key] = (token, offer)
    _offers[token] = offer
    return _PATH.format(token=token)


async def _serve(request: Request) -> Response:
    offer = _offers.get(request.path_params["token"])
    if offer is None:
        return PlainTextResponse("This link has ended. Go back to Limelight and press the button again.", 404)
    try:
        path = await run_in_threadpool(offer.write)
    except Refusal as refusal:
        return PlainTextResponse(str(refusal), 409)
    if offer.excel:
        path = await run_in_threadpool(_with_mark, path)
    done = BackgroundTask(path.unlink, missing_ok=True)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type="text/csv", filename=offer.filename, headers=headers, background=done)


def _with_mark(path: Path) -> Path:
    import shutil

    marked = path.with_suffix(".excel.csv")
    with marked.open("wb") as out, path.open("rb") as content:
        out.write(_BOM)
        shutil.copyfileobj(content, out, 4 << 20)
    path.unlink()
    return marked
