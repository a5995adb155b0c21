"""Pseudonyms: the same as Python's hmac, the same in every file, under one key; raw values are nowhere kept."""

from __future__ import annotations

import hashlib
import hmac
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.campaigns.candidates import People
from core.errors import Refusal
from core.ingest import ColumnMap, Mapping, pseudonym
from core.store import Query, Store
from core.store.keys import key_file, pseudonym_key
from tests.ingest.loading import load_text, table, undo_batch, workspace

KEY = "the key of these tests, long enough"
EVENTS = Mapping(
    "events",
    (
        ColumnMap("who", "user", pseudonym=True),
        ColumnMap("what", "item"),
        ColumnMap("bill", "order", pseudonym=True),
        ColumnMap("query", "context", pseudonym=True),
        ColumnMap("mail", "contact"),
        ColumnMap("n", "quantity"),
    ),
    event="purchase",
)
USERS = Mapping("users", (ColumnMap("id", "user", pseudonym=True), ColumnMap("city", "attribute")))
ROWS = "who,what,bill,query,mail,n\nAnn Ünlü ,lamp,B1,red shoe,ann@x.example,1\n"
ROWS += "Ann Ünlü,bulb,B1,,new@x.example,2\n,bulb,B2,red shoe,nobody@x.example,1\nbob,lamp,B3,x,,1\n"
ROWS += "bob,lamp,B3,secret,,many\n"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("LIMELIGHT_PSEUDONYM_KEY", KEY)
    with workspace(tmp_path) as store:
        yield store


def made(text: str) -> str:
    return hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_values_are_those_of_hmac_in_every_file(store: Store) -> None:
    load_text(store, ROWS, EVENTS)
    load_text(store, "id,city\n Ann Ünlü,Rom\ncy,Oslo\n", USERS, "users.csv")
    assert {str(row["user_id"]): row["city"] for row in table(store, "users")} == {
        made("Ann Ünlü"): "Rom", made("bob"): None, made("cy"): "Oslo",
    }  # fmt: skip
    rows = store.rows(Query("SELECT order_id, query, quantity AS n FROM events ORDER BY n, order_id"))
    expected = [("B1", "red shoe", 1), ("B2", "red shoe", 1), ("B3", "x", 1), ("B1", None, 2)]
    assert {(r["order_id"], r["query"], r["n"]) for r in rows} == {
        (made(order), query and made(query), n) for order, query, n in expected
    }
    contacts = store.rows(Query("SELECT user_id, value FROM contact_facts JOIN users USING (user_no)"))
    assert contacts == [{"user_id": made("Ann Ünlü"), "value": "new@x.example"}], "the last; nobody's is not kept"
    assert pseudonym("\u00a0Ann Ünlü ") == made("Ann Ünlü")
    long = "k" * 100
    store.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIMELIGHT_PSEUDONYM_KEY", long)
        assert pseudonym("x") == hmac.new(long.encode(), b"x", hashlib.sha256).hexdigest()


def test_nothing_raw_and_no_key_is_kept(store: Store) -> None:
    load_text(store, ROWS, EVENTS)
    (reject,) = store.rows(Query("SELECT raw, message FROM rejects"))
    assert reject == {"raw": "***,lamp,***,***,***,many", "message": "'many' is not a number."}
    store.close()
    content = store.path.read_bytes()
    words = ("Ann", "bob", "red shoe", "secret", "nobody@", "ann@x", KEY, KEY.encode().hex())
    assert [word for word in words if word.encode() in content] == []
    assert b"new@x.example" in content, "a contact is kept, and would be seen"


def test_raw_ids_given_later_name_their_users(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    load_text(store, ROWS, EVENTS)
    people = People.read(store, "salt")
    named, unknown = people.named(["Ann Ünlü", "dee"], contacts=False)
    assert [made("Ann Ünlü")] == [raw for raw, hit in zip(people.raw.to_pylist(), named, strict=True) if hit]
    assert unknown == 1
    both, unknown = people.named([made("bob"), "NEW@x.example"], contacts=True)
    assert (int(both.sum()), unknown) == (2, 0)
    monkeypatch.setenv("LIMELIGHT_PSEUDONYM_KEY", "another key, which is not the one")
    assert people.named(["Ann Ünlü"], contacts=False)[1] == 1


def test_another_key_is_refused_until_the_loads_are_undone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    load_text(store, ROWS, EVENTS)
    monkeypatch.setenv("LIMELIGHT_PSEUDONYM_KEY", "another key, which is not the one")
    with pytest.raises(Refusal) as refused:
        load_text(store, "id,city\nbob,Rom\n", USERS, "users.csv")
    assert refused.value.code == "other_key"
    assert "another key, which" not in f"{refused.value} {refused.value.hint}"
    undo_batch(store, 1)
    load_text(store, "id,city\nbob,Rom\n", USERS, "users.csv")
    assert [row["user_id"] for row in table(store, "users")] == [pseudonym("bob")]


def test_raw_users_beside_pseudonyms_are_refused(store: Store) -> None:
    load_text(store, ROWS, EVENTS)
    raw = Mapping("users", (ColumnMap("id", "user"), ColumnMap("city", "attribute")))
    with pytest.raises(Refusal) as refused:
        load_text(store, "id,city\nbob,Rom\n", raw, "users.csv")
    assert refused.value.code == "pseudonym_unlike"
    items = Mapping("items", (ColumnMap("what", "item"), ColumnMap("title", "title")))
    load_text(store, "what,title\nlamp,Lamp\n", items, "items.csv")


@pytest.mark.parametrize(
    ("column", "returns", "code"),
    [
        (ColumnMap("n", "quantity", pseudonym=True), "negative", "pseudonym_not_for_role"),
        (ColumnMap("n", "context", "number", pseudonym=True), "negative", "pseudonym_not_for_role"),
        (ColumnMap("mail", "contact", pseudonym=True), "negative", "pseudonym_not_for_role"),
        (ColumnMap("bill", "order", pseudonym=True), "pattern:^C", "returns_on_pseudonym"),
    ],
)
def test_pseudonyms_that_cannot_be(store: Store, column: ColumnMap, returns: str, code: str) -> None:
    columns = (ColumnMap("who", "user"), ColumnMap("what", "item"), column)
    with pytest.raises(Refusal) as refused:
        load_text(store, ROWS, Mapping("events", columns, event="purchase", returns=returns))
    assert refused.value.code == code


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIMELIGHT_PSEUDONYM_KEY", raising=False)
    monkeypatch.delenv("LIMELIGHT_PSEUDONYM_KEY_FILE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    assert pseudonym_key() is None
    with pytest.raises(Refusal, match="no key"):
        pseudonym("x")
    with workspace(tmp_path) as store:
        load_text(store, ROWS, EVENTS)
        assert stat.S_IMODE(key_file().stat().st_mode) == 0o600
        assert key_file().parent == tmp_path / "settings" / "limelight"
        key = pseudonym_key(make=True)
        assert key == pseudonym_key()
        assert hmac.new(key or b"", b"bob", hashlib.sha256).hexdigest() in {u["user_id"] for u in table(store, "users")}
        key_file().unlink()
        with pytest.raises(Refusal) as refused:  # no new key in silence
            load_text(store, "id,city\nbob,Rom\n", USERS, "users.csv")
        assert refused.value.code == "other_key"
        assert not key_file().exists()
    monkeypatch.setenv("LIMELIGHT_PSEUDONYM_KEY_FILE", str(tmp_path / "mine"))
    (tmp_path / "mine").write_text("short")
    with pytest.raises(Refusal, match="too short"):
        pseudonym("x")
