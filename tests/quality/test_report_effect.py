"""The effect of findings, against the key figures of what is left when their rows are taken out in pandas."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from core.quality import Effect, Figures, Finding, Kind, Selection, Skipped, effects, figures, kinds
from core.quality import effect as ours
from core.quality.ask import ask
from core.quality.types import KEY, Asked, Param, Scope
from core.store import Query, Store
from tests.behaviour.world import SHOP, TITLES, E, build
from tests.examples import examples

_OF: dict[str, Scope] = {"t_events": "events", "t_users": "users", "t_items": "items"}


def _listed(params: Any, name: str) -> list[int]:
    return [int(n) for n in params[name]]


def _as_query(asked: Asked, params: Any) -> Query:
    """The numbers listed, each of them twice: a selection may yield a row more than once."""
    numbers = ",".join(map(str, _listed(params, "numbers") * 2))
    return Query("SELECT unnest(?::BIGINT[])", (f"[{numbers}]",))


def _as_array(asked: Asked, params: Any) -> pa.Array:
    return pa.array(_listed(params, "numbers") * 2, pa.int64())


@pytest.fixture(autouse=True)
def test_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for code, scope in _OF.items():
        for suffix, choose in (("", _as_query), ("_array", _as_array)):
            made = Kind(code + suffix, scope, "of this test", {"numbers": ()}, choose)
            monkeypatch.setitem(kinds.KINDS, code + suffix, made)


def finding(code: str, numbers: list[int]) -> Finding:
    listed: Param = tuple(map(str, numbers))
    scope = _OF[code.removesuffix("_array")]
    return Finding(code, "look", "", "", scope, len(set(numbers)), 10**6, selection=Selection.of(code, numbers=listed))


def in_pandas(events: pd.DataFrame, labels: dict[int, str]) -> tuple[Figures, list[str]]:
    """Key figures and top ten, from the definitions alone."""
    buys = events[events["event"] == "purchase"]
    backs = events[events["event"] == "return"]
    known = buys[buys["user_no"].notna() | buys["order_id"].notna()]
    day = known["at_utc"].dt.date.astype(object).where(known["order_id"].isna(), "")
    orders = {tuple(None if pd.isna(v) else v for v in row)
              for row in zip(known["user_no"], known["order_id"], day, strict=True)}  # fmt: skip
    gross, returned = float(buys["value"].sum()), float(-backs["value"].sum()) + 0.0
    found = Figures(len(events), events["user_no"].nunique(), events["item_no"].nunique(), buys["user_no"].nunique(),
                    len(orders), round(gross - returned, 4), round(gross, 4), round(returned, 4))  # fmt: skip
    traded = pd.concat([buys, backs]).dropna(subset=["item_no", "value"])
    net = traded.groupby("item_no")["value"].sum().round(4)
    best = sorted(net.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    return found, [labels[int(str(item).removesuffix(".0"))] for item, _ in best]


def frames(store: Store) -> tuple[pd.DataFrame, dict[int, str]]:
    events = store.read(Query("SELECT * REPLACE (value::DOUBLE AS value) FROM events")).to_pandas()
    title = "coalesce(title, item_id)" if "title" in store.read(Query("FROM items LIMIT 0")).column_names else "item_id"
    labels = {r["item_no"]: r["l"] for r in store.rows(Query(f"SELECT item_no, {title} AS l FROM items"))}
    return events, labels


def check(store: Store, findings: list[Finding]) -> None:
    events, labels = frames(store)
    before, top = in_pandas(events, labels)
    assert figures(store) == before
    with store.scratch() as scratch:
        found = effects(ask(scratch, store.as_of()), findings)
    for one, effect in zip(findings, found, strict=True):
        scope = one.scope
        numbers = [int(n) for n in one.selection.get("numbers")]  # type: ignore[union-attr]
        if scope == "events" and one.count > len(events) / 2:
            assert isinstance(effect, Skipped)
            continue
        left = events[~events[KEY[scope]].isin(numbers)]  # type: ignore[index]
        after, top_after = in_pandas(left, labels)
        assert isinstance(effect, Effect)
        assert effect.with_ == before
        assert effect.without == after, one
        assert effect.leave == tuple(label for label in top if label not in top_after)
        assert effect.enter == tuple(label for label in top_after if label not in top)


def test_of_a_shop_counted_by_hand(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", SHOP, titles=TITLES) as store:
        numbered = store.rows(
            Query("SELECT event_no, event, order_id, user_id FROM events LEFT JOIN users USING (user_no)")
        )
        o1 = [r["event_no"] for r in numbered if r["order_id"] == "o1" and r["event"] == "purchase"]
        ann = next(r["user_no"] for r in store.rows(Query("FROM users")) if r["user_id"] == "ann")
        with store.scratch() as scratch:
            one, two = effects(ask(scratch, None), [finding("t_events", o1), finding("t_users", [ann])])
        assert isinstance(one, Effect)
        assert isinstance(two, Effect)
        # without the purchases of o1 its return stays: 4.5 and 10 less, ann is no buyer any longer, but still a user
        assert (one.with_.gross - one.without.gross, one.without.returned) == (14.5, 10.0)
        assert (one.with_.orders - one.without.orders, one.with_.buyers - one.without.buyers) == (1, 1)
        assert one.without.users == one.with_.users
        assert two.with_.users - two.without.users == 1
        assert two.without.returned == 0
        check(store, [finding("t_events", o1), finding("t_users_array", [ann])])


_EVENT = some.builds(
    E,
    user=some.sampled_from([None, "a", "b", "c", "d", "e"]),
    item=some.sampled_from([None, *(f"i{n:02d}" for n in range(14))]),
    event=some.sampled_from(["view", "purchase", "purchase", "purchase", "return"]),
    at=some.sampled_from([None, "2025-01-01 10:00", "2025-01-01 22:00", "2025-01-02", "2025-01-03"]),
    order=some.sampled_from([None, None, "o1", "o2", "o3"]),
    quantity=some.just(1.0),
    value=some.sampled_from([None, 0.0, 1.5, 2.25, 10.01, 1000.0]),
).map(lambda e: e._replace(value=-e.value) if e.event == "return" and e.value else e)
_FINDING = some.tuples(
    some.sampled_from(["t_events", "t_events_array", "t_users", "t_items", "t_users_array"]),
    some.sets(some.integers(0, 40), max_size=25),
)
_turn = itertools.count()


@settings(max_examples=examples(15))
@given(events=some.lists(_EVENT, min_size=1, max_size=40), chosen=some.lists(_FINDING, min_size=1, max_size=6))
def test_of_overlapping_selections_on_random_data(
    tmp_path_factory: pytest.TempPathFactory, events: list[E], chosen: list[tuple[str, set[int]]]
) -> None:
    with (
        pytest.MonkeyPatch.context() as patch,
        build(tmp_path_factory.getbasetemp() / f"effect{next(_turn)}.duckdb", events) as store,
    ):
        patch.setattr(ours, "MOST", 4)  # more findings than one mask holds
        first = 1 << 40  # batch 1
        check(store, [finding(code, sorted(n + first * (code[2:] in ("events", "events_array")) for n in numbers))
                      for code, numbers in chosen])  # fmt: skip


def test_a_selection_that_cannot_be_made_spares_the_others(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", SHOP) as store, store.scratch() as scratch:
        broken = Finding("gone", "look", "", "", "users", 1, 9, selection=Selection.of("no_such_rule"))
        without = Finding("note", "note", "", "", "columns", 1, 9)
        found = effects(ask(scratch, None), [broken, without, finding("t_items", [0])])
        assert isinstance(found[0], Skipped)
        assert "no_such_rule" in found[0].reason
        assert found[1] is None
        assert isinstance(found[2], Effect)
