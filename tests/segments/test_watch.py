"""Segments compared and watched: people counted by hand, and random worlds counted again by pandas and by rules."""

from __future__ import annotations

import inspect
from datetime import datetime, timedelta
from importlib import import_module

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.stats.contingency import relative_risk

from core.errors import Refusal
from core.segments import (
    NOT_SEEN,
    All,
    BadRule,
    ByAbc,
    ByGroup,
    ByLoyalty,
    ByRfm,
    BySegments,
    Did,
    InGroup,
    InSegment,
    Last,
    Not,
    Prop,
    RfmSettings,
    Rule,
    Sample,
    Segment,
    Split,
    Test,
    compile_rule,
    is_constant,
    moments,
    movement,
    overlap,
    part_rule,
    profiles,
    read_schema,
    rfm_cuts,
    save_segment,
    saved_segments,
    sizes,
    split_parts,
    split_query,
)
from core.segments.groups import write_group
from core.segments.rfm_sql import scored
from core.segments.watch.lift import lifts
from core.store import Query, Store
from tests.segments.people import AS_OF, EVERYONE, PEOPLE
from tests.segments.strategies import AS_OF as END
from tests.segments.strategies import rules, worlds
from tests.segments.world import World, event, ids, put

_some = settings(max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
START = datetime(2024, 2, 1)


def has(module: str, name: str) -> bool:
    try:
        return hasattr(import_module(module), name)
    except ImportError:
        return False


needs_loyalty = pytest.mark.skipif(
    not has("core.segments.loyalty", "settled") or not has("core.segments.loyalty_sql", "staged"),
    reason="core.segments.loyalty is not merged yet",
)
needs_abc = pytest.mark.skipif(not has("core.segments.abc_sql", "classed"), reason="abc_sql.classed is not merged yet")
needs_settings = pytest.mark.skipif(
    "settings" not in inspect.signature(scored).parameters, reason="RFM with settings is not merged yet"
)

BUYERS = Segment("buyers", Did("purchase"))
LOOKERS = Segment("lookers", Did("view"))
FRANCE = Segment("France", Prop("country", Test("is", ("France",))))


def save(store: Store, *segments: Segment) -> None:
    for segment in segments:
        save_segment(store, segment, replace=True)


def keep(store: Store, name: str, parts: dict[str, int], names: dict[int, str]) -> None:
    table = pa.table({"user_id": pa.array(list(parts)), "part": pa.array(list(parts.values()), pa.int32())})
    with store.atomic(data=False) as writer:
        write_group(writer, name, "clusters", table, words="by hand", spec={}, parts=names, replace=True)


def parted(store: Store, split: Split, at: datetime) -> dict[str, str]:
    schema = read_schema(store, saved=saved_segments(store))
    rows = store.rows(
        Query("SELECT u.user_id, p.part FROM (") + split_query(split, schema, at) + ") p JOIN users u USING (user_no)"
    )
    assert len(rows) == len({row["user_id"] for row in rows}), "each user in at most one part"
    return {str(row["user_id"]): str(row["part"]) for row in rows}


def answer(store: Store, rule: Rule, at: datetime) -> set[str]:
    return ids(store, compile_rule(rule, read_schema(store, saved=saved_segments(store)), at))


def check_parts(store: Store, split: Split, at: datetime) -> None:
    """The rule of each part has exactly the members that the query puts into it."""
    schema = read_schema(store, saved=saved_segments(store))
    found = parted(store, split, at)
    everyone = answer(store, All(), at)
    assert set(found.values()) <= set(split_parts(split, schema))
    for part in split_parts(split, schema):
        mine = {user for user, name in found.items() if name == part}
        assert answer(store, part_rule(split, part, schema), at) == mine, part
    assert answer(store, part_rule(split, None, schema), at) == everyone - set(found)


def check_bands(store: Store, split: Split, start: datetime, end: datetime, *, fixed: bool) -> None:
    """Every known user is in one band, and the rule of each band has exactly its users."""
    if (store.as_of() or start) <= start:
        return  # a random world may end before
    found = movement(store, split, start, end, fixed=fixed)
    members = [answer(store, found.rule(band.was, band.now), store.as_of() or end) for band in found.bands]
    assert [len(users) for users in members] == [band.users for band in found.bands]
    assert sorted(user for users in members for user in users) == sorted(answer(store, All(), end))


# ---- splits


def test_splits_by_hand(store: Store) -> None:
    put(store, PEOPLE)
    save(store, BUYERS, LOOKERS)
    assert parted(store, BySegments(("Lookers", "buyers")), AS_OF) == {
        "ann": "lookers", "cat": "lookers", "dan": "lookers", "ben": "buyers", "007": "buyers",
    }  # fmt: skip
    assert parted(store, BySegments(("buyers",)), datetime(2024, 3, 10)) == {"cat": "buyers", "007": "buyers"}
    keep(store, "by hand", {"ann": 0, "ben": 1, "cat": -1, "gone": 1}, {0: "One; DROP TABLE", 1: "two"})
    assert parted(store, ByGroup("By hand"), AS_OF) == {"ann": "One; DROP TABLE", "ben": "two"}
    keep(store, "listed", {"eve": 0}, {})
    assert parted(store, ByGroup("listed"), AS_OF) == {"eve": "listed"}
    for split in (BySegments(("lookers", "buyers")), ByGroup("by hand"), ByGroup("listed"), ByRfm()):
        check_parts(store, split, AS_OF)


def test_bad_splits_say_what_there_is(store: Store) -> None:
    put(store, PEOPLE)
    with pytest.raises(BadRule, match=r"no part 'Nobody'.*Champions"):
        part_rule(ByRfm(), "Nobody")
    with pytest.raises(BadRule, match="twice"):
        BySegments(("a", "A"))
    with pytest.raises(BadRule, match="no saved segment 'x'"):
        split_query(BySegments(("x",)), read_schema(store), AS_OF)
    with pytest.raises(BadRule, match="no group 'x'"):
        split_parts(ByGroup("x"), read_schema(store))
    with pytest.raises(BadRule, match="RFM needs event times"):
        split_query(ByRfm(), read_schema(store), None)


@_some
@given(world=worlds, a=rules, b=rules)
def test_the_rule_of_a_part_has_its_members(shared: Store, world: World, a: Rule, b: Rule) -> None:
    put(shared, world)
    save(shared, Segment("a", a), Segment("b", b))
    check_parts(shared, BySegments(("a", "b")), END)
    check_parts(shared, ByRfm(), END)


@needs_abc
@_some
@given(world=worlds)
def test_parts_of_abc(shared: Store, world: World) -> None:
    put(shared, world)
    check_parts(shared, ByAbc(), END)
    check_bands(shared, ByAbc(), START, END, fixed=True)


@needs_loyalty
@_some
@given(world=worlds)
def test_parts_of_loyalty(shared: Store, world: World) -> None:
    put(shared, world)
    check_parts(shared, ByLoyalty(), END)
    check_bands(shared, ByLoyalty(), START, END, fixed=True)


@needs_settings
@_some
@given(world=worlds, scores=st.sampled_from((3, 4, 5)), money=st.sampled_from(("apart", "with_frequency", "none")))
def test_fixed_cuts_give_the_scores_of_their_own_moment(shared: Store, world: World, scores: int, money: str) -> None:
    put(shared, world)
    by = ByRfm(settings=RfmSettings(scores, monetary=money))  # type: ignore[arg-type]
    check_parts(shared, by, END)
    cut = ByRfm(settings=rfm_cuts(shared, by.settings, END))
    assert parted(shared, cut, END) == parted(shared, by, END)
    check_bands(shared, by, START, END, fixed=True)


# ---- movement


def test_movement_by_hand(store: Store) -> None:
    put(store, PEOPLE)
    save(store, BUYERS, LOOKERS)
    found = movement(store, BySegments(("buyers", "lookers")), datetime(2024, 3, 10), AS_OF)
    assert [(band.was, band.now, band.users) for band in found.bands] == [
        (NOT_SEEN, "buyers", 2),  # ann, ben
        (NOT_SEEN, "lookers", 1),  # dan
        (NOT_SEEN, None, 1),  # eve, of whom no event is known
        ("buyers", "buyers", 2),  # cat, 007
    ]
    assert answer(store, found.rule(NOT_SEEN, "buyers"), AS_OF) == {"ann", "ben"}
    assert answer(store, found.rule(NOT_SEEN, None), datetime(2025, 1, 1)) == {"eve"}
    assert found.parts == ("buyers", "lookers")


def test_who_was_in_a_part_but_not_seen_is_not_seen(store: Store) -> None:
    """France is known of a user before any event of theirs."""
    put(store, PEOPLE)
    save(store, FRANCE)
    found = movement(store, BySegments(("France",)), datetime(2024, 3, 10), AS_OF)
    assert [(b.was, b.now, b.users) for b in found.bands] == [
        (NOT_SEEN, "France", 1), (NOT_SEEN, None, 3), (None, None, 2),
    ]  # fmt: skip
    assert sum(band.users for band in found.bands) == len(EVERYONE)


@_some
@given(world=worlds, a=rules, b=rules)
def test_the_rule_of_a_band_has_its_users(shared: Store, world: World, a: Rule, b: Rule) -> None:
    put(shared, world)
    save(shared, Segment("a", a), Segment("b", b))
    check_bands(shared, BySegments(("a", "b")), START, END, fixed=True)
    check_bands(shared, ByRfm(), START, END, fixed=False)


def test_movement_refuses_what_has_no_answer(store: Store) -> None:
    put(store, PEOPLE)
    with pytest.raises(Refusal, match="no time in between"):
        movement(store, ByRfm(), datetime(2024, 5, 1), fixed=False)
    save(store, Segment(NOT_SEEN, Did("view")))
    with pytest.raises(BadRule, match="cannot be called"):
        movement(store, BySegments((NOT_SEEN,)), datetime(2024, 3, 1))
    put(store, World(events=(event("a", "view"),)))
    with pytest.raises(Refusal, match="Movement needs event times"):
        movement(store, ByRfm(), datetime(2024, 3, 1))


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


@_some
@given(world=worlds, asked=st.lists(rules, min_size=1, max_size=4))
def test_overlap_agrees_with_sets(shared: Store, world: World, asked: list[Rule]) -> None:
    put(shared, world)
    segments = [Segment(f"s{n}", rule) for n, rule in enumerate(asked)]
    save(shared, *segments)
    found = overlap(shared, segments, END)
    sets = {segment.name: answer(shared, segment.rule, END) for segment in segments}
    assert found.sizes == tuple(len(users) for users in sets.values())
    for one in found.intersections:
        mine = {u for u in world.user_ids() if {name for name, users in sets.items() if u in users} == set(one.names)}
        assert len(mine) == one.users
        assert answer(shared, one.rule(found.names), END) == answer(shared, found.rule(one.names), END) == mine
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


@_some
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


@_some
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
