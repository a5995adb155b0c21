"""Flow and ways: visits written out by hand, a plain loop on random data, and the users behind every band."""

from __future__ import annotations

import itertools
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.attention import FlowQuestion, PathQuestion, VisitFigures, flow, flow_users, paths, paths_users, visits
from core.attention.flow import OTHERS
from core.behaviour import Timeline, Window, timelines
from core.errors import Refusal
from core.progress import Step
from core.store import Store
from tests.attention.fading_world import at, shop, users_of


def e(user: int | None, event: str, when: str, item: int | None = None, channel: str | None = None) -> dict[str, Any]:
    return {"user": user, "event": event, "at": at(when), "item": item, "channel": channel}


CATEGORIES = {1: "A", 2: "B", 3: "C", 4: "A"}
SHOP = [
    e(1, "view", "01 10:00", 1, "mail"), e(1, "view", "01 10:05", 2, "web"), e(1, "impression", "01 10:06", 3),
    e(1, "click", "01 10:07", 2), e(1, "view", "01 10:36", 4), e(1, "purchase", "01 10:40", 4),
    e(1, "view", "01 10:41", 3),
    e(1, "view", "01 11:12", 1), e(1, "view", "01 11:13", 4),  # 31 minutes later: a visit of its own
    e(2, "view", "01 10:00", 1, "mail"), e(2, "view", "01 10:29", 2), e(2, "view", "01 10:31"),
    e(3, "purchase", "02 10:00", 1, "web"), e(None, "view", "02 10:00", 1), e(None, "view", "02 10:01", 2),
    e(3, "view", "03 10:00", 1, "web"),
]  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return shop(tmp_path_factory.mktemp("paths") / "w.duckdb", SHOP, CATEGORIES)


def test_moves_written_out(small: Store) -> None:
    found = flow(small)
    moves = {(r["source"], r["target"]): (r["moves"], r["users"]) for r in found.table.to_dict("records") if r["moves"]}
    assert moves == {("A", "B"): (2, 2), ("B", "A"): (1, 1), ("A", "C"): (1, 1), ("A", "A"): (1, 1)}
    assert (found.moves, found.users, found.stays) == (5, 2, 1)
    for (source, target), (_, users) in moves.items():
        assert len(users_of(small, flow_users(small, FlowQuestion(), source, target))) == users
    assert users_of(small, flow_users(small, FlowQuestion(), None, None)) == [1, 2]
    two = flow(small, FlowQuestion(most=2))
    assert two.names == ("A", "B", OTHERS)
    assert users_of(small, flow_users(small, FlowQuestion(most=2), "A", OTHERS)) == [1]
    assert flow(small, FlowQuestion(), Window(at("01 11:00"))).moves == 1, "visits that begin in the window"
    for wrong in (FlowQuestion(category="zoo"), FlowQuestion(event="zoo"), FlowQuestion(most=1)):
        with pytest.raises(Refusal):
            flow(small, wrong)


def test_a_pause_of_half_an_hour_ends_a_visit_everywhere(tmp_path: Path) -> None:
    half = [e(1, "view", "01 10:00", 1), e(1, "view", "01 10:30", 2)]
    near = [e(2, "view", "01 10:00", 1), {**e(2, "view", "01 10:29", 2), "at": at("01 10:29") + timedelta(seconds=59)}]
    with shop(tmp_path / "w.duckdb", half + near, CATEGORIES) as store:
        figures = visits(store).figures
        assert isinstance(figures, VisitFigures)
        assert figures.visits == paths(store, PathQuestion(of="category")).visits == 3
        assert flow(store).moves == 1


SESSIONS = [
    # one session goes on after an hour; the other runs beside it; a click without one is in no visit
    {**e(1, "view", "01 10:00", 1, "mail"), "session": "s"}, {**e(1, "view", "01 10:02", 3, "web"), "session": "t"},
    {**e(1, "view", "01 10:03", 2), "session": "s"}, {**e(1, "view", "01 11:30", 4), "session": "s"},
    e(1, "click", "01 10:04", 2), {**e(1, "purchase", "01 10:05", 3), "session": "t"},
    {**e(1, "return", "01 11:31", 3), "session": "s"}, {**e(1, "impression", "01 11:32", 3), "session": "s"},
    *({**e(2, "view", f"02 {hour}:00", 1), "session": "s"} for hour in range(10, 20)),  # another's "s" is another
    *({**e(2, "cart", f"02 {hour}:01", 1), "session": "s"} for hour in range(10, 14)),
]  # fmt: skip


