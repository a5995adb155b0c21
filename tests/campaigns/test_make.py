"""A world whose every user's fate is written out, and the ways a list can be asked for."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from core.campaigns import STAGES, Campaign, ids_digest, make_list
from core.errors import Refusal
from core.recommend import spec
from core.segments import All, Did, Segment
from core.store import Query, Store
from tests.behaviour.world import E
from tests.campaigns.world import MODEL, Given, World, fates, found, items_named, named, prepare, put, told
from tests.pages.drive import loaded
from tests.prepared import new_store

YES = {"consent_email": True, "consent_sms": True}
AS_OF = datetime(2025, 4, 1)
EVERYBODY = "ann bob cat dan eve fay gus ida joe kim lea max ned ora pia".split()
# Each has viewed a pen. hal has done nothing; somebody without a name buys a mug.
WORLD = World(
    users={
        **dict.fromkeys([*EVERYBODY, "hal"], YES),
        "cat": {"consent_email": False, "consent_sms": True},
        "dan": {"consent_sms": True},
        "fay": {**YES, "email": "Fay@Example.org"},
        "gus": {**YES, "phone": "+49 (30) 12-34"},
        "lea": {**YES, "consent_sms": False},
    },
    items={"mug": ["kitchen"], "pot": ["kitchen", "garden"], "tea": ["food"], "pen": []},
    events=[
        *(E(u, "pen", "view", "2025-01-01") for u in EVERYBODY),
        E("ann", "mug", "purchase", "2025-01-05", "a1", 1, 5.0),
        E("bob", "mug", "purchase", "2025-03-05", "b1", 2, 10.0),
        E("bob", "mug", "return", "2025-03-06", "b1", -2, -10.0),  # both back: has not bought it
        E("joe", "mug", "purchase", "2025-03-05", "j1", 2, 10.0),
        E("joe", "mug", "return", "2025-03-06", "j1", -1, -5.0),  # one kept
        E("kim", "mug", "purchase", "2025-04-02", "k1", 1, 5.0),  # after the end of the data looked at
        E("ned", "pot", "purchase", "2025-03-10", "n1", 1, 9.0),
        E("ora", "tea", "purchase", "2025-03-10", "o1", 1, 3.0),
        E("max", "tea", "view", "2025-03-10"),
        E(None, "mug", "purchase", "2025-03-11", "x1", 1, 5.0),
    ],
)
SCORES = {
    **{(u, "mug"): 10.0 for u in ("ann", "cat", "dan", "eve", "fay", "gus", "joe")},
    ("bob", "mug"): 9.0,
    ("kim", "mug"): 8.0,
    ("lea", "mug"): 7.0,
    ("max", "mug"): 7.0,
    ("pia", "mug"): 6.0,
    ("ned", "mug"): 5.0,
    ("ora", "mug"): 4.0,
    ("ida", "mug"): math.nan,
    ("hal", "mug"): 10.0,
    ("ora", "pot"): 9.5,
    ("ned", "tea"): 2.0,
    ("ned", "pot"): 3.0,
    ("bob", "pot"): 1.0,
    ("bob", "tea"): 2.0,
}
SUPPRESSED = ["eve", "  fay@EXAMPLE.org ", "+49301234", "nobody", "nobody"]
# With this salt kim and pia (and cat and dan) fall to a control group of a quarter, and lea's lot is before max's.
ASKED = Campaign("item", items=("mug",), model=MODEL, channel="email", size=4, holdout=0.25, salt="spring", as_of=AS_OF)
FATES = {
    "ann": "bought", "joe": "bought",
    "cat": "consent", "dan": "consent",
    "eve": "suppressed", "fay": "suppressed", "gus": "suppressed",
    "bob": "contacted", "lea": "contacted", "max": "contacted", "ned": "contacted",
    "kim": "control", "pia": "control",
    "ora": "size",
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("lists") / "w.duckdb") as store:
        yield put(prepare(store), WORLD)


def test_every_users_fate(store: Store) -> None:
    made = make_list(store, ASKED, model=Given(store, ASKED, SCORES), suppressed=SUPPRESSED)
    assert found(store, made) == FATES
    twin = fates(WORLD, ASKED, SCORES, [*SUPPRESSED, "gus"], AS_OF)
    assert {u: f for u, f in twin.items() if f != "candidates"} == FATES
    assert [(s.stage, s.before, s.after) for s in made.stages] == [
        ("candidates", 16, 14), ("consent", 14, 12), ("suppressed", 12, 9), ("bought", 9, 7), ("size", 7, 6),
        ("holdout", 6, 4),
    ]  # fmt: skip
    assert named(store, made.contacted.user_no) == ["bob", "lea", "max", "ned"]
    assert made.contacted.ranks.tolist() == [1, 3, 4, 6]
    assert made.contacted.scores.tolist() == [9.0, 7.0, 7.0, 5.0]
    assert named(store, made.control.user_no) == ["kim", "pia"]
    assert made.control.ranks.tolist() == [2, 5]
    assert items_named(store, made.contacted.offers) == [["mug"]] * 4
    assert (made.facts["users_unscored"], made.facts["suppressed_ids"], made.facts["suppressed_unknown"]) == (2, 4, 1)
    assert made.facts["as_of"] == "2025-04-01T00:00:00"
    assert any("cannot score 2 users of 16" in note for note in made.notes)
    assert any("1 of 4 entries" in note for note in made.notes)


def test_recent_buyers_repeat_buyers_and_a_category(store: Store) -> None:
    days = replace(ASKED, bought="days", bought_days=30, size=None, holdout=0.0)
    model = Given(store, ASKED, SCORES)
    made = found(store, make_list(store, days, model=model))
    assert (made["ann"], made["joe"], made["bob"]) == ("contacted", "bought", "contacted")  # ann's is 86 days old
    keep = found(store, make_list(store, replace(days, bought="keep", bought_days=None), model=model))
    assert "bought" not in keep.values()
    kitchen = replace(ASKED, ask="category", items=(), category="kitchen", column="category", size=None, holdout=0.0)
    list_made = make_list(store, kitchen, model=model)
    assert found(store, list_made)["ned"] == "bought"  # the pot
    # ora 4 + 9.5; then a tie at 10, bob's 9 + 1 and eve's mug alone (what is missing adds nothing): bob's lot is first
    assert named(store, list_made.contacted.user_no)[:3] == ["ora", "bob", "eve"]
    assert list_made.contacted.scores[0] == 13.5


def test_consent_asked_for(store: Store) -> None:
    model = Given(store, ASKED, SCORES)
    everything = replace(ASKED, size=None, holdout=0.0)

    def dropped(campaign: Campaign) -> set[str]:
        return {u for u, f in found(store, make_list(store, campaign, model=model)).items() if f == "consent"}

    assert dropped(replace(everything, channel="sms")) == {"lea"}
    assert dropped(replace(everything, channel="Consent_SMS")) == {"lea"}
    assert dropped(replace(everything, channel=None)) == {"cat", "dan", "lea"}
    with pytest.raises(Refusal, match="email, sms") as told_off:
        dropped(replace(everything, channel="post"))
    assert told_off.value.code == "unknown_channel"


@pytest.mark.parametrize(("assume", "passes"), [(True, 14), (False, 0)])
def test_without_consent_data_the_answer_is_recorded(tmp_path: Path, assume: bool, passes: int) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        put(prepare(store), replace(WORLD, consent=()))
        asked = replace(ASKED, assume_consent=assume)
        made = make_list(store, asked, model=Given(store, asked, SCORES))
        assert made.stages[1].after == passes
        assert made.facts["assumed"] is assume
        assert any("no consent column" in note for note in made.notes)


def test_a_segment_is_ordered_by_net_revenue_and_gets_offers_it_has_not_bought(store: Store) -> None:
    buyers = Segment("buyers", Did("purchase"))
    asked = Campaign("segment", segment=buyers, model=MODEL, offer_k=2, channel="email", salt="spring", as_of=AS_OF)
    made = make_list(store, asked, model=Given(store, asked, SCORES))
    # kim buys later than as_of; ned 9, ann and joe 5 each (ann's lot is the later one), ora 3, bob 0
    assert named(store, made.contacted.user_no) == ["ned", "joe", "ann", "ora", "bob"]
    assert np.isnan(made.contacted.scores).all()
    assert made.stages[3].before == made.stages[3].after
    # joe has a mug and no other score; ora: pot 9.5, mug 4; bob gave the mug back, so it is offered again
    assert items_named(store, made.contacted.offers) == [["mug", "tea"], [], [], ["pot", "mug"], ["mug", "tea"]]
    assert any("2 users have no offer" in note for note in made.notes)
    only = replace(asked, items=("tea", "pot"))
    offers = items_named(store, make_list(store, only, model=Given(store, asked, SCORES)).contacted.offers)
    assert offers == [["tea"], [], [], ["pot"], ["tea", "pot"]]
    again = replace(asked, bought="keep")
    kept = items_named(store, make_list(store, again, model=Given(store, asked, SCORES)).contacted.offers)
    assert kept == [["mug", "pot"], ["mug"], ["mug"], ["pot", "mug"], ["mug", "tea"]]


def test_what_was_bought_is_not_offered_even_where_the_matrix_does_not_know_it(store: Store) -> None:
    matrix = replace(ASKED.matrix, weights=(("purchase", 0.0),))  # only views weigh
    asked = Campaign("segment", segment=Segment("all", All()), model=MODEL, matrix=matrix, offer_k=2, as_of=AS_OF)
    asked = replace(asked, channel="email")
    scores = {**SCORES, ("ned", "pen"): 9.0, ("max", "pot"): 1.0}
    asked_model = Given(store, asked, scores)
    assert "mug" not in asked_model.x.items.ids.to_pylist()  # type: ignore[union-attr]
    with pytest.raises(Refusal) as told_off:
        make_list(store, replace(asked, items=("mug",)), model=asked_model)
    assert told_off.value.code == "item_without_behaviour"
    offers = dict(zip(*_offers(store, make_list(store, asked, model=asked_model).contacted), strict=True))
    assert offers["ora"] == []  # tea is bought: the matrix, which knows only max's view of it, would offer it
    assert offers["ned"] == ["tea"]


def _offers(store: Store, members) -> tuple[list[str], list[list[str]]]:  # type: ignore[no-untyped-def]
    return named(store, members.user_no), items_named(store, members.offers)


def test_given_ids_unknown_ones_are_counted(store: Store) -> None:
    ids = ["ned", "ora", "zoe", "fay@example.org", "007"]
    asked = Campaign("ids", ids=ids_digest(ids), channel="email", salt="spring")
    made = make_list(store, asked, ids=ids)
    assert named(store, made.contacted.user_no) == ["ned", "ora", "fay"]
    assert made.contacted.offers.shape == (3, 0)
    assert (made.stages[0].before, made.stages[0].after, made.facts["unknown_ids"]) == (5, 3, 2)
    assert any("2 of 5 ids" in note for note in made.notes)
    with pytest.raises(Refusal) as told_off:
        make_list(store, asked, ids=ids[:2])
    assert told_off.value.code == "other_ids"


def test_too_few_are_said(store: Store) -> None:
    asked = replace(ASKED, size=50)
    made = make_list(store, asked, model=Given(store, asked, SCORES))
    assert len(made.contacted) == 8
    assert any("8 users can be contacted, fewer than the 50 asked for" in note for note in made.notes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"items": ("mug", "spoon")}, "unknown_item"),
        ({"ask": "category", "category": "toys", "column": "category"}, "unknown_category"),
        ({"ask": "category", "category": "kitchen", "column": "shelf"}, "no_such_column"),
        ({"model": spec("ease")}, "other_model"),
    ],
)
def test_refusals(store: Store, changes: dict[str, object], code: str) -> None:
    model = Given(store, ASKED, SCORES)
    with pytest.raises(Refusal) as told_off:
        make_list(store, replace(ASKED, **changes), model=model)  # type: ignore[arg-type]
    assert told_off.value.code == code


def test_a_model_of_other_data_is_refused(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        put(prepare(store), WORLD)
        model = Given(store, ASKED, SCORES)
        put(store, WORLD)
        with pytest.raises(Refusal) as told_off:
            make_list(store, ASKED, model=model)
        assert told_off.value.code == "stale_model"


def test_the_same_list_whatever_the_order_of_rows_and_numbers(tmp_path: Path) -> None:
    lists = []
    for seed in (None, 1, 2):
        with new_store(tmp_path / f"{seed}.duckdb") as store:
            put(prepare(store), WORLD, shuffle=seed)
            for asked in (ASKED, replace(ASKED, ask="category", items=(), category="kitchen", column="category")):
                made = make_list(store, asked, model=Given(store, asked, SCORES), suppressed=SUPPRESSED)
                lists.append(told(store, made))
                assert (
                    told(store, make_list(store, asked, model=Given(store, asked, SCORES), suppressed=SUPPRESSED))
                    == (lists[-1])
                )
    assert lists[0] == lists[2] == lists[4]
    assert lists[1] == lists[3] == lists[5]


def test_the_model_is_fitted_on_the_data_before_as_of(store: Store) -> None:
    asked = replace(ASKED, items=("mug",), model=spec("popular"))
    made = make_list(store, asked)
    assert made.facts["model"]["until"] == "2025-04-01T00:00:00"
    assert [s.stage for s in made.stages] == list(STAGES)
    late = make_list(store, asked, model=Given(store, asked, SCORES))
    assert any("later than this list looks" in note for note in late.notes)
    assert store.rows(Query("SELECT count(*) AS n FROM models")) == [{"n": 0}]


def test_files_as_people_load_them_in_any_order(tmp_path: Path) -> None:
    """Consent and contacts come from a file of users; shuffled lines give the same list, to the same digest."""
    users = [f"{n:04},{'yes' if n % 3 else 'no' if n % 2 else ''},U{n}@Mail.example" for n in range(60)]
    events = [f"{n % 60:04},i{n % 13},2025-01-{n % 28 + 1:02}T10:00:00,purchase,{n % 5 + 1}.5" for n in range(300)]
    told_lists = []
    for turn in range(2):
        with new_store(tmp_path / f"{turn}.duckdb") as store:
            rows = [random.Random(turn).sample(lines, len(lines)) for lines in (events, users)]
            heads = ("user_id,item_id,time,event,value", "user_id,consent_email,email")
            for head, lines, name in zip(heads, rows, ("events.csv", "users.csv"), strict=True):
                (tmp_path / name).write_text("\n".join([head, *lines]) + "\n", "utf-8")
            loaded(store, tmp_path / "events.csv", tmp_path / "users.csv")
            asked = Campaign("item", items=("i3",), model=spec("item-knn"), size=15, holdout=0.2, channel="email")
            made = make_list(store, asked, suppressed=["u1@mail.example", "0002"])
            told_lists.append(told(store, made))
    assert told_lists[0] == told_lists[1]
    fate = {user: stage for stage, users in told_lists[0]["dropped"].items() for user in users}
    assert {fate[f"{n:04}"] for n in range(0, 60, 3)} == {"consent"}
    assert {fate["0001"], fate["0002"]} == {"suppressed"}
    assert len(told_lists[0]["contacted"]) == 15


def test_an_empty_workspace_gives_an_empty_list(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        ids = ["ann", "a@x.org"]
        made = make_list(store, Campaign("ids", ids=ids_digest(ids), size=3, holdout=0.5), ids=ids, suppressed=["x"])
        assert (len(made.contacted), len(made.control), made.facts["unknown_ids"]) == (0, 0, 2)
        assert [(s.before, s.after) for s in made.stages] == [(2, 0)] + [(0, 0)] * 5
        every = make_list(store, Campaign("segment", segment=Segment("all", All()), share=0.5))
        assert len(every.contacted) == 0
        with pytest.raises(Refusal) as told_off:
            make_list(store, replace(ASKED, channel=None))
        assert told_off.value.code == "unknown_item"


def test_a_list_for_an_item_is_drawn_from_a_segment(store: Store) -> None:
    asked = replace(ASKED, segment=Segment("tea", Did("purchase")), size=None, holdout=0.0)
    made = make_list(store, asked, model=Given(store, asked, SCORES))
    # those who bought anything before as_of: ann, joe, bob, ned, ora
    assert made.stages[0].before == 5
    assert "tea" in made.stages[0].words
    assert named(store, made.contacted.user_no) == ["bob", "ned", "ora"]
    pinned = replace(asked, segment=Segment("early", Did("purchase"), datetime(2025, 3, 1)))
    assert make_list(store, pinned, model=Given(store, pinned, SCORES)).stages[0].before == 1  # ann


def test_a_model_for_new_users_reaches_who_did_nothing_and_says_so(store: Store) -> None:
    asked = replace(ASKED, model=spec("demographic"), size=None, holdout=0.0)
    made = make_list(store, asked)
    assert "hal" in named(store, made.contacted.user_no)
    assert made.facts["users_unscored"] == 0
    assert any("also scores 1 user who did nothing" in note for note in made.notes)
    behaviour = make_list(store, replace(asked, model=spec("popular")))
    assert "hal" not in named(store, behaviour.contacted.user_no)
    assert not any("did nothing" in note for note in behaviour.notes)
