"""Uploads in pieces: whole to the byte, in order, bounded, and gone with their session. And who may not upload."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import random
import stat
import weakref
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from core.errors import Refusal
from pages._ui import upload_routes, uploads
from pages._ui.uploads import PIECE, RESERVE, Box, WrongOffset

OWN = {
    "host": "127.0.0.1:8501",
    "origin": "http://127.0.0.1:8501",
    "sec-fetch-site": "same-origin",
    "x-limelight-upload": "1",
}


@dataclass
class Answer:
    status: int
    said: dict[str, Any]


def ask(
    method: str, path: str, body: bytes = b"", *, headers: dict[str, str] | None = None, cut: int | None = None
) -> Answer:
    """What the routes answer; with `cut` the browser is gone after so many bytes of the body."""
    sent = {**OWN, "content-length": str(len(body)), **(headers or {})}
    status, content = 0, b""
    parts = iter([body if cut is None else body[:cut]])

    async def receive() -> Message:
        part = next(parts, None)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": cut is not None}

    async def send(message: Message) -> None:
        nonlocal status, content
        if message["type"] == "http.response.start":
            status = message["status"]
        content += message.get("body", b"")

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "http_version": "1.1",
             "headers": [(k.encode(), v.encode()) for k, v in sent.items() if v]}  # fmt: skip
    asyncio.run(Starlette(routes=upload_routes.routes())(scope, receive, send))
    return Answer(status, json.loads(content) if content else {})


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def at(box: Box, *rest: str) -> str:
    return "/".join([f"/limelight/uploads/{box.token}", *rest])


def begin(box: Box, *files: tuple[str, int]) -> list[str]:
    answer = ask("POST", at(box), json.dumps({"files": [{"name": n, "size": s} for n, s in files]}).encode())
    assert answer.status == 200, answer
    return [one["id"] for one in answer.said["uploads"]]


def put(box: Box, one: str, offset: int, piece: bytes, **more: Any) -> Answer:
    return ask("PUT", at(box, one), piece, headers={"x-limelight-offset": str(offset)}, **more)


def test_a_file_in_pieces_is_the_same_to_the_byte_though_the_connection_is_lost_midway(
    box: Box, tmp_path: Path
) -> None:
    content = random.Random(1).randbytes(3_000_001)
    (one,) = begin(box, ("orders.csv", len(content)))
    assert put(box, one, 0, content[:1_000_000]).said == {"offset": 1_000_000}
    assert put(box, one, 1_000_000, content[1_000_000:2_000_000], cut=400_000).status == 400  # cut off in a piece
    at_server = ask("GET", at(box, one)).said
    assert at_server == {"offset": 1_000_000, "size": 3_000_001}, "half a piece is no piece"
    assert put(box, one, 1_000_000, content[1_000_000:2_500_000]).said == {"offset": 2_500_000}
    assert put(box, one, 2_500_000, content[2_500_000:]).said == {"offset": len(content)}
    assert not box.any_ready
    assert ask("POST", at(box, "ready"), json.dumps({"ids": [one]}).encode()).status == 200
    (file,) = box.take()
    assert (file.name, hashlib.sha256(file.path.read_bytes()).digest()) == (
        "orders.csv",
        hashlib.sha256(content).digest(),
    )
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert box.take() == []


def test_a_piece_at_another_offset_is_not_written(box: Box) -> None:
    (one,) = begin(box, ("a.csv", 10))
    put(box, one, 0, b"01234")
    for wrong in (0, 4, 6, 10):
        answer = put(box, one, wrong, b"xxxx")
        assert (answer.status, answer.said["offset"]) == (409, 5)
    found = box.find(one)
    assert found is not None
    with pytest.raises(WrongOffset):  # two requests at once: the second finds the first one's bytes
        box.append(found, 0, b"01234")
    assert found.path.read_bytes() == b"01234"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "evil.example", "origin": "http://evil.example"}, 403),  # a name that was moved to 127.0.0.1
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"x-limelight-upload": ""}, 403),
        ({"host": ""}, 403),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_site_may_do_nothing(box: Box, method: str, headers: dict[str, str], status: int) -> None:
    (one,) = begin(box, ("a.csv", 4))
    answer = ask(method, at(box, one), b"abcd", headers={"x-limelight-offset": "0", **headers})
    assert (answer.status, answer.said["code"]) == (status, "foreign_page")
    found = box.find(one)
    assert found is not None
    assert found.offset == 0


def test_a_guessed_token_finds_nothing(box: Box, tmp_path: Path) -> None:
    (one,) = begin(box, ("a.csv", 4))
    other = Box(tmp_path)
    for path in ("/limelight/uploads/guessed/" + one, at(box, "guessed"), at(other, one)):
        for method in ("GET", "PUT", "DELETE"):
            answer = ask(method, path, b"abcd", headers={"x-limelight-offset": "0"})
            assert (answer.status, answer.said["code"]) == (404, "upload_ended")
    assert ask("POST", at(other, "ready"), json.dumps({"ids": [one]}).encode()).status == 400
    assert box.find(one) is not None


def test_what_is_too_large_is_refused(box: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (one,) = begin(box, ("a.csv", PIECE * 2))
    assert put(box, one, 0, b"").status == 200
    assert ask("PUT", at(box, one), b"x" * (PIECE + 1), headers={"x-limelight-offset": "0"}).status == 413
    assert ask("PUT", at(box, one), b"x", headers={"x-limelight-offset": "0", "content-length": ""}).status == 411
    assert ask("PUT", at(box, one), b"xyz", headers={"x-limelight-offset": "0", "content-length": "2"}).status == 400
    (short,) = begin(box, ("b.csv", 3))
    assert put(box, short, 0, b"xyzz").status == 400, "longer than it was said to be"
    monkeypatch.setenv("LIMELIGHT_UPLOAD_LIMIT", "20 MB")
    answer = ask("POST", at(box), json.dumps({"files": [{"name": "c", "size": 10_000_000}]}).encode())
    assert (answer.status, answer.said["code"]) == (413, "upload_too_large")
    assert "20.0 MB" in answer.said["message"]
    assert len(list(tmp_path.iterdir())) == 2, "nothing was begun"


@pytest.mark.parametrize(
    "told",
    [b"", b"[]", b"{}", b'{"files": []}', b'{"files": [{"name": "a"}]}', b'{"files": [{"name": "a", "size": -1}]}',
     b'{"files": [{"name": "a", "size": 1.5}]}', b'{"files": [{"name": "a", "size": true}]}', b"\xff"],
)  # fmt: skip
def test_nonsense_is_refused_in_words(box: Box, told: bytes) -> None:
    answer = ask("POST", at(box), told)
    assert (answer.status, answer.said["code"]) == (400, "bad_upload")


def test_a_full_disk_is_said_and_leaves_no_half_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Boxes of other tests that are not collected yet have been promised room as well.
    monkeypatch.setattr(uploads, "_boxes", weakref.WeakValueDictionary())
    free = RESERVE + 1_000
    box = Box(tmp_path, lambda: free)
    with pytest.raises(Refusal, match="do not fit") as refused:
        box.begin([("a.csv", 2_000)])
    assert refused.value.code == "disk_full"
    other = Box(tmp_path, lambda: free)
    other.begin([("b.csv", 900)])
    with pytest.raises(Refusal, match="room for 100 bytes"):  # what others were promised counts
        box.begin([("a.csv", 500)])
    (one,) = box.begin([("a.csv", 100)])
    box.append(one, 0, b"x" * 50)
    free = RESERVE // 4  # another program has filled the disk meanwhile
    with pytest.raises(Refusal, match="full"):
        box.append(one, 50, b"x" * 50)
    free = RESERVE + 1_000
    assert box.append(one, 50, b"y" * 50) == 100
    assert one.path.read_bytes() == b"x" * 50 + b"y" * 50


def test_cancelling_removes_what_has_arrived(box: Box, tmp_path: Path) -> None:
    one, other = begin(box, ("a.csv", 8), ("b.csv", 4))
    put(box, one, 0, b"abcd")
    assert ask("DELETE", at(box, one)).status == 204
    assert put(box, one, 4, b"efgh").status == 404
    assert len(list(tmp_path.iterdir())) == 1
    assert ask("POST", at(box, "ready"), json.dumps({"ids": [other]}).encode()).status == 400, "not whole yet"


def test_what_lies_in_the_box_goes_with_its_session(tmp_path: Path) -> None:
    box = Box(tmp_path)
    token = box.token
    one, other = begin(box, ("a.csv", 4), ("b.csv", 4))
    put(box, one, 0, b"abcd")
    put(box, other, 0, b"ab")
    box.ready([one])
    (taken,) = box.take()
    del box
    gc.collect()
    assert list(tmp_path.iterdir()) == [taken.path], "the one that was taken is its taker's"
    assert uploads.find_box(token) is None
    assert ask("GET", f"/limelight/uploads/{token}/{other}").status == 404


def test_what_nobody_has_asked_for_in_hours_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 1_000.0
    monkeypatch.setattr(uploads, "time", SimpleNamespace(monotonic=lambda: clock))
    left, held = Box(tmp_path), Box(tmp_path)
    (half,), (paused,) = begin(left, ("a.csv", 4)), begin(held, ("b.csv", 4))
    clock += uploads.IDLE - 1
    assert ask("GET", at(held, paused)).status == 200  # its page says that it is there
    clock += 2
    Box(tmp_path)
    assert left.find(half) is None
    assert held.find(paused) is not None
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a\0b\n.csv", "", "x" * 5_000, "..", "a/b.csv"])
def test_a_name_is_never_a_path(box: Box, tmp_path: Path, name: str) -> None:
    (one,) = begin(box, (name, 1))
    (path,) = tmp_path.iterdir()
    assert path.name.startswith("upload-")
    found = box.find(one)
    assert found is not None
    assert found.name
    assert found.name.isprintable()
    assert len(found.name) <= 255


def test_a_limit_is_read_as_people_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"": None, "20GB": 20_000_000_000, "500 mb": 500_000_000, "1.5 TB": 1_500_000_000_000, "7": 7, "much": None}
    for text, limit in said.items():
        monkeypatch.setenv("LIMELIGHT_UPLOAD_LIMIT", text)
        assert uploads.upload_limit() == limit, text