def test_the_datas_own_sessions_are_visits(tmp_path: Path) -> None:
    with shop(tmp_path / "w.duckdb", SESSIONS, CATEGORIES) as store:
        found = paths(store, PathQuestion(depth=3))
        assert (found.question.by, found.visits, found.users, found.bought) == ("own", 3, 2, 1)
        ways = {r["path"]: (r["visits"], r["bought"], r["seconds"]) for r in found.table.to_dict("records")}
        assert ways == {
            ("view",): (2, 1, (90 * 60 + 3 * 60) / 2), ("view", "cart", "view", "…"): (1, 0, 9 * 3600.0)
        }  # fmt: skip
        assert found.bands[found.bands.step == 0].set_index(["source", "target"]).visits.to_dict() == {
            ("mail", "view"): 1, ("web", "view"): 1, ("No channel", "view"): 1
        }  # fmt: skip
        figures = visits(store).figures
        assert isinstance(figures, VisitFigures)
        assert figures.visits == found.visits
        assert users_of(store, paths_users(store, PathQuestion(depth=3), bought=True)) == [1]
        moves = flow(store)
        assert moves.question.by == "own"
        told = {(r["source"], r["target"]): r["moves"] for r in moves.table.to_dict("records") if r["moves"]}
        assert told == {("A", "B"): 1, ("B", "A"): 1, ("A", "A"): 9}
        assert users_of(store, flow_users(store, FlowQuestion(), "A", "B")) == [1]
        assert paths(store, PathQuestion(), Window(at("01 10:01"), at("01 11:00"))).visits == 1, "only t begins there"
        by_pauses = paths(store, PathQuestion(by="gap"))
        assert (by_pauses.question.by, by_pauses.visits) == ("gap", 2 + 10)
        assert flow(store, FlowQuestion(by="gap")).moves == 2
    with shop(tmp_path / "none.duckdb", SHOP, CATEGORIES) as store:
        assert paths(store).question.by == flow(store).question.by == "gap"
        for ask in (lambda: paths(store, PathQuestion(by="own")), lambda: flow(store, FlowQuestion(by="own"))):
            with pytest.raises(Refusal) as told_off:
                ask()
            assert told_off.value.code == "no_own_sessions"


def test_returns_are_in_no_visit(tmp_path: Path) -> None:
    """As everywhere else: the shop books them."""
    events = [e(1, "view", "01 10:00", 1), e(1, "return", "01 10:20", 2), e(1, "view", "01 10:40", 3)]
    with shop(tmp_path / "w.duckdb", [*events, e(1, "cart", "01 10:41", 3)], CATEGORIES) as store:
        found = paths(store, PathQuestion(entry="none"))
        assert {r["path"] for r in found.table.to_dict("records")} == {("view",), ("view", "cart")}
        assert paths(store, PathQuestion(entry="none", goal="return")).bought == 1


def test_ways_written_out(small: Store) -> None:
    found = paths(small, PathQuestion(depth=3))
    assert (found.visits, found.users, found.bought) == (5, 3, 2)
    bands = {(r["step"], r["source"], r["target"]): (r["visits"], r["users"]) for r in found.bands.to_dict("records")}
    assert bands == {
        (0, "mail", "view"): (2, 2), (0, "No channel", "view"): (1, 1), (0, "web", "purchase"): (1, 1),
        (0, "web", "view"): (1, 1), (1, "view", "click"): (1, 1), (1, "view", "Left"): (3, 3),
        (2, "click", "view"): (1, 1),
    }  # fmt: skip
    ways = {r["path"]: (r["visits"], r["users"], r["bought"], r["seconds"]) for r in found.table.to_dict("records")}
    assert ways == {
        ("view",): (3, 3, 0, 60.0),  # of 60, 1,860 and 0 seconds
        ("view", "click", "view"): (1, 1, 1, 2400.0), (): (1, 1, 1, 0.0),
    }  # fmt: skip
    for (step, source, target), (_, users) in bands.items():
        assert len(users_of(small, paths_users(small, PathQuestion(depth=3), band=(step, source, target)))) == users
    assert users_of(small, paths_users(small, PathQuestion(depth=3), path=("view",))) == [1, 2, 3]
    assert users_of(small, paths_users(small, PathQuestion(depth=3), path=())) == [3]
    assert users_of(small, paths_users(small, PathQuestion(), bought=True)) == [1, 3]
    by_category = paths(small, PathQuestion(of="category", entry="none", depth=3))
    seen = {r["path"]: r["visits"] for r in by_category.table.to_dict("records")}
    assert seen == {("A", "B", "A"): 1, ("A",): 2, ("A", "B"): 1, (): 1}
    with pytest.raises(Refusal):
        paths_users(small, PathQuestion(), path=("zoo",))
    with pytest.raises(Refusal):
        paths(small, PathQuestion(depth=9))


