"""Overlap, profiles and sizes over time: people counted by hand, and random worlds counted again by pandas."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats.contingency import relative_risk

from core.errors import Refusal
from core.segments import (
    All,
    BadRule,
    Did,
    InGroup,
    InSegment,
    Last,
    Not,
    Prop,
    Rule,
    Sample,
    Segment,
    Test,
    is_constant,
    moments,
    overlap,
    profiles,
    read_schema,
    saved_segments,
    sizes,
)
from core.segments.watch.lift import lifts
from core.store import Store
from tests.segments.people import AS_OF, PEOPLE
from tests.segments.strategies import AS_OF as END
from tests.segments.strategies import rules, worlds
from tests.segments.watched import BUYERS, FRANCE, LOOKERS, START, answer, few, save
from tests.segments.world import World, event, put

# ---- overlap


def test_overlap_by_hand(store: Store) -> None:
    put(store, PEOPLE)
    save(store, BUYERS)
    found = overlap(store, (BUYERS, LOOKERS, FRANCE), AS_OF)
    assert (found.sizes, found.known) == ((4, 3, 1), 6)
    assert [(one.names, one.users) for one in found.intersections] == [
        (("buyers",), 2), ((), 1), (("lookers",), 1), (("buyers", "lookers"), 1), (("buyers", "lookers", "France"), 1),
    ]  # fmt: skip
    pair = next(p for p in found.pairs if (p.first, p.second) == ("buyers", "lookers"))
    assert (pair.users, pair.share, pair.jaccard, pair.lift) == (2, 0.5, 0.4, 1.0)
    assert found.rules[0] == InSegment("buyers")
    assert answer(store, found.rule(("buyers",)), AS_OF) == {"ben", "007"}
    pinned = Segment("pinned", Did("purchase"), datetime(2024, 3, 10))
    assert overlap(store, (pinned, BUYERS), AS_OF).sizes == (2, 4)
    nobody = overlap(store, (Segment("none", Not(All())), BUYERS), AS_OF)
    assert {(p.share, p.lift) for p in nobody.pairs} == {(None, None), (0.0, None)}
    with pytest.raises(Refusal, match="chosen twice"):
        overlap(store, (BUYERS, Segment("Buyers", Did("view"))))
    with pytest.raises(Refusal, match="1 to 12"):
        overlap(store, [Segment(f"s{n}", All()) for n in range(13)])


@few
@given(world=worlds, asked=st.lists(rules, min_size=1, max_size=4))
def test_overlap_agrees_with_sets(shared: Store, world: World, asked: list[Rule]) -> None:
    put(shared, world)
    segments = [Segment(f"s{n}", rule) for n, rule in enumerate(asked)]
    save(shared, *segments)
    found = overlap(shared, segments, END)
    schema = read_schema(shared, saved=saved_segments(shared))
    sets = {segment.name: answer(shared, segment.rule, END, schema) for segment in segments}
    assert found.sizes == tuple(len(users) for users in sets.values())
    for one in found.intersections:
        mine = {u for u in world.user_ids() if {name for name, users in sets.items() if u in users} == set(one.names)}
        assert len(mine) == one.users
        assert answer(shared, one.rule(found.names), END, schema) == mine
        assert answer(shared, found.rule(one.names), END, schema) == mine
    assert sum(one.users for one in found.intersections) == found.known == len(world.user_ids())
    for pair in found.pairs:
        a, b = sets[pair.first], sets[pair.second]
        assert pair.users == len(a & b)
        assert pair.jaccard == (len(a & b) / len(a | b) if a | b else None)


# ---- profiles


def test_profile_by_hand(store: Store) -> None:
    put(store, PEOPLE)
    found = profiles(store, (BUYERS, FRANCE, Segment("nobody", Not(All()))), AS_OF)
    everyone, (buyers, france, nobody) = found.everyone, found.segments
    assert (everyone.users, everyone.did, everyone.buyers, everyone.orders) == (6, 5, 4, 5)
    # all, with the purchase that names nobody left out: ann 30.50, ben 0, cat 7, 007 3
    assert (everyone.revenue, everyone.value_each, everyone.order_value) == (40.5, 6.75, 8.1)
    assert (buyers.users, buyers.share, buyers.orders_each, buyers.repeat_rate) == (4, 4 / 6, 1.25, 0.25)
    assert (buyers.active, buyers.revenue_share) == (4, 1.0)
    assert buyers.recency == 20.5, "days, begun ones count: ben 6, ann 11, 007 30, cat 451"
    assert (france.users, france.revenue, france.last_seen) == (1, 30.5, 11.0)
    assert (nobody.users, nobody.share, nobody.revenue, nobody.recency) == (0, 0.0, 0.0, None)
    assert (found.took, found.category, buyers.items) == ("bought", None, ())


def reference(world: World, members: set[str], end: datetime) -> dict[str, float | None]:
    """A profile by pandas alone."""
    rows = pd.DataFrame(
        [(e["user"], e["event"], e["at"], e.get("order_id"), e.get("value")) for e in world.events],
        columns=["user", "event", "at", "order", "value"],
    )
    rows["at"] = pd.to_datetime(rows["at"])
    rows = rows[rows["user"].isin(members) & (rows["at"].isna() | (rows["at"] < end))]
    done, bought = rows[rows["event"] != "impression"], rows[rows["event"] == "purchase"]
    keys = bought["order"].where(bought["order"].notna(), bought["at"].dt.date.astype(str).map("day {}".format))
    each = keys.groupby(bought["user"]).nunique()
    day = pd.Timedelta(days=1)
    recent = set(done[done["at"] >= end - 30 * day]["user"])
    earlier = set(done[(done["at"] >= end - 60 * day) & (done["at"] < end - 30 * day)]["user"])
    since = -((bought.dropna(subset="at").groupby("user")["at"].max() - end) // day)
    seen = -((done.dropna(subset="at").groupby("user")["at"].max() - end) // day)
    return {
        "users": len(members), "did": done["user"].nunique(), "active": len(recent), "buyers": len(each),
        "orders": int(each.sum()), "repeat_rate": float((each > 1).mean()) if len(each) else None,
        "retained": len(earlier & recent) / len(earlier) if earlier else None,
        "recency": float(since.median()) if len(since) else None,
        "last_seen": float(seen.median()) if len(seen) else None,
    }  # fmt: skip


@few
@given(world=worlds, rule=rules)
def test_profiles_agree_with_pandas(shared: Store, world: World, rule: Rule) -> None:
    put(shared, world)
    if not world.user_ids():
        return
    found = profiles(shared, (Segment("s", rule), Segment("pinned", rule, START)), END)
    for profile, members in (
        (found.everyone, world.user_ids()),
        (found.segments[0], answer(shared, rule, END)),
        (found.segments[1], answer(shared, rule, START)),
    ):
        expected = reference(world, members, END)
        assert {name: getattr(profile, name) for name in expected} == pytest.approx(expected)


def shop(rng: np.random.Generator) -> World:
    """100 users of whom 40 are in France; each buys some of eight items, the French more of item 0."""
    users = {f"u{n}": {"country": "France" if n < 40 else "Spain"} for n in range(100)}
    taken = rng.random((100, 8)) < 0.3
    taken[:40, 0] |= rng.random(40) < 0.6
    events = [event(f"u{u}", "purchase", START, item=f"i{i}", quantity=1, value=1) for u, i in np.argwhere(taken)]
    events += [event(f"u{u}", "view", START, item="i0") for u in range(95)]
    events += [
        event("u0", "purchase", START, item="i7", quantity=1),
        event("u0", "return", END, item="i7", quantity=-9),
    ]
    return World(users, {f"i{n}": {"category": "odd" if n % 2 else "even"} for n in range(8)}, tuple(events))


def test_items_and_categories_by_lift(store: Store) -> None:
    world = shop(np.random.default_rng(5))
    put(store, world)
    with store.atomic() as writer:
        writer.run("INSERT INTO columns VALUES ('items', 'category', 'category')")
    after = END + timedelta(days=1)
    found = profiles(store, (FRANCE,), after, items=3)
    best = found.segments[0].items
    assert (best[0].id, found.category, len(best)) == ("i0", "category", 3)
    frame = pd.DataFrame(
        [(e["user"], e["item"], int(e["user"][1:]) < 40) for e in world.events if e["event"] == "purchase"],
        columns=["user", "item", "french"],
    ).drop_duplicates()
    frame = frame[~((frame["user"] == "u0") & (frame["item"] == "i7"))]  # sent back
    for lift in best:
        mine = frame[frame["item"] == lift.id]
        active = sorted({e["user"] for e in world.events if e["user"] is not None})
        members = sum(int(user[1:]) < 40 for user in active)
        assert lift.users == mine["french"].sum()
        assert (lift.share, lift.share_all) == (lift.users / members, len(mine) / len(active))
        assert lift.lift == pytest.approx(lift.share / lift.share_all)
        assert lift.low < lift.lift < lift.high
    assert [lift.low for lift in best] == sorted((lift.low for lift in best), reverse=True)
    odd = frame.assign(category=np.where(frame["item"].str[1:].astype(int) % 2, "odd", "even"))
    takers = odd[odd["french"]].drop_duplicates(["user", "category"])["category"].value_counts().to_dict()
    assert {lift.id: lift.users for lift in found.segments[0].categories} == takers
    assert profiles(store, (FRANCE,), after, items=0).segments[0].items == ()


def test_lift_of_a_small_part_is_katz(  # the whole is then nearly the rest, and Katz's interval scipy's
) -> None:
    got = lifts(np.array([400.0]), np.array([20_000.0]), 1_000, 1_000_000)
    peer = relative_risk(400, 1_000, 19_600, 999_000).confidence_interval(0.95)
    assert (got.low[0], got.high[0]) == pytest.approx((peer.low, peer.high), rel=0.03)


def test_lift_of_everyone_is_one_and_never_above_what_can_be() -> None:
    everyone = lifts(np.array([7.0]), np.array([7.0]), 10, 10)
    assert (everyone.low[0], everyone.lift[0], everyone.high[0]) == (1, 1, 1)
    only = lifts(np.array([5.0, 50.0]), np.array([5.0, 50.0]), 100, 400)
    assert list(only.lift) == list(only.high) == [4, 4]
    assert only.low[0] < only.low[1] < 4, "five takers say less than fifty"


@pytest.mark.parametrize(("p", "r", "n", "m"), [(0.05, 0.02, 300, 2000), (0.3, 0.3, 60, 500), (0.02, 0.001, 400, 3000)])
def test_the_interval_covers_the_truth(p: float, r: float, n: int, m: int) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.binomial(n, p, 20_000), rng.binomial(m, r, 20_000)
    a, b = a[a > 0], b[a > 0]
    got = lifts(a.astype(float), (a + b).astype(float), n, n + m)
    truth = p / ((n * p + m * r) / (n + m))
    assert 0.94 < np.mean((got.low <= truth) & (truth <= got.high)) < 0.985


# ---- size over time


def test_sizes_by_hand(store: Store) -> None:
    put(store, PEOPLE)
    found = sizes(store, BUYERS, "weeks", 3, AS_OF)
    assert [(str(p.as_of.date()), p.users, p.of) for p in found] == [
        ("2024-03-18", 2, 2), ("2024-03-25", 3, 3), ("2024-03-31", 4, 5),
    ]  # fmt: skip
    assert found[-1].share == 4 / 5
    assert sizes(store, Not(Did("purchase")), "days", 1, AS_OF)[0].users == 2
    pinned = sizes(store, Segment("p", Did("purchase"), datetime(2024, 3, 25)), "weeks", 1)
    assert [(p.as_of, p.users) for p in pinned] == [(datetime(2024, 3, 25), 3)]
    with pytest.raises(Refusal, match="1 to 400"):
        sizes(store, BUYERS, "days", 0)


def test_moments_are_ends_of_whole_periods() -> None:
    monday = datetime(2024, 3, 4)
    assert moments(monday, "weeks", 2) == (monday - timedelta(weeks=1), monday), "an end that is a border stands once"
    assert moments(datetime(2024, 3, 4, 1), "days", 2) == (monday, datetime(2024, 3, 4, 1))
    assert moments(datetime(1, 2, 2), "months", 9) == (datetime(1, 2, 1), datetime(1, 2, 2)), "as far as dates go"


@few
@given(world=worlds, rule=rules)
def test_sizes_are_counts_of_the_rule(shared: Store, world: World, rule: Rule) -> None:
    put(shared, world)
    first: dict[str, datetime] = {}
    for e in world.events:
        if e["user"] is not None:
            first[e["user"]] = min(first.get(e["user"], datetime.max), e["at"] or datetime.min)
    for point in sizes(shared, rule, "weeks", 3, END):
        members = answer(shared, rule, point.as_of)
        seen = {user for user, at in first.items() if at < point.as_of}
        assert (point.users, point.of, point.seen) == (len(members), len(seen), len(members & seen))


def test_what_never_changes_is_told_apart(store: Store) -> None:
    put(store, PEOPLE)
    save(store, Segment("live", Did("view")), Segment("pinned", Did("view"), AS_OF))
    schema = read_schema(store, saved=saved_segments(store))
    constant = (InGroup("x"), Sample(0.1), FRANCE.rule, InSegment("pinned"), All((Not(InGroup("x")), Sample(0.5))))
    moving = (Did("view"), InSegment("live"), Prop("joined", Test("last_days", (3,))), Not(Did("view", window=Last(3))))
    assert [is_constant(rule, schema) for rule in (*constant, *moving)] == [True] * 5 + [False] * 4


def test_everything_of_an_empty_workspace(store: Store) -> None:
    found = profiles(store, (BUYERS,))
    assert (found.everyone.users, found.everyone.active, found.segments[0].share) == (0, None, None)
    assert overlap(store, (BUYERS,)).intersections == ()
    with pytest.raises(BadRule, match="size over time needs event times"):
        sizes(store, BUYERS, "days", 2)
