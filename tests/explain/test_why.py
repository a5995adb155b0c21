"""Why a user is matched to an item: parts, notes and the one sentence, for models of every shape."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

import numpy as np
import pytest

from core.errors import Refusal
from core.explain import recommended, why
from core.explain.sentence import Reasons, sentence
from core.interactions import Interactions, MatrixSpec, build
from core.recommend import Explanation, RecTable, Spec, View, spec
from core.recommend import make as make_model
from core.store import Store
from tests.explain.conftest import Maker
from tests.explain.world import did

EVENTS = [
    did("ann", "purchase", "lamp", "2011-10-01", order_id="o1", quantity=2.0),
    did("ann", "purchase", "lamp", "2011-10-01 10:00", order_id="o1"),  # the same order
    did("ann", "purchase", "lamp", "2011-11-04", order_id="o2"),
    did("ann", "view", "lamp", "2011-09-01"),
    did("ann", "view", "lamp", "2011-09-02"),
    did("ann", "view", "bulb", "2011-09-03"),
    did("ann", "purchase", "rug", "2011-09-03", quantity=1.0),
    did("ann", "view", "rug", "2011-09-02"),
    did("ann", "return", "rug", "2011-09-08", quantity=-1.0),
    did("ann", "rating", "tray", "2011-09-08", rating=2.0),
    did("ann", "rating", "tray", "2011-09-09", rating=4.5),
    did("ann", "impression", "tray", "2011-09-10"),
    did("ann", "{strange} word", "pot", "2011-09-10"),
    *[did(f"secret{n:02}", "view", item, "2011-11-05") for n in range(12) for item in ("lamp", "sofa", "bulb")],
    did("zed", "view", "long", "2011-11-05"),
]
ITEMS = {
    "lamp": {"title": "Lamp", "kind": ["light", "home"]},
    "bulb": {"title": "Bulb, warm and\n\nsoft"},
    "sofa": {"title": "Sofa", "kind": ["home"]},
    "long": {"title": "# A **long** title " + "that goes on " * 20},
}
ROLES = {("items", "title"): "title", ("items", "kind"): "category"}


@pytest.fixture
def shop(make: Maker) -> Store:
    return make(EVENTS, items=ITEMS, roles=ROLES)


@dataclass
class Told:
    """A model that says what the test wants to be explained."""

    x: Interactions
    items: dict[str, float]
    users: dict[str, float]
    base: float = 0.0
    exact: bool = True
    score_is: float | None = None
    spec: ClassVar[Spec] = Spec("told")
    scores_everyone: ClassVar[bool] = False

    def explain(self, user: int, item: int) -> Explanation:
        views: dict[str, View] = {}
        for of, parts, names in (("items", self.items, self.x.items), ("users", self.users, self.x.users)):
            rows = np.array([names.row(raw) for raw in parts], dtype=np.int64)
            how = "What it adds."
            views[of] = View(of, rows, np.array(list(parts.values())), self.exact, how, 1.0 if self.exact else 0.9)  # type: ignore[arg-type]
        score = self.base + sum(self.items.values()) if self.score_is is None else self.score_is
        return Explanation(user, item, score, self.base, views["items"], views["users"])

    def score(self, users: Any, items: Any = None) -> Any:
        """The same for every item, so that those before it in the matrix come before it in the list."""
        return np.zeros((len(users), self.x.shape[1]))

    def recommend(self, users: Any, k: int, **_: Any) -> RecTable:
        items = np.full((1, k), -1, dtype=np.int32)
        items[0, 0] = self.x.items.row("sofa") if k < 50 else -1
        return RecTable(users, items, np.zeros((1, k)))


def told(store: Store, item: str = "sofa", /, **parts: Any) -> str:
    parts = {"items": {}, "users": {}, **parts}
    model: Any = Told(parts.pop("x", None) or build(store), **parts)
    return why(store, model, "ann", item).sentence


CROWD = {f"secret{n:02}": 0.1 for n in range(12)}


def test_sentences(shop: Store) -> None:
    two = {"lamp": 5.0, "bulb": 2.1, "tray": 1.6, "pot": 1.3}
    assert told(shop, items=two, users=CROWD) == (
        "Suggested because they bought Lamp, which makes 50 % of the score; 12 similar users took an interest in it."
    )
    assert told(shop, items={"lamp": 4.0, "bulb": 3.1, "tray": 2.9}) == (
        "Suggested because they bought Lamp and viewed “Bulb, warm and soft”, which together make 71 % of the score."
    )
    few = dict(list(CROWD.items())[:9])
    assert told(shop, items={"tray": 1.0}, users=few) == (
        "Suggested because they rated tray, which makes 100 % of the score."
    )
    # twelve parts, three of them against it: nine speak for it, too few to be spoken of
    against = {name: -0.1 if n < 3 else 0.1 for n, name in enumerate(CROWD)}
    assert "similar users" not in told(shop, items={"tray": 1.0}, users=against)
    assert told(shop, items={"lamp": 4.0, "bulb": -1.0, "tray": 2.0}) == (
        "Suggested because they bought Lamp, which makes 67 % of what speaks for it."
    )
    assert told(shop, items={"lamp": 4.0}, base=0.5) == (
        "Suggested because they bought Lamp, which makes 100 % of what speaks for it."
    )
    assert told(shop, items={"lamp": 4.0, "tray": 2.0}, exact=False) == (
        "Suggested because they bought Lamp, which makes about 67 % of the score."
    )
    assert told(shop, users=CROWD, exact=False) == "Suggested because 12 similar users took an interest in it."
    assert told(shop, items={"lamp": -1.0}) == (
        "Nothing this user did speaks for it; it is listed only because other items have even less to say for them."
    )
    assert told(shop, items={"lamp": 1.0, "tray": -3.0}) == (
        "Hardly to suggest: more of what they did speaks against it than for it; for it speaks that they bought Lamp, "
        "which makes 100 % of what speaks for it."
    )
    assert told(shop, items={"pot": 1.0}) == (
        "Suggested because they did “(strange) word” with pot, which makes 100 % of the score."
    )
    # what was bought and wholly returned was not bought
    assert told(shop, items={"rug": 1.0}) == "Suggested because they viewed rug, which makes 100 % of the score."
    assert told(shop, score_is=float("nan")) == (
        "No reason can be given, since the model cannot score this item for this user."
    )


def test_sentences_about_what_was_seen(shop: Store) -> None:
    assert told(shop, "lamp", items={"lamp": 2.0, "tray": 3.0}) == (
        "They bought it already; what speaks for it is that they rated tray, which makes 60 % of the score."
    )
    assert told(shop, "lamp", items={"lamp": 4.0, "tray": 1.0}) == (
        "They bought it already; what speaks for it is that they bought this very item, which makes 80 % of the score."
    )
    assert (
        told(shop, "bulb", items={"lamp": -1.0}) == "They viewed it already, and nothing else they did speaks for it."
    )


def test_many_small_parts(make: Maker) -> None:
    events = [did("ann", "view", f"i{n:02}", "2025-01-01") for n in range(40)] + [
        did("b", "view", "sofa", "2025-01-01")
    ]
    assert told(make(events), items={f"i{n:02}": 1.0 + (n < 3) for n in range(40)}) == (
        "Suggested because 40 items in their past each speak for it a little, most of all that they viewed i00, "
        "i01 and i02, which together make 14 % of the score."
    )


def test_a_user_without_history(shop: Store) -> None:
    x = build(shop)
    bare = x.matrix.copy()
    bare.data[bare.indptr[x.users.row("ann")] : bare.indptr[x.users.row("ann") + 1]] = 0
    bare.eliminate_zeros()
    none = Interactions(bare, x.users, x.items, x.until, x.version)
    assert told(shop, x=none, score_is=float("nan")) == (
        "No reason can be given, since this user has no history that the model uses."
    )
    # popularity serves them too
    assert "same for everyone" in why(shop, make_model(spec("popular")).fit(none), "ann", "lamp").sentence


def test_popularity_is_the_same_for_everyone(shop: Store) -> None:
    model = make_model(spec("popular")).fit(build(shop))
    lines = recommended(shop, model, "ann")
    assert [(r.rank, r.item, r.label, r.category) for r in lines] == [
        (1, "sofa", "Sofa", "home"),
        (2, "long", lines[1].label, None),
    ]
    assert lines[0].sentence == (
        "Suggested because 12 users took an interest in it; this list is the same for everyone."
    )
    assert lines[1].sentence == (
        "Suggested because few items were taken by more users; this list is the same for everyone."
    )
    views = make_model(spec("popular")).fit(
        build(shop, MatrixSpec(weights=(("purchase", 0.0), ("rating", 0.0), ("{strange} word", 0.0))))
    )
    assert why(shop, views, "ann", None).sentence.startswith("Suggested because 12 users viewed it;")
    assert why(shop, model, "ann", "lamp").sentence == (
        "They bought it already; what speaks for it is that 13 users took an interest in it; "
        "this list is the same for everyone."
    )


def test_parts_and_notes(shop: Store) -> None:
    model: Any = Told(
        build(shop),
        {"lamp": 1.0, "bulb": -2.0, "rug": 0.5, "tray": 0.25, "pot": 0.25},
        {"secret01": 2.0, "zed": -1.0, "ann": 1.0},
    )
    w = why(shop, model, "ann", "sofa")
    assert (w.user, w.item, w.label, w.score, w.base, w.seen) == ("ann", "sofa", "Sofa", 0.0, 0.0, False)
    assert [(p.id, p.label, p.value, p.share) for p in w.items.parts] == [
        ("bulb", "Bulb, warm and soft", -2.0, None),  # the score is 0: of nothing there are no shares
        ("lamp", "Lamp", 1.0, None),
        ("rug", "rug", 0.5, None),
        ("pot", "pot", 0.25, None),
        ("tray", "tray", 0.25, None),
    ]
    notes = {p.id: p.note for p in w.items.parts}
    assert notes == {
        "lamp": "bought twice, last on 4 Nov 2011; viewed twice",
        "bulb": "viewed once on 3 Sep 2011",
        "rug": "bought once on 3 Sep 2011 and all of it returned; viewed once",
        "tray": "rated twice, last on 9 Sep 2011, the last 4.5",
        "pot": "“{strange} word” once on 10 Sep 2011",
    }
    assert [(p.id, p.note) for p in w.users.parts] == [
        ("secret01", "2 items in common"),
        ("ann", "this user"),
        ("zed", "no items in common"),
    ]
    cut = why(shop, model, "ann", "sofa", most=2)
    assert [p.id for p in cut.items.parts] == ["bulb", "lamp"]
    assert (cut.items.others, cut.items.others_value) == (3, 1.0)
    assert (cut.users.others, cut.users.others_value) == (1, -1.0)
    assert cut.sentence == w.sentence
    none = why(shop, model, "ann", "sofa", most=0)
    assert (none.items.parts, none.items.others, none.items.others_value) == ((), 5, 0.0)


def test_events_after_the_matrix_are_not_spoken_of(shop: Store) -> None:
    early = build(shop, MatrixSpec(until=datetime(2011, 10, 15)))
    model: Any = Told(early, {"lamp": 1.0}, {})
    assert why(shop, model, "ann", "rug").items.parts[0].note == "bought once on 1 Oct 2011; viewed twice"


def test_long_titles_are_cut(shop: Store) -> None:
    model: Any = Told(build(shop), {"long": 1.0}, {})
    line = why(shop, model, "ann", "sofa")
    assert line.sentence == (
        "Suggested because they had to do with # A **long** title that goes on that goes on that goes on t…, "
        "which makes 100 % of the score."
    )


def test_refusals(shop: Store) -> None:
    model: Any = Told(build(shop), {}, {})
    x = model.x

    class Empty(Told):
        def recommend(self, users: Any, k: int, **_: Any) -> RecTable:
            return super().recommend(users, 50)

    nothing: Any = Empty(x, {}, {})
    for call, code in (
        (lambda: why(shop, model, "Ann", "sofa"), "unknown_user"),
        (lambda: why(shop, model, "ann", "Sofa"), "unknown_item"),
        (lambda: why(shop, nothing, "ann", None), "nothing_to_recommend"),
        (lambda: why(shop, model, "ann", "sofa", most=-1), "bad_most"),
        (lambda: recommended(shop, model, "ann", 0), "bad_k"),
        (lambda: recommended(shop, model, "ann", among=["sofa", "no such"]), "unknown_item"),
    ):
        with pytest.raises(Refusal) as refused:
            call()
        assert refused.value.code == code
    assert recommended(shop, nothing, "ann") == []
    popular = make_model(spec("popular")).fit(x)
    assert recommended(shop, popular, "ann", among=[]) == []
    assert [r.item for r in recommended(shop, popular, "ann", among=["long", "lamp"])] == ["long"]  # lamp is seen


def test_of_two_items_that_say_the_same_neither_is_left_out() -> None:
    tied = Reasons(
        known=True,
        history=True,
        seen=None,
        took="bought it",
        everyone=None,
        items=(("purchase", "Rose", 0.5), ("purchase", "Vase", 0.5)),
        n=2,
        of=1.0,
        whole=True,
        against=False,
        exact=True,
        speakers=3,
    )
    assert sentence(tied) == "Suggested because they bought Rose and Vase, which together make 100 % of the score."
    assert sentence(replace(tied, rank=20)) == sentence(tied)
    assert sentence(replace(tied, rank=1431)) == (
        "Only in place 1,431 of this user's list; what speaks for it is that they bought Rose and Vase, which together "
        "make 100 % of the score."
    )
    first = replace(tied, items=(("purchase", "Rose", 0.6), ("purchase", "Vase", 0.4)))
    assert sentence(first) == "Suggested because they bought Rose, which makes 60 % of the score."


@pytest.mark.slow
def test_the_rank_is_the_place_in_the_list(sample_store: Store) -> None:
    model = make_model(spec("item-knn")).fit(build(sample_store))
    user = model.x.users.raw(3)
    listed = recommended(sample_store, model, user, 40)
    assert [why(sample_store, model, user, line.item).rank for line in listed] == list(range(1, 41))
    seen = model.x.items.raw(int(model.x.matrix.indices[model.x.matrix.indptr[3]]))
    assert why(sample_store, model, user, seen).rank is None
