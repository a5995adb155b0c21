"""Laws that hold for every list, over generated worlds and campaigns, against a twin that goes user by user."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.campaigns import ASKS, STAGES, Campaign, TargetList, ids_digest, make_list
from core.segments import All, Segment
from core.store import Store
from tests.behaviour.world import E
from tests.campaigns.world import MODEL, Given, World, fates, found, items_named, kept, named, prepare, put, told
from tests.examples import examples
from tests.prepared import new_store

AS_OF = datetime(2025, 3, 1)
USERS = ("anna", "0007", "7", "=1+1", "O'Neil", "zoë", "a,b", "b@x.org", "u9", "U9", "Ω", "drop table users;--")
ITEMS = ("mug", "pot", "tea")
CATEGORIES = {"mug": ["kitchen"], "pot": ["kitchen", "garden"], "tea": ["food"], "pen": []}
Scores = dict[tuple[str, str], float]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("laws") / "w.duckdb") as store:
        yield prepare(store)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    users = draw(st.lists(st.sampled_from(USERS), min_size=1, unique=True))
    says = st.sampled_from([True, True, True, False, None])
    facts = {
        u: {
            "consent_email": draw(says),
            "consent_sms": draw(says),
            "email": draw(st.sampled_from([None, mail])),
        }
        for u, mail in zip(users, (f"{n}@x.org" for n in range(len(users))), strict=True)
    }
    silent = draw(st.sets(st.sampled_from(users), max_size=len(users) - 1))
    events = [E(u, "pen", "view", "2025-01-01") for u in users if u not in silent]
    active = st.sampled_from([u for u in users if u not in silent])
    for _ in range(draw(st.integers(0, 15))):
        word = draw(st.sampled_from(["purchase", "purchase", "return", "view"]))
        sign = -1 if word == "return" else 1
        units = draw(st.sampled_from([None, 1, 2]))
        day = datetime(2025, 1, 1) + timedelta(days=draw(st.integers(0, 75)))
        worth = None if word == "view" else sign * draw(st.sampled_from([0, 1, 5]))
        events.append(
            E(draw(active), draw(st.sampled_from(ITEMS)), word, day.isoformat(), None,
              None if units is None or word == "view" else sign * units, worth)
        )  # fmt: skip
    consent = draw(st.sampled_from([("consent_email", "consent_sms"), ("consent_email",), ()]))
    return World(facts, CATEGORIES, events, consent)


@st.composite
def campaigns(draw: st.DrawFn) -> Campaign:
    ask = draw(st.sampled_from(ASKS))
    what = {
        "item": {"items": tuple(draw(st.lists(st.sampled_from(ITEMS), min_size=1, max_size=2, unique=True)))},
        "category": {"category": draw(st.sampled_from(["kitchen", "garden"])), "column": "category"},
        "segment": {"segment": Segment("all", All())},
        "ids": {"ids": "x"},
    }[ask]
    size, share = draw(st.sampled_from([(None, None), (1, None), (3, None), (None, 0.3), (None, 0.1)]))
    bought, days = draw(st.sampled_from([("ever", None), ("days", 20), ("keep", None)]))
    return Campaign(
        ask,
        **what,  # type: ignore[arg-type]
        model=MODEL,
        offer_k=draw(st.integers(0, 3)),
        size=size,
        share=share,
        channel=draw(st.sampled_from([None, "email"])),
        assume_consent=draw(st.booleans()),
        bought=bought,  # type: ignore[arg-type]
        bought_days=days,
        holdout=draw(st.sampled_from([0.0, 0.1, 0.5])),
        salt=draw(st.sampled_from(["limelight", "", "it's ?"])),
        as_of=AS_OF,
    )


SCORES = st.dictionaries(
    st.tuples(st.sampled_from(USERS), st.sampled_from(ITEMS)), st.sampled_from([math.nan, 0.0, 0.5, 1.0, -2.0])
)
SUPPRESSED = st.lists(st.sampled_from([*USERS, "0@X.org", " 1@x.ORG", "B@X.org", "nobody"]), max_size=4)


@settings(max_examples=examples(12))
@given(world=worlds(), campaign=campaigns(), scores=SCORES, suppressed=SUPPRESSED, seed=st.integers(0, 9))
def test_laws(store: Store, world: World, campaign: Campaign, scores: Scores, suppressed: list[str], seed: int) -> None:
    ids = [*world.user_ids()[:4], "stranger"] if campaign.ask == "ids" else []
    campaign = replace(campaign, ids=ids_digest(ids)) if ids else campaign
    # every item has a view, or the model would refuse an item that nobody has touched
    world = replace(world, events=[*world.events, *(E(world.events[0].user, i, "view", "2025-01-01") for i in ITEMS)])
    answers = []
    for shuffle in (None, seed):
        put(store, world, shuffle=shuffle)
        # looked up alike whichever way the ids are numbered
        model = Given(store, campaign, scores)
        made = make_list(store, campaign, model=model, ids=ids, suppressed=suppressed)
        check(store, made, world)
        expected = fates(world, campaign, scores, suppressed, AS_OF, ids)
        assert found(store, made) == {u: f for u, f in expected.items() if f != "candidates"}
        answers.append(told(store, made))
    arms = [{arm: [row[:3] for row in answer[arm]] for arm in ("contacted", "control")} for answer in answers]
    assert arms[0] == arms[1], "row order matters"
    assert answers[0]["dropped"] == answers[1]["dropped"]
    assert answers[0]["facts"] == answers[1]["facts"]


def check(store: Store, made: TargetList, world: World) -> None:
    """What is true of every list."""
    campaign = made.campaign
    assert [s.stage for s in made.stages] == list(STAGES)
    for before, after in zip(made.stages, made.stages[1:], strict=False):
        assert before.after == after.before
        assert len(made.dropped[after.stage]) == after.before - after.after
    assert made.stages[0].before == made.facts["users_asked"]
    assert made.stages[-1].after == len(made.contacted)
    everyone = [*made.contacted.user_no, *made.control.user_no, *(u for s, d in made.dropped.items()
                if s != "holdout" for u in d)]  # fmt: skip
    assert len(everyone) == len(set(everyone)) == made.stages[0].after
    for members in (made.contacted, made.control):
        assert (np.diff(members.ranks) > 0).all()
        assert not (np.diff(members.scores) > 0).any()
    ranks = sorted([*made.contacted.ranks, *made.control.ranks])
    assert ranks == list(range(1, len(ranks) + 1))
    if campaign.size is not None:
        assert len(made.contacted) <= campaign.size
    check_offers(store, made, world)


def check_offers(store: Store, made: TargetList, world: World) -> None:
    campaign = made.campaign
    own = kept(world, campaign, AS_OF) if campaign.bought != "keep" else set()
    for members in (made.contacted, made.control):
        if campaign.ask == "item" and len(campaign.items) == 1:
            assert items_named(store, members.offers) == [list(campaign.items)] * len(members)
            continue
        assert members.offers.shape == (len(members), campaign.offer_k)
        for user, offers in zip(named(store, members.user_no), items_named(store, members.offers), strict=True):
            assert len(offers) == len(set(offers))
            assert not own & {(user, item) for item in offers}
            if campaign.ask == "item":
                assert set(offers) <= set(campaign.items)
            if campaign.ask == "category":
                assert {str(campaign.category) in CATEGORIES[item] for item in offers} <= {True}


@settings(max_examples=examples(10))
@given(world=worlds(), suppressed=st.lists(st.sampled_from(USERS), min_size=1))
def test_suppression_is_final(store: Store, world: World, suppressed: list[str]) -> None:
    put(store, world)
    asked = Campaign("ids", ids=ids_digest(suppressed))
    made = make_list(store, asked, ids=suppressed, suppressed=suppressed)
    assert len(made.contacted) == len(made.control) == 0
