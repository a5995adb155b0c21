"""Lists of ids as people bring them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.campaigns import consent_columns, contact_columns, ids_digest, read_ids, users_query
from core.errors import Refusal
from core.store import defuse
from tests.campaigns.world import World, prepare, put
from tests.examples import examples
from tests.prepared import new_store

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes) -> Path:
        path = tmp_path / "list.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


@pytest.mark.parametrize(
    "content",
    [
        "007\nÄnne\n8,5\n".replace("8,5", "8"),
        "user_id\r\n007\r\nÄnne\r\n\r\n8\r\n007\r\n",
        "﻿CustomerID\n007\n  Änne  \n8",
        'rank,user_id,why\n1,007,"line one\nline two"\n2,Änne,x\n3,"8",\n4,,\n',
        "E-Mail;Customer ID\na@x;007\nb@x;Änne\nc@x;8\n",
        "arm\tuser\nx\t007\nx\tÄnne\nx\t8\n",
        '"007"\n"Änne"\n"8"\n',
        "007\rÄnne\r8\r",
        "user_id\n007\nÄnne\n8".encode("utf-16"),
        "user_id\n007\nÄnne\n8".encode("cp1252"),
    ],
)
def test_what_people_bring(write: Write, content: str | bytes) -> None:
    assert read_ids(write(content)) == ["007", "Änne", "8"]


def test_addresses_alone_are_read_too_and_items_by_their_own_names(write: Write) -> None:
    assert read_ids(write("name,E-mail\nAnn,a@x.org\nBob,b@x.org\n")) == ["a@x.org", "b@x.org"]
    assert read_ids(write("StockCode,note\n0851,x\n85123A,y\n"), what="item") == ["0851", "85123A"]


@pytest.mark.parametrize(
    ("content", "what", "code"),
    [
        ("", "user", "empty_list"),
        ("user_id\n\n \n", "user", "empty_list"),
        ("name,town\nann,Bonn\n", "user", "no_id_column"),
        ("user_id,x\n1,2\n", "item", "no_id_column"),
        ('user_id,x\n1,"2\n3,4\n', "user", "unreadable_list"),
        ('user_id,x\n"1\n2",4\n', "user", "unreadable_list"),
        (gzip.compress(b"1\n2\n", mtime=0), "user", "not_text"),
        (b"PK\x03\x04rest of a workbook", "user", "not_text"),
        (b"1\x002\n", "user", "not_text"),
    ],
)
def test_refusals(write: Write, content: str | bytes, what: Literal["user", "item"], code: str) -> None:
    with pytest.raises(Refusal) as told:
        read_ids(write(content), what=what)
    assert told.value.code == code


def test_too_many_and_no_file(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refusal) as told:
        read_ids(tmp_path / "none.csv")
    assert told.value.code == "no_such_file"
    monkeypatch.setattr("core.campaigns.ids.MOST_IDS", 2)
    assert read_ids(write("1\n2\n2\n")) == ["1", "2"]
    with pytest.raises(Refusal) as told:
        read_ids(write("1\n2\n3\n"))
    assert told.value.code == "list_too_large"
    monkeypatch.setattr("core.campaigns.ids.MOST_BYTES", 3)
    with pytest.raises(Refusal) as told:
        read_ids(write("1\n2\n"))
    assert told.value.code == "list_too_large"


@settings(max_examples=examples(50))
@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8), min_size=1, unique=True))
def test_a_list_of_ours_is_read_back(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    """Ids as a file of Limelight's holds them: quoted where need be, formulas defused."""
    path = tmp_path_factory.mktemp("own") / "list.csv"
    cells = ['"' + defuse(raw).replace('"', '""') + '"' for raw in ids]
    path.write_text("user_id,rank\n" + "".join(f"{cell},{n}\n" for n, cell in enumerate(cells)), "utf-8")
    assert read_ids(path) == ids


def test_the_digest_is_that_of_the_sorted_lines() -> None:
    assert ids_digest(["b", "a", "b"]) == hashlib.sha256(b"a\nb\n").hexdigest() == ids_digest(["a", "b"])
    assert ids_digest(["ab"]) != ids_digest(["a", "b"])


def test_columns_and_numbers(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        put(prepare(store), World({"a": {}, "b": {}}))
        assert consent_columns(store) == ["consent_email", "consent_sms"]
        assert contact_columns(store) == ["email", "phone"]
        many = list(range(200_000))
        assert sorted(store.read(users_query([*many, 5]))["user_no"].to_pylist()) == many
        assert store.read(users_query([])).num_rows == 0
