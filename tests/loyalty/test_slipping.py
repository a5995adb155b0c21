"""Own rhythms: the closed form beside integration, made-up shops, hand-dated people, the sample's planted lapsing."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.behaviour import Window, count_people
from core.errors import Refusal
from core.loyalty import slipping, slipping_check, slipping_csv, slipping_users
from core.loyalty.orders import read_orders, these
from core.loyalty.rhythm import Own, Shop, chance, own_pauses, shop_rhythm
from core.store import Query, Store
from tests.behaviour.world import E, build, ids
from tests.prepared import copied


def _own(pauses: list[list[float]], now: list[float]) -> Own:
    return Own(
        np.arange(len(pauses)), np.array([len(p) for p in pauses]), np.array([sum(p) for p in pauses]),
        np.array([np.log(p).sum() if p else 0.0 for p in pauses]), np.array(now), np.array(now),
    )  # fmt: skip


def test_the_chance_of_a_pause_beside_integration() -> None:
    from scipy.integrate import quad
    from scipy.stats import gamma

    shop = Shop(2.0, 3.0, 60.0, 100)
    own = _own([[20.0, 30.0, 25.0], []], [70, 70])
    found = chance(shop, own)
    for place, (n, total) in enumerate(((3, 75.0), (0, 0.0))):
        rates = gamma(3.0 + n * 2.0, scale=1 / (60.0 + total))
        wanted, _ = quad(lambda rate, r=rates: gamma.sf(70, 2.0, scale=1 / rate) * r.pdf(rate), 0, 2)
        assert found[place] == pytest.approx(wanted, rel=1e-5)
    assert found[0] < found[1]  # whoever usually waits 25 days is less likely to wait 70
    assert chance(shop, _own([[20.0]], [0]))[0] == 1


def test_a_shops_rhythm_is_found_again() -> None:
    draw = np.random.default_rng(7)
    rates = draw.gamma(5.0, 1 / 80.0, 4000)
    pauses = [
        draw.gamma(3.0, 1 / rate, int(n)).tolist() for rate, n in zip(rates, draw.integers(2, 9, 4000), strict=True)
    ]
    shop = shop_rhythm(_own(pauses, [0] * 4000))
    assert shop is not None
    assert (shop.shape, shop.weight, shop.scale) == pytest.approx((3.0, 5.0, 80.0), rel=0.12)
    assert shop_rhythm(_own(pauses[:29], [0] * 29)) is None


def test_hand_dated_people_slip_against_themselves(tmp_path: Path) -> None:
    """Forty with 5 orders 30 days apart until the end; fast and slow both wait 60 days now, which fast never did."""
    end = datetime(2025, 12, 31)
    events = [
        E(f"u{n}", "x", "purchase", f"{end - timedelta(days=n % 30 + 30 * k):%Y-%m-%d}", None, 1, 10.0)
        for n in range(40) for k in range(5)
    ]  # fmt: skip
    for name, own in (("fast", 10), ("slow", 60)):
        days = [60 + own * k for k in range(5)]
        events += [E(name, "x", "purchase", f"{end - timedelta(days=d):%Y-%m-%d}", None, 1, 30.0) for d in days]
    events += [E("twice", "x", "purchase", "2025-01-01"), E("twice", "x", "purchase", "2025-01-11")]
    events += [E("fast", "x", "return", "2025-12-30", None, -1, -30.0), E(None, "x", "view", "2025-12-31")]
    with build(tmp_path / "w.duckdb", events) as store:
        found = slipping(store)
        assert (found.judged, found.users) == (42, 1)  # "twice" has one pause only: no rhythm
        (row,) = found.listed.to_dict("records")
        assert (row["user_id"], row["pause"], row["usual"], row["order_days"]) == ("fast", 60, 10.0, 5)
        assert row["last_order"] == (end - timedelta(days=60)).date()
        # net 150 - 30 over 5 order days of 10 days each: 2.40 a day
        assert [row["value"], row["stake"], found.stake] == pytest.approx([120.0, 72.0, 72.0])
        assert row["chance"] < 0.05
        assert ids(store, slipping_users(store)) == {"fast"}
        assert slipping_csv(store, tmp_path / "s.csv") == 1
        (told,) = csv.DictReader((tmp_path / "s.csv").read_text().splitlines())
        assert (told["user_id"], told["pause"], told["stake"]) == ("fast", "60", "72.0")
        # 60 days before the end nobody waited long; fast had just ordered
        assert ids(store, slipping_users(store, window=Window(None, end - timedelta(days=59)))) == set()
        became = slipping_check(store)
        assert became is not None
        assert (became.slipping, became.others, became.back_others) == (0, 42, 40)
        with pytest.raises(Refusal, match="unusual"):
            slipping(store, 0.7)
    with build(tmp_path / "few.duckdb", PEOPLE_FEW) as store:
        assert "Fewer than 30" in (slipping(store).problem or "")
        assert count_people(store, slipping_users(store)) == 0
        with pytest.raises(Refusal, match="Fewer than 30"):
            slipping_csv(store, tmp_path / "none.csv")


PEOPLE_FEW = [E("a", "x", "purchase", f"2025-01-0{n}") for n in range(1, 6)]


def test_the_samples_lapsing_are_found_better_than_by_a_fixed_limit(
    sample_workspace: Path, sample: Path, tmp_path: Path
) -> None:
    """With the default limit, as anybody would ask; measured: precision 0.88, recall 0.93; 60 days: 0.47 and 0.96."""
    with (sample / "truth_users.csv").open() as file:
        planted = {row["user_id"] for row in csv.DictReader(file) if row["role"] == "lapsing"}
    with Store(copied(sample_workspace, tmp_path)) as store:
        found = slipping(store)
        held = read_orders(store, Window(None, store.as_of()))
        own = own_pauses(held)
        judged = _ids(store, these(held.buyers[own.user[own.pauses >= 2]]))
        lapsing = judged & planted
        assert len(judged) == found.judged
        ours = _ids(store, slipping_users(store))
        assert len(ours) == found.users
        naive = _ids(store, these(held.buyers[own.user[(own.pauses >= 2) & (own.now >= 60)]]))
        precision, recall = len(ours & lapsing) / len(ours), len(ours & lapsing) / len(lapsing)
        plain_precision, plain_recall = len(naive & lapsing) / len(naive), len(naive & lapsing) / len(lapsing)
        assert precision > 0.75
        assert recall > 0.8
        assert precision > plain_precision + 0.2
        assert recall > plain_recall - 0.1
        became = slipping_check(store)
        assert became is not None
        slid, kept = became.shares()
        assert slid[2] < kept[1]  # who was slipping came back less often, beyond chance


def _ids(store: Store, users: Query) -> set[str]:
    return {str(r["user_id"]) for r in store.rows(Query("SELECT user_id FROM users WHERE user_no IN (") + users + ")")}
