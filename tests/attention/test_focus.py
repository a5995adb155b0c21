"""How users divide attention, and what they search for: by hand and against pandas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.attention import BANDS, FOCUS_KINDS, FocusSpec, focus, focus_users, searches, searches_users
from core.errors import Refusal
from core.store import Query, Store
from tests.attention.test_visits import random_shop
from tests.behaviour.world import E, build, ids
from tests.prepared import copied


def views(user: str, *items: str) -> list[E]:
    return [E(user, item, "view", f"2025-03-01 10:{n:02}:00") for n, item in enumerate(items)]


def test_who_is_focused_and_who_roams(tmp_path: Path) -> None:
    kinds = {"m": "mugs", "n": "mugs", "t": "tea", "p": "pots"}
    events = [
        *views("one", "m", "n", "m", "n", "m"),  # one category: 0
        *views("two", "m", "m", "n", "t", "t"),  # 3 and 2 of 3 categories: 0.673 / ln 3 = 0.61
        *views("all", "m", "t", "p", "m", "t", "p"),  # even: 1
        *views("shy", "m", "t", "p", "m"),  # four views
        E("two", "m", "purchase", "2025-03-02 10:00:00", "o1", 1, 7.0),
        E("all", "m", "purchase", "2025-03-02 10:00:00", "o2", 1, 9.0),
        E("all", "m", "return", "2025-03-03 10:00:00", "o2", -1, -4.0),
    ]
    with build(tmp_path / "w.duckdb", events, categories=kinds) as store:
        found = focus(store)
        assert (found.over, found.choices) == ("category", 3)
        table = found.kinds.set_index("kind")
        assert table["users"].to_dict() == {"focused": 1, "mixed": 1, "roaming": 1, "few": 1}
        assert table["buyers"].to_dict() == {"focused": 0, "mixed": 1, "roaming": 1, "few": 0}
        assert table["revenue_per_user"].to_dict() == {"focused": 0, "mixed": 7, "roaming": 5, "few": 0}
        assert table.loc["roaming", "categories"] == pytest.approx(3)
        assert [ids(store, focus_users(store, kind)) for kind in FOCUS_KINDS] == [{"one"}, {"two"}, {"all"}, {"shy"}]
        assert found.bands["users"].tolist() == [1, *[0] * 11, 1, *[0] * 6, 1]
        for band in (0, 12, BANDS - 1):
            assert len(ids(store, focus_users(store, band=band))) == found.bands["users"][band]
        assert focus(store, FocusSpec(by="")).choices == 4
        with pytest.raises(Refusal, match="cannot both be"):
            FocusSpec(focused=0.9, roaming=0.5)
        with pytest.raises(Refusal, match="no category column"):
            focus(store, FocusSpec(by="colour"))


def test_a_view_of_two_categories_is_halved(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", views("u", *["m"] * 5), categories={"m": ["a", "b"]}) as store:
        assert focus(store).kinds.set_index("kind").loc["roaming", "categories"] == pytest.approx(2)


def test_random_focus_is_that_of_pandas(tmp_path: Path) -> None:
    store, _ = random_shop(tmp_path / "r.duckdb")
    with store:
        frame = store.read(Query("SELECT user_no, item_no FROM events WHERE event = 'view' AND user_no IS NOT NULL"))
        share = frame.to_pandas().groupby("user_no")["item_no"].value_counts(normalize=True)
        entropy = (-share * np.log(share)).groupby("user_no").sum()
        many = frame.to_pandas().groupby("user_no").size()
        evenness = entropy / np.log(np.minimum(many, 5))
        found = focus(store, FocusSpec(focused=0.9, roaming=0.97)).kinds.set_index("kind")
        assert found.loc["focused", "users"] == (evenness <= 0.9).sum()
        assert found.loc["roaming", "users"] == (evenness >= 0.97).sum()
        assert found["users"].sum() == len(many)


def test_what_comes_of_a_search(tmp_path: Path) -> None:
    events = [
        E("ann", None, "search", "2025-03-01 10:00:00"),
        E("ann", None, "search", "2025-03-01 10:01:00"),  # nothing looked at after the first
        E("ann", "m", "view", "2025-03-01 10:02:00"),
        E("ann", "m", "cart", "2025-03-01 10:03:00"),
        E("ann", "m", "purchase", "2025-03-01 10:04:00"),
        E("bob", None, "search", "2025-03-01 11:00:00"),
        E("bob", "m", "view", "2025-03-01 12:00:00"),  # another visit
        E(None, None, "search", "2025-03-01 13:00:00"),  # nobody known, no session: nothing can follow
        E("cat", None, "search", "2025-03-01 14:00:00"),  # without words
    ]
    with build(tmp_path / "w.duckdb", events) as store:
        assert "no column with the words" in (searches(store).problem or "")
        with store.atomic() as writer:
            writer.run("ALTER TABLE events ADD COLUMN asked VARCHAR")
            writer.run("INSERT INTO columns VALUES ('events', 'asked', 'context')")
            writer.run("UPDATE events SET asked = ' Big  Mug' WHERE event = 'search' AND user_no IS NOT NULL")
            writer.run("UPDATE events SET asked = 'big mug' WHERE event = 'search' AND user_no IS NULL")
            writer.run("UPDATE events SET asked = ' ' WHERE user_no = 2")
        found = searches(store)
        assert (found.column, found.searches, found.wordless, found.users) == ("asked", 4, 1, 2)
        (row,) = found.table.to_dict("records")
        assert row["term"] == "big mug"
        assert [row[name] for name in ("searches", "users", "followed", "looked", "carted", "bought")] == [
            4, 2, 3, 1, 2, 2,
        ]  # fmt: skip
        assert row["not_found"] == pytest.approx(2 / 3)
        assert ids(store, searches_users(store, "big mug")) == {"ann", "bob"}


def test_without_searches_it_says_what_to_load(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", views("u", "m")) as store:
        assert "Load searches" in (searches(store).problem or "")


def test_the_samples_queries_are_found(sample_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(sample_workspace, tmp_path)) as store:
        found = searches(store)
        assert (found.column, found.searches) == ("query", 14_835)
        assert found.looked / found.followed > 0.99  # a search of the sample ends at a view
        for term in found.table["term"][:3]:
            users = searches_users(store, str(term))
            assert len(ids(store, users)) == found.table.loc[found.table["term"] == term, "users"].sum()
