"""Files are made when they are fetched, streamed when they are long, and gone afterwards."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.types import Message

from core.errors import Refusal
from core.progress import Step, no_step
from pages._ui import downloads, making
from pages._ui.downloads import Offer


@dataclass
class Answer:
    status_code: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""

    @property
    def text(self) -> str:
        return self.content.decode()


class Client:
    """Asks the routes as a server would."""

    def get(self, path: str, *, method: str = "GET", gone_after: int | None = None, **headers: str) -> Answer:
        """With `gone_after`, the browser is gone after so many bytes."""
        answer = Answer()

        async def receive() -> Message:  # a browser that stays until the end
            await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status_code = message["status"]
                answer.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            else:
                answer.content += message.get("body", b"")
                if gone_after is not None and len(answer.content) >= gone_after:
                    raise OSError("the browser has gone")

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
            "query_string": b"",
            "http_version": "1.1",
        }
        with suppress(*([] if gone_after is None else [OSError, ClientDisconnect])):
            asyncio.run(Starlette(routes=downloads.routes())(scope, receive, send))
        return answer


@pytest.fixture
def client() -> Client:
    return Client()


def written(path: Path, step: Step = no_step) -> None:
    path.write_text("user_id\nzoë\n", encoding="utf-8")


def offered(offer: Offer) -> str:
    downloads._offers["one"] = offer
    return "/limelight/files/one"


def test_a_file_is_handed_over_under_its_name_and_then_deleted(client: Client, tmp_path: Path) -> None:
    offer = Offer(tmp_path, written, "buyers of März.csv", False)
    answer = client.get(offered(offer))
    assert answer.status_code == 200
    assert answer.text == "user_id\nzoë\n"
    assert "buyers%20of%20M%C3%A4rz.csv" in answer.headers["content-disposition"]
    assert answer.headers["content-type"].startswith("text/csv")
    assert not list(tmp_path.iterdir())


def test_for_excel_it_begins_with_a_byte_order_mark(client: Client, tmp_path: Path) -> None:
    offer = Offer(tmp_path, written, "x.csv", True)
    answer = client.get(offered(offer))
    assert answer.content == b"\xef\xbb\xbfuser_id\nzo\xc3\xab\n"
    assert downloads._bytes(offer) == answer.content
    assert not list(tmp_path.iterdir())


def test_a_refusal_is_said_in_words(client: Client, tmp_path: Path) -> None:
    def refuse(path: Path, step: Step) -> None:
        path.write_text("half")
        raise Refusal("no_such_batch", "There is no batch 7.")

    offer = Offer(tmp_path, refuse, "x.csv", False)
    answer = client.get(offered(offer))
    assert (answer.status_code, answer.text) == (409, "There is no batch 7.")
    assert not list(tmp_path.iterdir()), "half a file is not left behind"


def test_a_link_ends_with_its_session(client: Client, tmp_path: Path) -> None:
    url = offered(Offer(tmp_path, written, "x.csv", False))
    gc.collect()
    assert client.get(url).status_code == 404
    assert client.get("/limelight/files/guessed").status_code == 404


def content_of(folder: Path) -> list[Path]:
    """What lies in the export folder, once threads at work have had their turn."""
    until = time.monotonic() + 5
    while list(folder.iterdir()) and time.monotonic() < until:
        time.sleep(0.02)
    return list(folder.iterdir())


class Slow:
    """A file that is long in the making: half of it is there at once, the rest when the test says so."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, path: Path, step: Step) -> None:
        with path.open("wb") as out:
            out.write(b"x" * 1_000)
            out.flush()
            step.report(0.5, "Writing")
            while not self.go.wait(0.02):
                step.check()
            out.write(b"y" * 1_000)


def begun(client: Client, folder: Path, make: downloads.Make) -> str:
    offer = Offer(folder, make, "list.bin", media_type="application/zip")
    answer = client.get(offered(offer))
    assert answer.status_code == 303
    return answer.headers["location"]


def test_a_long_file_is_waited_for_on_a_page_that_says_how_far_it_is(client: Client, tmp_path: Path) -> None:
    slow = Slow()
    here = begun(client, tmp_path, slow)
    page = client.get(here)
    assert "Writing the file" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    told = json.loads(client.get(f"{here}/state").text)
    assert (told["filename"], told["written"], told["share"], told["note"]) == ("list.bin", 1_000, 0.5, "Writing")
    assert (told["over"], told["error"]) == (False, None)
    assert client.get(f"{here}/file").status_code == 404, "half a file is not handed over"
    slow.go.set()
    while not json.loads(client.get(f"{here}/state").text)["over"]:
        time.sleep(0.02)
    answer = client.get(f"{here}/file", range="bytes=1000-")
    assert (answer.status_code, answer.content) == (200, b"x" * 1_000 + b"y" * 1_000), "whole, whatever was asked"
    assert answer.headers["content-type"] == "application/zip"
    assert not list(tmp_path.iterdir())
    assert client.get(f"{here}/file").status_code == 404, "once"


@pytest.mark.parametrize("way", ["cancel", "leave", "session"])
def test_a_file_that_nobody_waits_for_is_not_kept(
    client: Client, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "_LEAVING", 0.1)
    here = begun(client, tmp_path, Slow())
    if way == "session":  # nobody asks any more
        monkeypatch.setattr(making, "PATIENCE", 0.4)
    if way != "session":
        assert client.get(f"{here}/{way}", method="POST").status_code == 204
    assert content_of(tmp_path) == []


def test_a_download_that_is_broken_off_leaves_nothing(client: Client, tmp_path: Path) -> None:
    offer = Offer(tmp_path, lambda path, step: path.write_bytes(b"z" * 5_000_000), "z.bin")
    answer = client.get(offered(offer), gone_after=100_000)
    assert 100_000 <= len(answer.content) < 5_000_000
    assert not list(tmp_path.iterdir())


def test_a_defect_ends_in_words(client: Client, tmp_path: Path) -> None:
    def fail(path: Path, step: Step) -> None:
        path.write_text("half")
        raise ZeroDivisionError

    offer = Offer(tmp_path, fail, "x.csv")
    answer = client.get(offered(offer))
    assert (answer.status_code, answer.text) == (409, "Limelight failed while it wrote the file (ZeroDivisionError).")
    assert not list(tmp_path.iterdir())
