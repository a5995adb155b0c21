"""Shares of attention: hand-dated people with every bar written out, random data by pandas, intervals by users."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.attention import ITEM, NOT_GIVEN, OTHERS, Area, Share, ShareSpec, area_named, areas, share, share_users
from core.behaviour import Window, count_people
from core.errors import Refusal
from core.store import Query, Store
from tests.behaviour.world import E, build

# January: tea 3 (ann 2, bob 1), mug 1 (bob). February: tea 1 (ann), mug 2 (cat), pot 1 (nobody known). March: half.
SHOP = [
    E("ann", "tea", "view", "2025-01-01 10:00"),
    E("ann", "tea", "view", "2025-01-02 10:00"),
    E("bob", "tea", "view", "2025-01-03 10:00"),
    E("bob", "mug", "view", "2025-01-04 10:00"),
    E("ann", "tea", "view", "2025-02-01 10:00"),
    E("cat", "mug", "view", "2025-02-02 10:00"),
    E("cat", "mug", "view", "2025-02-28 23:59"),
    E(None, "pot", "view", "2025-02-03 10:00"),
    E("ann", "tea", "view", "2025-03-01 10:00"),
    E("ann", None, "search", "2025-03-02 10:00"),
    E("bob", "tea", "click", "2025-03-03 10:00"),
    E("bob", "tea", "purchase", "2025-03-03 11:00", "o1", 1, 5),
    E("bob", "tea", "impression", "2025-03-04 10:00"),
]
CATEGORIES: dict[str, str | list[str]] = {"tea": "drinks", "mug": "ware"}


@pytest.fixture
def shop(tmp_path: Path) -> Store:
    return build(tmp_path / "w.duckdb", SHOP, categories=CATEGORIES)


def bars(found: Share, what: str = "value") -> dict[tuple[int, str], float]:
    rows = found.table.to_dict("records")
    return {(r["start"].month, r["label"]): r[what] for r in rows if r["value"]}


def test_every_bar_of_items(shop: Store) -> None:
    with shop:
        found = share(shop, ShareSpec(ITEM, top=2), "month")
        rest = "All others (1)"
        assert bars(found) == {
            (1, "tea"): 3, (1, "mug"): 1, (2, "tea"): 1, (2, "mug"): 2, (2, rest): 1, (3, "tea"): 1
        }  # fmt: skip
        assert bars(found, "share") == {
            (1, "tea"): 0.75, (1, "mug"): 0.25, (2, "tea"): 0.25, (2, "mug"): 0.5, (2, rest): 0.25, (3, "tea"): 1
        }  # fmt: skip
        assert found.areas[["label", "value", "code"]].values.tolist() == [["tea", 5, 0], ["mug", 3, 1], [rest, 1, -1]]
        assert (found.total, found.unnamed, found.groups, found.spec.counts) == (9, 1, 3, "views")
        whole = found.table.drop_duplicates("start").set_index("start")["complete"].tolist()
        assert whole == [True, True, False], "the data end in March"
        assert found.changed == (date(2025, 1, 1), date(2025, 2, 1))
        moved = found.changes.set_index("label")
        assert moved["change"].to_dict() == {"tea": -0.5, "mug": 0.25, rest: 0.25}
        assert (moved["low"] <= moved["change"]).all()
        assert (moved["change"] <= moved["high"]).all()


def test_everyone_behind_every_bar(shop: Store) -> None:
    def people(found: Share, code: int, start: date | None = None) -> set[str]:
        users = share_users(shop, found, code, start)
        rows = shop.rows(Query("SELECT user_id FROM users WHERE user_no IN (") + users + ")")
        assert count_people(shop, users) == len(rows)
        return {str(r["user_id"]) for r in rows}

    with shop:
        found = share(shop, ShareSpec(ITEM, top=2), "month")
        assert people(found, 0) == {"ann", "bob"}
        assert people(found, 0, date(2025, 1, 1)) == {"ann", "bob"}
        assert people(found, 0, date(2025, 2, 1)) == {"ann"}
        assert people(found, 1, date(2025, 2, 1)) == {"cat"}
        assert people(found, OTHERS) == set(), "only somebody unknown looked at the pot"
        named = share(shop, ShareSpec(area_named(shop, "category"), top=1), "month")
        assert people(named, OTHERS, date(2025, 2, 1)) == {"cat"}
        assert people(named, NOT_GIVEN) == set()
        of_users = share(shop, ShareSpec(ITEM, "users", 2), "month")
        for row in of_users.table.to_dict("records"):
            assert len(people(of_users, row["code"], row["start"])) == row["value"], row
        for row in of_users.areas.to_dict("records"):
            assert len(people(of_users, row["code"])) == row["value"], row


def test_what_counts_is_a_choice(shop: Store) -> None:
    with shop:
        with shop.atomic() as writer:
            writer.run("UPDATE events SET dwell = 10 WHERE event = 'view' AND item_no = 0")
            writer.run("UPDATE events SET dwell = 30 WHERE event = 'view' AND item_no = 1")
        assert bars(share(shop, ShareSpec(ITEM, "looks", 2), "month"))[(3, "tea")] == 2, "the click too"
        assert bars(share(shop, ShareSpec(ITEM, "events", 2), "month"))[(3, "tea")] == 3, "no impression"
        dwell = share(shop, ShareSpec(ITEM, "dwell", 2), "month")
        assert bars(dwell)[(1, "tea")] == 30
        assert bars(dwell)[(2, "mug")] == 60
        users = share(shop, ShareSpec(ITEM, "users", 2), "month")
        assert bars(users)[(1, "tea")] == 2
        assert bars(users, "share")[(1, "mug")] == 0.5
        assert users.areas.set_index("label")["value"].to_dict() == {"tea": 2, "mug": 2}
        assert users.total == 3


def test_categories_and_what_is_not_given(shop: Store) -> None:
    with shop:
        found = share(shop, ShareSpec(area_named(shop, "category")), "month")
        assert found.areas.set_index("label")["value"].to_dict() == {"drinks": 5, "ware": 3, "Not given": 1}
        window = Window(datetime(2025, 2, 1), datetime(2025, 3, 1))
        part = share(shop, ShareSpec(area_named(shop, "category")), "month", window)
        assert part.areas.set_index("label")["value"].to_dict() == {"ware": 2, "drinks": 1, "Not given": 1}
        assert [a.key for a in areas(shop)] == ["item", "items.category"]
        with pytest.raises(Refusal, match="colour"):
            area_named(shop, "colour")
        with pytest.raises(Refusal, match="0 areas"):
            ShareSpec(top=0)


def test_without_views_or_times_it_says_so(tmp_path: Path) -> None:
    bought = [E("ann", "tea", "purchase", None, "o1", 1, 5), E("bob", "mug", "purchase", None, "o2", 1, 5)]
    with build(tmp_path / "w.duckdb", bought) as store:
        found = share(store)
        assert found.spec.counts == "events"
        assert found.table.empty
        assert "no time" in found.note
        assert found.areas["share"].tolist() == [0.5, 0.5]
        assert share(store, ShareSpec(ITEM, "views")).problem


def _random(path: Path, users: int = 600, rows: int = 6000) -> tuple[Store, pd.DataFrame]:
    rng = np.random.default_rng(3)
    user = (users * rng.random(rows) ** 2).astype(int)
    days = np.datetime64("2025-01-01") + rng.integers(0, 59, rows).astype("timedelta64[D]")
    taste = rng.integers(0, 6, users)
    item = np.where(rng.random(rows) < 0.6, taste[user], rng.integers(0, 12, rows))
    events = [E(f"u{u}", f"i{i:02d}", "view", str(d)) for u, i, d in zip(user, item, days, strict=True)]
    frame = pd.DataFrame(
        {"user": user, "item": [f"i{i:02d}" for i in item], "month": [d.astype(object).month for d in days]}
    )
    return build(path, events), frame


def test_random_shares_and_intervals_by_pandas(tmp_path: Path) -> None:
    store, frame = _random(tmp_path / "w.duckdb")
    with store:
        found = share(store, ShareSpec(ITEM, top=4), "month")
        top = frame["item"].value_counts().sort_index().sort_values(ascending=False, kind="stable").head(4).index
        assert found.areas["id"].tolist()[:4] == top.tolist()
        for month in (1, 2):
            mine = frame[frame["month"] == month]
            shares = mine["item"].value_counts(normalize=True)
            for row in found.table[[s.month == month for s in found.table["start"]]].to_dict("records"):
                if row["code"] < 0:
                    continue
                item = found.areas["id"].iloc[row["code"]]
                assert row["share"] == pytest.approx(shares[item], rel=1e-12)
                # the interval of the ratio with each user a cluster; by groups of users it is the same but for chance
                y = mine.groupby("user").size()
                x = mine[mine["item"] == item].groupby("user").size().reindex(y.index, fill_value=0)
                error = np.sqrt(((x - row["share"] * y) ** 2).sum()) / y.sum()
                assert (row["high"] - row["low"]) / 2 == pytest.approx(1.96 * error, rel=0.2)
        assert found.changes["change"].abs().max() < 0.1


def test_shares_of_attributes(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", SHOP) as store:
        with store.atomic() as writer:
            writer.run("ALTER TABLE users ADD COLUMN country VARCHAR")
            writer.run("UPDATE users SET country = CASE user_id WHEN 'ann' THEN 'SE' WHEN 'bob' THEN 'DE' END")
            writer.run("INSERT INTO columns VALUES ('users', 'country', 'attribute')")
            writer.run(
                "UPDATE events SET device = CASE WHEN user_no = 0 THEN 'phone' ELSE 'desk' END WHERE user_no < 2"
            )
        assert areas(store) == (ITEM, Area("event", "device"), Area("user", "country"))
        country = share(store, ShareSpec(area_named(store, "country")), "month")
        assert country.areas.set_index("label")["value"].to_dict() == {"SE": 4, "DE": 2, "Not given": 3}
        device = share(store, ShareSpec(area_named(store, "device")), "month")
        assert device.areas.set_index("label")["value"].to_dict() == {"phone": 4, "desk": 2, "Not given": 3}
