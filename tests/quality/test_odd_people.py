"""Resellers, tests, named ids, ids typed in two ways, and users and items seen once."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.errors import Refusal
from core.quality import Asked, Finding, Merge, Param, Selection, once, resellers
from core.quality import alike as alike_module
from core.quality import ids as ids_module
from core.quality.alike import alike_pairs
from core.quality.kinds import chosen, scope_of
from core.quality.per_user import buying
from core.store import Query, Store
from tests.prepared import copied
from tests.quality.shops import asked_of, ids_of, shop

DAY = datetime(2026, 3, 1, 12)


def keys(asked: Asked, selection: Selection) -> set[int]:
    """The numbers that a selection means."""
    answer = chosen(asked, selection)
    if isinstance(answer, Query):
        answer = asked.reader.read(answer).column(0)
    return set(answer.to_pylist())


def taken(asked: Asked, code: str, **params: Param) -> list[str]:
    """The raw ids that a selection means."""
    selection = Selection.of(code, **params)
    return ids_of(asked, scope_of(selection), pa.array(list(keys(asked, selection)), pa.int64()))


def holds(asked: Asked, found: Finding) -> None:
    """The finding counts what its selection chooses, and so do its repairs."""
    assert found.selection is not None
    assert found.count == len(keys(asked, found.selection))
    assert all(repair.selection == found.selection for repair in found.repairs)
    assert found.count <= found.of
    assert found.examples


def orders(user: str, number: int, units: float, price: float = 5.0, lines: int = 2) -> list[dict[str, Any]]:
    return [
        {"user": user, "item": f"A-{k}", "event": "purchase", "order_id": f"{user}-{o}", "quantity": units,
         "value": units * price, "at_utc": DAY + timedelta(days=o)}
        for o in range(number) for k in range(lines)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def sampled(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    with Store(copied(sample_workspace, tmp_path_factory.mktemp("odd") / "s.duckdb")) as store:
        yield asked_of(store)


@pytest.fixture(scope="module")
def retail(retail_workspace: Path, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    with Store(copied(retail_workspace, tmp_path_factory.mktemp("odd") / "r.duckdb")) as store:
        yield asked_of(store)


def test_a_reseller_is_told_from_a_slip_and_from_a_good_customer(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = [row for i in range(40) for row in orders(f"u{i:02d}", 4, float(rng.integers(1, 4)))]
    rows += orders("reseller", 5, 60.0) + orders("often", 30, 2.0)
    rows += orders("slip", 4, 2.0) + orders("slip", 1, 80_995.0)[:1] + orders("once", 1, 500.0)
    asked = asked_of(shop(tmp_path / "x.duckdb", rows))
    assert taken(asked, "reseller") == ["reseller"]
    assert taken(asked, "reseller", orders=1) == ["once", "reseller"]
    (found,) = resellers.detect(asked)
    holds(asked, found)
    assert "60.0 units a line" in found.examples[0]["why"]
    assert found.level == "look"
    # 5 x 2 x 60 x 5.00 = 3,000 of all purchases
    assert found.facts["revenue"] == 3_000
    # one slip makes most of this shop's money, so the reseller's share is small, and leaving out may be asked for
    assert len(found.repairs) == 1


def test_where_resellers_are_much_of_the_trade_no_repair_is_offered(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = [row for i in range(40) for row in orders(f"u{i:02d}", 3, float(rng.integers(1, 4)))]
    rows += [row for i in range(4) for row in orders(f"r{i}", 4, 60.0)]
    (found,) = resellers.detect(asked_of(shop(tmp_path / "x.duckdb", rows)))
    assert found.count == 4
    assert found.repairs == ()
    assert "wholesale" in found.meaning


def test_the_samples_resellers_are_found(sampled: Asked, sample: Path) -> None:
    truth = json.loads((sample / "truth.json").read_text())["roles"]["resellers"]
    assert taken(sampled, "reseller") == sorted(truth)
    (found,) = resellers.detect(sampled)
    holds(sampled, found)


def test_a_wholesale_shop_is_not_halved(retail: Asked) -> None:
    (found,) = resellers.detect(retail)
    holds(retail, found)
    assert found.count <= 0.01 * found.of
    assert "wholesale already" in found.meaning


def test_buying_agrees_with_pandas(sampled: Asked) -> None:
    frame = sampled.reader.read(
        Query("SELECT user_no, order_id, quantity, value::DOUBLE AS value FROM events WHERE event = 'purchase' "
              "AND user_no IS NOT NULL AND quantity > 0 AND value > 0")
    ).to_pandas()  # fmt: skip
    placed = frame.groupby(["user_no", "order_id"]).agg(
        units=("quantity", "sum"), money=("value", "sum"), line=("quantity", "mean")
    )
    theirs = placed.groupby("user_no").median()
    mine = buying(sampled).to_pandas().set_index("user_no")
    assert (mine.index == theirs.index).all()
    for name in ("units", "money", "line"):
        assert np.allclose(mine[name], theirs[name]), name
    assert (mine.orders == placed.groupby("user_no").size()).all()


NO_TESTS = ("contest", "protest-1", "chester", "Latest", "fastest99", "qatar", "demos", "u_1", "Stafford", "great_hits")


def test_a_test_is_told_by_a_word_of_its_own(tmp_path: Path) -> None:
    tests = ("test", "test_01", "qa-02", "testUser7", "QA", "TEST 3", "demo.account", "load-test", "Admin", "x_dummy_9")
    rows = [{"user": u, "item": "A", "event": "view", "at_utc": DAY} for u in (*tests, *NO_TESTS)]
    people = [
        {"id": "a1", "name": "Test User", "is_test": False},
        {"id": "a2", "name": "Tess Tester-Smith", "is_test": False},
        {"id": "a3", "name": "Ann", "is_test": True}, {"id": "a4", "name": "Bea", "is_test": False},
    ]  # fmt: skip
    goods = [
        {"id": "B", "title": "Test item - do not use"}, {"id": "C", "title": "Pregnancy test"},
        {"id": "D", "title": "Dummy"},
        {"id": "TEST-1", "title": "Lamp"},
    ]  # fmt: skip
    asked = asked_of(shop(tmp_path / "x.duckdb", rows, users=people, items=goods))
    assert taken(asked, "test_id") == sorted([*tests, "a1", "a3"])
    assert taken(asked, "test_id", table="items") == ["B", "TEST-1"]
    assert taken(asked, "test_id", pattern="u|chester") == ["a3", "chester", "u_1"]  # a3: is_test
    users, items = ids_module.detect(asked)
    holds(asked, users)
    holds(asked, items)
    why = {row["user"]: row["why"] for row in users.examples}
    assert "its id says so" in why.values()
    for wrong in ("(", "a(?=b)", 3, ""):
        with pytest.raises(Refusal, match="pattern"):
            taken(asked, "test_id", pattern=wrong)


def test_the_samples_tests_are_found(sampled: Asked, sample: Path) -> None:
    assert taken(sampled, "test_id") == sorted(json.loads((sample / "truth.json").read_text())["roles"]["test_ids"])
    assert taken(sampled, "test_id", table="items") == []


def test_named_ids(sampled: Asked) -> None:
    assert taken(sampled, "ids", table="users", ids=("test_01", "qa-02")) == ["qa-02", "test_01"]
    assert taken(sampled, "ids", table="items", ids=("LL-0001",)) == ["LL-0001"]
    with pytest.raises(Refusal, match=r"No user has the id 'tset_01'.*test_01") as refused:
        taken(sampled, "ids", table="users", ids=("qa-01", "tset_01"))
    assert refused.value.code == "no_such_id"
    for wrong in ({"table": "users"}, {"table": "users", "ids": ()}, {"table": "events", "ids": ("a",)}):
        with pytest.raises(Refusal):
            chosen(sampled, Selection.of("ids", **wrong))


def typed(tmp_path: Path) -> Asked:
    names = {"Ann": 3, "ann": 1, " ANN ": 1, "7": 2, "7.0": 2, "007": 5, "b c": 1, "bc": 2, "d": 1, "v1.0": 1, "v1": 1,
             "0": 1, "00": 1}  # fmt: skip
    rows = [{"user": u, "item": "A", "event": "view", "at_utc": DAY} for u, n in names.items() for _ in range(n)]
    return asked_of(shop(tmp_path / "x.duckdb", rows))


def pairs(asked: Asked, **params: Param) -> dict[str, str]:
    table = alike_pairs(asked, {"table": "users", **params})
    names = {row["user_no"]: row["user_id"] for row in asked.reader.rows(Query("SELECT user_no, user_id FROM users"))}
    assert table.column_names == ["from_no", "into_no"]
    return {names[row["from_no"]]: names[row["into_no"]] for row in table.to_pylist()}


def test_ids_typed_in_two_ways_go_to_the_one_with_most_events(tmp_path: Path) -> None:
    asked = typed(tmp_path)
    assert pairs(asked) == {"ann": "Ann", " ANN ": "Ann", "7.0": "7", "b c": "bc"}
    assert pairs(asked, case=False, space=False, point=False) == {}
    assert pairs(asked, space=False) == {"ann": "Ann", "7.0": "7"}
    assert pairs(asked, zeros=True) == {"ann": "Ann", " ANN ": "Ann", "7": "007", "7.0": "007", "b c": "bc", "00": "0"}
    assert taken(asked, "alike_ids", table="users") == sorted(pairs(asked))
    (found,) = alike_module.detect(asked)
    holds(asked, found)
    assert found.repairs[0].action == Merge("users")
    assert found.facts == {"groups": 3, "events": 5}
    for wrong in ({"table": "users", "case": "no"}, {}, {"table": "events"}):
        with pytest.raises(Refusal):
            chosen(asked, Selection.of("alike_ids", **wrong))


def test_online_retail_has_112_items_under_two_spellings(retail: Asked) -> None:
    raw = [row["item_id"] for row in retail.reader.rows(Query("SELECT item_id FROM items"))]
    forms = {re.sub(r"\s", "", code).lower() for code in raw}
    (found,) = alike_module.detect(retail)
    holds(retail, found)
    assert found.count == len(raw) - len(forms) == 112
    assert {row["item"]: row["kept"] for row in found.examples}["85123a"] == "85123A"


def test_users_and_items_seen_once(sampled: Asked, retail: Asked) -> None:
    for asked in (sampled, retail):
        for found in once.detect(asked):
            holds(asked, found)
            key = "user_no" if found.scope == "users" else "item_no"
            counts = asked.reader.read(Query(f"SELECT {key} AS k FROM events")).to_pandas().k.value_counts()
            assert (found.count, found.of) == (int((counts == 1).sum()), len(counts))
            assert (found.level, found.repairs) == ("note", ())


def test_nothing_is_found_in_an_empty_workspace(tmp_path: Path) -> None:
    asked = asked_of(shop(tmp_path / "x.duckdb", []))
    for module in (resellers, once, ids_module, alike_module):
        assert module.detect(asked) == []