def test_what_cannot_be_shown_is_said(tmp_path: Path) -> None:
    with shop(tmp_path / "a.duckdb", [e(1, "purchase", "01 10:00", 1), e(1, "return", "02 10:00", 1)]) as store:
        assert "views" in str(paths(store).problem)
        assert "categories" in str(flow(store).problem)
        assert "categories" in str(paths(store, PathQuestion(of="category")).problem)
    with shop(tmp_path / "b.duckdb", [e(1, "rating", "01 10:00", 1)], {1: "A"}) as store:
        assert "one step" in str(paths(store).problem)
        assert "two rating" in str(flow(store).problem)


def by_loop(
    events: list[dict[str, Any]], depth: int, *, own: bool
) -> tuple[Counter[Any], dict[Any, set[int]], Counter[Any]]:
    """Moves, their users, and ways with whether they bought, by a plain loop."""
    moves: Counter[Any] = Counter()
    who: dict[Any, set[int]] = defaultdict(set)
    ways: Counter[Any] = Counter()
    for user in {x["user"] for x in events} - {None}:
        mine = [x for x in events if x["user"] == user and x["event"] not in ("impression", "return")]
        mine.sort(key=lambda x: x["at"])  # stable: ties by number
        visits: list[list[dict[str, Any]]] = []
        sessions: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for x in mine:
            if own:
                sessions[x["session"]].append(x)
            elif visits and x["at"] - visits[-1][-1]["at"] < timedelta(minutes=30):
                visits[-1].append(x)
            else:
                visits.append([x])
        sessions.pop("", None)
        for visit in [*visits, *sessions.values()]:
            seen = [CATEGORIES[x["item"]] for x in visit if x["event"] == "view" and x["item"] is not None]
            for move in itertools.pairwise(seen):
                moves[move] += 1
                who[move].add(user)
            kinds = [x["event"] for x in visit]
            before = kinds[: kinds.index("purchase")] if "purchase" in kinds else kinds
            way = [k for n, k in enumerate(before) if not n or before[n - 1] != k]
            ways[(*way[:depth], *(["…"] if len(way) > depth else [])), "purchase" in kinds] += 1
    return moves, who, ways


def slab_by_slab(store: Store, *, step: Step) -> Iterator[Timeline]:
    return timelines(store, step=step, most=90)


@pytest.mark.parametrize("own", [False, True])
def test_against_a_plain_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool) -> None:
    rng = np.random.default_rng(11)
    kinds = np.array(["view", "click", "cart", "purchase", "impression", "search", "return"])
    shares = [0.5, 0.15, 0.1, 0.1, 0.05, 0.05, 0.05]
    events = [
        {
            "user": int(u) if u else None, "item": int(i) if i else None, "event": str(k), "channel": None,
            "at": datetime(2025, 1, 1) + timedelta(minutes=int(m)),
            "session": f"s{rng.integers(12)}" if own and rng.random() < 0.95 else "",
        }
        for u, i, k, m in zip(
            rng.integers(0, 9, 400), rng.integers(0, 5, 400), rng.choice(kinds, 400, p=shares),
            rng.integers(0, 3000, 400), strict=True,
        )
    ]  # fmt: skip
    moves, who, ways = by_loop(events, 3, own=own)
    for x in events:
        x["session"] = x["session"] or None
    with shop(tmp_path / "w.duckdb", events, CATEGORIES) as store:
        for slabs in (False, True):
            if slabs:  # many users: gone through slab by slab
                for place in ("flow", "path_steps"):
                    # by sys.modules: the room's root has functions of these names
                    module = sys.modules[f"core.attention.{place}"]
                    monkeypatch.setattr(module, "timelines", slab_by_slab)
            found = flow(store)
            for row in found.table.to_dict("records"):
                move = (row["source"], row["target"])
                assert (row["moves"], row["users"]) == (moves[move], len(who[move])), move
            shown = paths(store, PathQuestion(depth=3, paths=100))
            assert (shown.question.entry, shown.question.by) == ("none", "own" if own else "gap")
            by_way: dict[Any, tuple[int, int]] = {
                path: (ways[path, False] + ways[path, True], ways[path, True]) for path, _ in ways
            }
            assert {r["path"]: (r["visits"], r["bought"]) for r in shown.table.to_dict("records")} == by_way
            for row in shown.bands.sample(6, random_state=1).to_dict("records"):
                band = (row["step"], row["source"], row["target"])
                assert len(users_of(store, paths_users(store, PathQuestion(depth=3), band=band))) == row["users"]
