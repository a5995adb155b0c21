"""Saved lists: kept whole, found by name, read back, and no trouble to anything else in the workspace."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from core.campaigns import Members
from core.errors import Refusal
from core.experiments import SavedList, delete_saved, get_saved, list_saved, readout, save_list, saved_users
from core.ingest import load, open_source, propose, undo
from core.store import Query, Store
from tests.experiments.world import SENT, bought, bring, numbers, shop, target
from tests.prepared import new_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with shop(tmp_path, bought("001", "2025-03-02"), bought("007", "2025-03-02", "i2")) as opened:
        yield opened


def save(store: Store, name: str = "spring", *, told: dict[str, object] | None = None, **more: object) -> SavedList:
    made = target(store, ["002", "001", "003"], ["007"], [["i2", "i1"], ["i1", None], [None, None], ["i2", None]])
    with store.atomic(data=False) as writer:
        return save_list(writer, name, made, told or {}, **({"sent_at": SENT} | more))  # type: ignore[arg-type]


def members(store: Store) -> list[tuple[object, ...]]:
    rows = store.rows(Query("SELECT arm, user_id, rank, items FROM saved_members ORDER BY arm, rank"))
    return [(r["arm"], r["user_id"], r["rank"], None if r["items"] is None else json.loads(r["items"])) for r in rows]


def test_a_list_is_kept_whole(store: Store) -> None:
    version = store.version
    saved = save(store, told={"digest": "ab", "Größe": [1, 2.5, None]}, days=14, event="click", items=["i1"])
    assert (saved.name, saved.sent_at, saved.days, saved.event) == ("spring", SENT, 14, "click")
    assert (saved.items, saved.holdout, saved.contacted, saved.control) == (("i1",), 0.25, 3, 1)
    assert saved.manifest == {"digest": "ab", "Größe": [1, 2.5, None]}
    assert members(store) == [
        ("contacted", "002", 1, ["i2", "i1"]),
        ("contacted", "001", 2, ["i1"]),
        ("contacted", "003", 3, None),
        ("control", "007", 4, ["i2"]),
    ]
    assert list_saved(store) == [saved]
    assert get_saved(store, " SPRING ") == saved
    assert store.version == version, "a saved list is not data"
    assert readout(store, "spring").arms[0].users == 3


def test_names_are_one_whatever_their_case(store: Store) -> None:
    first = save(store, "Spring")
    with pytest.raises(Refusal, match="There is a saved list 'Spring' already") as refused:
        save(store, "SPRING")
    assert refused.value.code == "list_exists"
    again = save(store, "SPRING", days=7, replace=True)
    assert list_saved(store) == [again]
    assert again.created_at >= first.created_at
    assert len(members(store)) == 4, "the members of the one before are gone"
    save(store, "SPRING", replace=True)


def test_newest_first_and_deleting(store: Store) -> None:
    save(store, "a")
    save(store, "b")
    assert [s.name for s in list_saved(store)] == ["b", "a"]
    assert delete_saved(store, "A").name == "a"
    assert [s.name for s in list_saved(store)] == ["b"]
    assert len(members(store)) == 4
    for call in (get_saved, delete_saved, readout):
        with pytest.raises(Refusal, match="Saved lists: b") as refused:
            call(store, "a")
        assert refused.value.code == "no_such_list"


def test_the_users_of_a_group(store: Store, tmp_path: Path) -> None:
    save(store)
    bring(store, tmp_path, "user_id,arm\n001,contacted\nnobody,contacted\n", name="two", sent_at=SENT)

    def found(name: str, arm: str) -> list[int]:
        return sorted(row["user_no"] for row in store.rows(saved_users(name, arm)))  # type: ignore[arg-type]

    assert found("spring", "contacted") == sorted(numbers(store, "001", "002", "003"))
    assert found("spring", "control") == list(numbers(store, "007"))
    assert found("two", "contacted") == list(numbers(store, "001")), "who is not known has no number"
    assert found("x' OR '1'='1", "contacted") == []
    with pytest.raises(Refusal, match="no group 'both'"):
        saved_users("spring", "both")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"name": " x"}, {"name": "a\nb"}, {"name": "x" * 201}, {"days": 0}, {"days": 3651},
        {"event": " "},
    ],
)  # fmt: skip
def test_what_cannot_be_kept(store: Store, wrong: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refused:
        save(store, **wrong)  # type: ignore[arg-type]
    assert refused.value.code == "bad_list"
    assert list_saved(store) == []


def test_hostile_names_are_names(store: Store) -> None:
    name = "'); DROP TABLE saved_lists; --"
    save(store, name)
    assert get_saved(store, name).name == name
    delete_saved(store, name)
    assert list_saved(store) == []


def test_a_moment_with_a_zone_is_kept_in_utc(store: Store) -> None:
    assert save(store, sent_at=datetime(2025, 3, 1, 8, tzinfo=timezone(timedelta(hours=2)))).sent_at == SENT
    assert save(store, "other", sent_at=SENT.replace(tzinfo=UTC)).sent_at == SENT


def test_an_empty_list_is_kept(store: Store) -> None:
    with store.atomic(data=False) as writer:
        saved = save_list(writer, "none", target(store, [], [], []), {}, sent_at=SENT)
    assert (saved.contacted, saved.control) == (0, 0)
    assert readout(store, "none").effect.estimate is None


def test_many_members_keep_their_own_offers(store: Store) -> None:
    n = 20_000
    with store.atomic() as writer:
        writer.run(Query("INSERT INTO users SELECT 1000 + i, 'u' || i FROM range(?) r(i)", (n,)))
        writer.run(Query("INSERT INTO items SELECT 1000 + i, 'i-' || i FROM range(100) r(i)"))
    users, offers = np.arange(n, dtype=np.int32), np.stack([np.arange(n) % 100, (np.arange(n) + 7) % 100], axis=1)
    offers = np.where(np.arange(n)[:, None] % 3 == [[1, 2]], -1, 1000 + offers).astype(np.int32)
    everybody = Members(1000 + users, users + 1, np.full(n, np.nan), offers)
    made = replace(target(store, [], [], []), contacted=everybody)
    with store.atomic(data=False) as writer:
        assert save_list(writer, "big", made, {}, sent_at=SENT).contacted == n
    for i, (_, user_id, rank, items) in enumerate(members(store)):
        assert (user_id, rank) == (f"u{i}", i + 1)
        assert items == ([f"i-{i % 100}"] if i % 3 != 1 else []) + ([f"i-{(i + 7) % 100}"] if i % 3 != 2 else [])


def test_undo_and_another_load_do_not_move_the_users(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        orders = "user,item,event,time\n" + "".join(
            f"{user},i1,purchase,2025-03-0{day}\n" for user, day in (("b", 2), ("c", 2), ("d", 3), ("z", 9))
        )

        def put(text: str, name: str) -> int:
            (store.spool / name).write_text(text)
            source = open_source(store.spool / name, name=name, spool=store.spool)
            mapping = propose(store, source).mapping
            with store.atomic() as writer:
                return load(writer, [source], mapping).batch_no

        first = put(orders, "one.csv")
        bring(store, tmp_path, "user_id,arm\nb,contacted\nc,contacted\nd,control\ne,control\n", sent_at=SENT, days=5)
        before = readout(store, "spring").arms
        assert [(arm.users, arm.responses) for arm in before] == [(2, 2), (2, 1)]
        with store.atomic() as writer:
            undo(writer, first)
        assert "no times" in str(readout(store, "spring").effect.problem)
        assert list_saved(store)[0].contacted == 2
        put("user,item,event,time\na,i1,view,2025-03-20\ny,i1,view,2025-03-20\n", "two.csv")
        put(orders, "three.csv")
        assert readout(store, "spring").arms == before


def test_two_threads_save_one_after_the_other(store: Store) -> None:
    refused: list[str] = []

    def go(days: int) -> None:
        try:
            save(store, days=days)
        except Refusal as refusal:
            refused.append(refusal.code)

    threads = [threading.Thread(target=go, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["list_exists"] * 3
    assert len(members(store)) == 4
