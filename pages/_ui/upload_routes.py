"""What the app answers to a browser that uploads in pieces: begin, add a piece, how far, cancel, hand over.

    POST   /limelight/uploads/BOX          {"files": [{"name", "size"}]} -> {"uploads": [{"id", "offset"}]}
    GET    /limelight/uploads/BOX/UPLOAD   -> {"offset", "size"}
    PUT    /limelight/uploads/BOX/UPLOAD   a piece, header X-Limelight-Offset -> {"offset"}; 409 {"offset"} if wrong
    DELETE /limelight/uploads/BOX/UPLOAD   cancel: what has arrived is removed
    POST   /limelight/uploads/BOX/ready    {"ids": [...]}: the page may take these files

A refusal is JSON: {"code", "message", "hint"}. Nothing here is logged: names are the visitor's own affair.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from streamlit.web.server.server_util import is_url_from_allowed_origins
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from core.errors import Refusal
from pages._ui.uploads import PIECE, Box, Upload, WrongOffset, find_box

ADDRESS = "/limelight/uploads/{box}"
HEADER = "X-Limelight-Upload"
OFFSET = "X-Limelight-Offset"
_MOST_TEXT = 1 << 20
_STATUS = {"disk_full": 507, "upload_too_large": 413, "too_many_files": 413}
_ENDED = Refusal(
    "upload_ended",
    "This upload is not known here any longer: it was cancelled, or the page has lost its session.",
    "Load the page again and choose the file again.",
)

_Handler = Callable[[Request, Box], Awaitable[Response]]


def routes() -> list[BaseRoute]:
    """What app.py serves for uploads."""
    return [
        Route(ADDRESS, _guarded(_begin), methods=["POST"]),
        Route(f"{ADDRESS}/ready", _guarded(_ready), methods=["POST"]),
        Route(f"{ADDRESS}/{{upload}}", _guarded(_one), methods=["GET", "PUT", "DELETE"]),
    ]


def _guarded(handler: _Handler) -> Callable[[Request], Awaitable[Response]]:
    """Only for pages of this app (see `_own_page`) that know a box which is still there."""

    async def answer(request: Request) -> Response:
        if not _own_page(request):
            return _refused(Refusal("foreign_page", "Only a page of Limelight may upload.", "Open Limelight."), 403)
        box = find_box(request.path_params["box"])
        if box is None:
            return _refused(_ENDED, 404)
        try:
            return await handler(request, box)
        except WrongOffset as wrong:
            return JSONResponse({"code": "wrong_offset", "offset": wrong.offset}, 409)
        except Refusal as refusal:
            return _refused(refusal, _STATUS.get(refusal.code, 400))
        except ClientDisconnect:  # the browser has gone; what it had not sent whole was not written
            return Response(status_code=400)

    return answer


def _own_page(request: Request) -> bool:
    """Whether a page of this app asks: Streamlit's rule for its own connection, and a header of ours.

    A browser sends our header to another host only after that host has agreed to it, which this app never does.
    """
    headers = request.headers
    if headers.get(HEADER) != "1" or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    host, origin = headers.get("host"), headers.get("origin")
    if not is_host_allowed(host):
        return False
    return origin is None or urlsplit(origin).netloc == host or bool(is_url_from_allowed_origins(origin))


async def _begin(request: Request, box: Box) -> Response:
    told = await _json(request)
    try:
        files = [(str(file["name"]), _whole(file["size"])) for file in told["files"]]
    except (KeyError, TypeError, ValueError):
        raise Refusal("bad_upload", "That does not say which files are to come.") from None
    begun = await run_in_threadpool(box.begin, files)
    return _said({"uploads": [{"id": one.id, "offset": one.offset} for one in begun]})


async def _ready(request: Request, box: Box) -> Response:
    ids = (await _json(request)).get("ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise Refusal("bad_upload", "That does not say which files are ready.")
    box.ready(ids)
    return _said({"ready": len(ids)})


async def _one(request: Request, box: Box) -> Response:
    upload = box.find(request.path_params["upload"])
    if upload is None:
        return _refused(_ENDED, 404)
    if request.method == "DELETE":
        await run_in_threadpool(box.cancel, upload)
        return Response(status_code=204)
    if request.method == "PUT":
        return await _piece(request, box, upload)
    return _said({"offset": upload.offset, "size": upload.size})


async def _piece(request: Request, box: Box, upload: Upload) -> Response:
    try:
        offset = _whole(request.headers.get(OFFSET))
        length = _whole(request.headers.get("content-length"))
    except ValueError:
        return _refused(Refusal("bad_upload", "A piece must say its offset and its length."), 411)
    if length > PIECE:
        return _refused(Refusal("bad_upload", f"A piece may have {PIECE:,} bytes at most."), 413)
    if offset != upload.offset:
        raise WrongOffset(upload.offset)
    piece = await _body(request, length)
    if len(piece) != length:
        raise Refusal("bad_upload", "A piece has not arrived whole.")
    return _said({"offset": await run_in_threadpool(box.append, upload, offset, piece)})


async def _body(request: Request, most: int) -> bytearray:
    held = bytearray()
    async for part in request.stream():
        held += part
        if len(held) > most:
            raise Refusal("bad_upload", "More bytes have arrived than were announced.")
    return held


async def _json(request: Request) -> dict[str, Any]:
    try:
        told = json.loads(await _body(request, _MOST_TEXT))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Refusal("bad_upload", "That is not JSON.")
    return told


def _whole(value: object) -> int:
    """A whole number that is not negative. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    raise ValueError(value)


def _said(what: dict[str, Any]) -> Response:
    return JSONResponse(what, headers={"Cache-Control": "no-store"})


def _refused(refusal: Refusal, status: int) -> Response:
    return JSONResponse(refusal.as_json(), status, headers={"Cache-Control": "no-store"})
