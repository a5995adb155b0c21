"""Files are made when they are fetched, streamed when they are long, and gone afterwards."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from core.errors import Refusal
from pages._ui import downloads
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

    def get(self, path: str) -> Answer:
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

        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "headers": [],
            "query_string": b"",
            "http_version": "1.1",
        }
        asyncio.run(Starlette(routes=downloads.routes())(scope, receive, send))
        return answer


@pytest.fixture
def client() -> Client:
    return Client()


def written(path: Path) -> None:
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
    def refuse(path: Path) -> None:
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
