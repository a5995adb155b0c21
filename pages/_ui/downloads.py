"""Files for the person: made when asked for, never before; large ones streamed from the export folder."""

from __future__ import annotations

import secrets
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Store
from pages._ui import format as fmt
from pages._ui import state
from pages._ui.making import Making, find_making

LARGE = 200_000
"""Rows from which a file is streamed: Streamlit's own button would hold all of it in memory."""

STREAMED = 50_000_000
"""Bytes from which it is."""

Make = Callable[[Path, Step], object]
"""Writes a file at the path it is given, telling the step; what it raises is said where the file was asked for."""

_BOM = b"\xef\xbb\xbf"
_PATH = "/limelight/files/{token}"
_MAKING = "/limelight/making/{making}"
_OFFERS = "_offers"
_WAITING = Path(__file__).parent / "assets" / "making.html"


@dataclass
class Offer:
    """A file that a session may fetch, made when it is fetched. It ends with the session."""

    folder: Path
    make: Make
    filename: str
    excel: bool = False
    media_type: str = "text/csv"

    def write(self, path: Path, step: Step = no_step) -> None:
        """Make the file at `path`. Raises what `make` raises, leaving nothing."""
        try:
            self.make(path, step)
            if self.excel:
                _mark(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


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
    large = rows is not None and rows >= LARGE
    said = f"About {fmt.count(rows, 'row')}: the file is written first, which may take a moment." if large else None
    _button(
        label,
        lambda folder: Offer(folder, lambda path, step: make(path), filename, excel),
        key,
        large=large,
        help=help or said,
        disabled=disabled,
    )


def file_button(
    label: str,
    make: Make,
    filename: str,
    key: str,
    *,
    media_type: str = "application/octet-stream",
    size: int | None = None,
    help: str | None = None,
    disabled: bool = False,
) -> None:
    """A button that has `make(path, step)` write a file of any kind and hands it over under `filename`.

    Say how many bytes it will have, about, where that may be much: from STREAMED on it never passes through memory.
    It is then written beside the page, a tab of its own says how far that is, and closing that tab cancels it.
    """
    large = size is not None and size >= STREAMED
    said = f"About {fmt.size(size)}: the file is written first, which may take a moment." if large else None
    _button(
        label,
        lambda folder: Offer(folder, make, filename, media_type=media_type),
        key,
        large=large,
        help=help or said,
        disabled=disabled,
    )


def routes() -> list[BaseRoute]:
    """What app.py serves beside the pages."""
    return [
        Route(_PATH, _serve, methods=["GET"]),
        Route(_MAKING, _wait, methods=["GET"]),
        Route(f"{_MAKING}/state", _state, methods=["GET"]),
        Route(f"{_MAKING}/file", _file, methods=["GET"]),
        Route(f"{_MAKING}/leave", _leave, methods=["POST"]),
        Route(f"{_MAKING}/cancel", _leave, methods=["POST"]),
    ]


def _button(
    label: str, offered: Callable[[Path], Offer], key: str, *, large: bool, help: str | None, disabled: bool
) -> None:
    store = _store()
    if store is None or disabled:
        st.download_button(label, b"", "none", key=key, help=help, disabled=True)
        return
    offer = offered(store.exports)
    if large:
        st.link_button(label, _offered(key, offer), help=help)
        return
    st.download_button(
        label, lambda: _bytes(offer), offer.filename, offer.media_type, key=key, help=help, on_click="ignore"
    )


def _store() -> Store | None:
    try:
        return state.store()
    except Refusal:
        return None


def _bytes(offer: Offer) -> bytes:
    path = offer.folder / uuid.uuid4().hex
    offer.write(path)
    try:
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)


def _offered(key: str, offer: Offer) -> str:
    """The address of the file: one for each button and session, as long as the session lasts."""
    held: dict[str, tuple[str, Offer]] = st.session_state.setdefault(_OFFERS, {})
    token = held[key][0] if key in held else secrets.token_urlsafe(24)
    held[key] = (token, offer)
    _offers[token] = offer
    return _PATH.format(token=token)


# ---- the routes


class _Once(FileResponse):
    """Hands a file over whole, and removes it whether it arrived or the browser went away."""

    def __init__(self, making: Making, path: Path) -> None:
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Accept-Ranges": "none"}
        super().__init__(path, media_type=making.media_type, filename=making.filename, headers=headers)
        self._making = making

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            whole = [(name, value) for name, value in scope["headers"] if name not in (b"range", b"if-range")]
            await super().__call__({**scope, "headers": whole}, receive, send)
        finally:
            self._making.discard()


async def _serve(request: Request) -> Response:
    """Begin a file. One that is there within a second is the answer; for others a page waits."""
    offer = _offers.get(request.path_params["token"])
    if offer is None:
        return _ended()
    making = Making(offer.folder, offer.write, offer.filename, offer.media_type)
    if await run_in_threadpool(making.over.wait, 1.0):
        return _handed_over(making)
    return RedirectResponse(_MAKING.format(making=making.id), 303, headers={"Cache-Control": "no-store"})


async def _wait(request: Request) -> Response:
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
    return HTMLResponse(_WAITING.read_text(encoding="utf-8"), headers={"Content-Security-Policy": policy})


async def _state(request: Request) -> Response:
    making = find_making(request.path_params["making"])
    return JSONResponse(making.state(), headers={"Cache-Control": "no-store"}) if making else _ended()


async def _file(request: Request) -> Response:
    making = find_making(request.path_params["making"])
    return _handed_over(making) if making else _ended()


async def _leave(request: Request) -> Response:
    making = find_making(request.path_params["making"])
    if making:
        making.stop() if request.url.path.endswith("/cancel") else making.leave()
    return Response(status_code=204)


def _handed_over(making: Making) -> Response:
    path = making.take()
    if path is not None:
        return _Once(making, path)
    return PlainTextResponse(str(making.error), 409) if making.error else _ended()


def _ended() -> Response:
    return PlainTextResponse("This link has ended. Go back to Limelight and press the button again.", 404)


def _mark(path: Path) -> None:
    """Put a byte order mark before what is in the file."""
    marked = path.with_name(path.name + ".marked")
    try:
        with marked.open("wb") as out, path.open("rb") as content:
            out.write(_BOM)
            shutil.copyfileobj(content, out, 4 << 20)
        marked.replace(path)
    finally:
        marked.unlink(missing_ok=True)
