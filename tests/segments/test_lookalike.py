"""Look-alikes: closeness and recall by another road, refusals, and nothing that hangs on the order of users."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import Refusal
from core.segments import Did, InGroup, Not, Prop, Segment, Test, count, members, save_segment
from core.segments.groups import get_group
from core.segments.likeness.lookalike import (
    keep_lookalikes,
    lookalikes,
    lookalikes_from,
    lookalikes_of,
    prepare_lookalikes,
)
from core.segments.likeness.lookalike_task import lookalike_task
from core.segments.likeness.types import Lookalikes, LookalikeSpec
from core.store import Store
from tests.prepared import new_store
from tests.segments.world import World, event, ids, prepare, put

WEIGHT = {"view": 1.0, "purchase": 8.0}
N_USERS, N_SEED = 160, 40


def _world() -> World:
    """Users of two tastes: c of community A (items a0 to a9) and d of B; some take items of everybody's."""
    rng = np.random.default_rng(5)
    events = []
    for n in range(N_USERS):
        own = "a" if n < 70 else "b"
        for _ in range(int(rng.integers(2, 14))):
            item = f"{own}{rng.integers(10)}" if rng.random() < 0.6 else f"z{rng.integers(12)}"
            word = "purchase" if rng.random() < 0.3 else "view"
            day = int(rng.integers(1, 28))
            more = {"value": 5, "order_id": f"o{n}-{day}"} if word == "purchase" else {}
            events.append(event(_id(n), word, f"2026-03-{day:02}T10:00", item=item, **more))
    users = {_id(n): {"country": "DE" if n % 3 else "FR", "age": 20.0 + n % 50} for n in range(N_USERS)}
    users["silent"] = {"country": "DE"}
    return World(users, {}, tuple(events))


def _id(n: int) -> str:
    return f"u{n:03}"


SEED = tuple(_id(n) for n in range(0, 2 * N_SEED, 2) if n < 70)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("alike") / "w.duckdb") as store:
        prepare(store)
        put(store, _world())
        save_segment(store, Segment("half", Prop("user_id", Test("is", SEED))))
        yield store


@pytest.fixture(scope="module")
def found(store: Store) -> Lookalikes:
    return lookalikes(store, LookalikeSpec("half"))


def _vectors() -> dict[str, dict[str, float]]:
    """User -> item -> log2(1 + weight) of length 1, in plain Python."""
    weights: dict[str, dict[str, float]] = {}
    for e in _world().events:
        mine = weights.setdefault(e["user"], {})
        mine[e["item"]] = mine.get(e["item"], 0.0) + WEIGHT[e["event"]]
    made = {}
    for user, mine in weights.items():
        logs = {item: float(np.log2(1 + w)) for item, w in mine.items()}
        length = sum(v * v for v in logs.values()) ** 0.5
        made[user] = {item: v / length for item, v in logs.items()}
    return made


def _closer(vectors: dict[str, dict[str, float]], user: str, seed: list[str]) -> float:
    """The mean cosine to the seed less the mean cosine to everybody, pair by pair."""

    def cosine(a: str, b: str) -> float:
        return sum(v * vectors[b].get(item, 0.0) for item, v in vectors[a].items())

    to_seed = sum(cosine(user, other) for other in seed) / len(seed)
    return round(to_seed - sum(cosine(user, other) for other in vectors) / len(vectors), 9)


def _drawn(names: set[str]) -> list[str]:
    return sorted(names, key=lambda name: (hashlib.md5(f"0:{name}".encode(), usedforsecurity=False).hexdigest(), name))


def test_taste_and_recall_pair_by_pair(store: Store) -> None:
    found = lookalikes(store, LookalikeSpec("half", way="taste"))
    vectors = _vectors()
    order = _drawn(set(vectors))
    seed = [u for u in order if u in SEED]
    others = [u for u in order if u not in SEED]
    score = {u: _closer(vectors, u, seed) for u in others}
    by_hand = sorted(others, key=lambda u: (-score[u], order.index(u)))
    assert found.rows.column("user_id").to_pylist() == by_hand
    own, back, came = [], 0, []
    for fold in range(5):
        hidden = seed[fold::5]
        left = [u for u in seed if u not in hidden]
        scores = {u: _closer(vectors, u, left) for u in order if u in others or u in hidden}
        own += [scores[u] for u in hidden]
        listed = sorted(scores, key=lambda u: (-scores[u], order.index(u)))
        back += len(set(listed[: len(seed)]) & set(hidden))
        came += [listed.index(u) for u in hidden]
    low, high = np.median(list(score.values())), np.median(own)
    close = [min(max((score[u] - low) / (high - low), 0), 1) for u in by_hand]
    np.testing.assert_allclose(found.rows.column("score").to_pylist(), close, atol=1e-9)
    held = next(c for c in found.checks if c.way == "taste")
    assert (held.found, held.hidden, held.size) == (back, len(seed), len(seed))
    assert held.at_random == pytest.approx(len(seed) / (len(others) + len(seed) / 5))
    for length, share in held.curve:
        assert share == pytest.approx(sum(place < length for place in came) / len(seed))
    assert held.low < held.share < held.high
    assert held.share > 2 * held.at_random, "half of a community brings the other half"
    assert found.curve[0].closeness == pytest.approx(close[0])
    assert found.curve[-1].size == found.candidates == len(others)


def test_counts_ways_and_traits(store: Store, found: Lookalikes) -> None:
    assert (found.seed_users, found.seed_known) == (len(SEED), len(SEED))
    assert found.left_out == 1, "the silent one"
    assert [c.way for c in found.checks] == ["taste", "features", "both", "active"]
    best = max(found.checks[:3], key=lambda c: c.found)
    assert next(c for c in found.checks if c.way == found.spec.way).found == best.found
    assert found.spec.size == len(SEED)
    assert found.spec.as_of == store.as_of()
    closeness = found.rows.column("score").to_numpy()
    assert (np.diff(closeness) <= 0).all()
    assert closeness.min() >= 0
    assert closeness.max() <= 1
    assert found.rows.column("rank").to_pylist() == list(range(1, found.candidates + 1))
    items = [t for t in found.traits if t.feature.startswith("item a")]
    assert items, "items of the community"
    assert all(t.inside > t.outside for t in items)
    listed = found.rows.column("user_id").to_pylist()[: len(SEED)]
    vectors = _vectors()
    first = items[0]
    taken = sum(first.feature.removeprefix("item ") in vectors[u] for u in listed) / len(listed)
    assert first.inside == pytest.approx(taken)


def test_the_worker_says_the_same(store: Store, found: Lookalikes, tmp_path: Path) -> None:
    from core.progress import no_step

    arrays, params = prepare_lookalikes(store, LookalikeSpec("half"))
    assert not any(name in str(params) for name in SEED), "never a raw id of a user"
    result = lookalike_task(params, arrays, tmp_path, no_step)
    left = {p.stem: np.load(p) for p in tmp_path.glob("*.npy")}
    again = lookalikes_from(store, result, left)
    assert again.rows.equals(found.rows)
    assert (again.checks, again.traits, again.curve, again.notes) == (
        found.checks, found.traits, found.curve, found.notes,
    )  # fmt: skip
    with pytest.raises(Refusal, match="data have changed"):
        lookalikes_from(store, {**result, "version": -1}, left)


def test_numbers_of_users_and_items_do_not_matter(tmp_path: Path, found: Lookalikes) -> None:
    with new_store(tmp_path / "w.duckdb") as other:
        prepare(other)
        world = _world()
        put(other, World(world.users, {}, world.events[::-1]))
        with other.atomic() as writer:
            for table, key, most in (("users", "user_no", 500), ("items", "item_no", 100)):
                for one in (table, "events"):
                    writer.run(f"UPDATE {one} SET {key} = {most} - {key}")
        save_segment(other, Segment("half", Prop("user_id", Test("is", SEED))))
        again = lookalikes(other, LookalikeSpec("half"))
        assert again.rows.column("user_id").to_pylist() == found.rows.column("user_id").to_pylist()
        np.testing.assert_allclose(again.rows.column("score"), found.rows.column("score"), atol=1e-7)
        assert again.checks == found.checks
        drawn = lookalikes(other, LookalikeSpec("half", seed=3))
        assert drawn.checks != found.checks, "another draw hides others"


def test_kept_as_a_group_and_read_back(store: Store, found: Lookalikes) -> None:
    with store.atomic(data=False) as writer:
        keep_lookalikes(writer, "more like them", found)
    group = get_group(store, "more like them")
    back = lookalikes_of(group)
    assert back == found
    assert back.rows is None
    assert group.users == found.candidates
    assert "look-alikes of 'half'" in group.words
    assert "by chance" in group.words
    for closest in (1, 30, 70):
        rule = InGroup("more like them", closest=closest)
        assert ids(store, members(store, Segment("x", rule))) == set(found.rows.column("user_id").to_pylist()[:closest])
    assert count(store, InGroup("more like them")) == found.candidates
    with store.atomic(data=False) as writer:
        with pytest.raises(Refusal, match="already"):
            keep_lookalikes(writer, "More like them", found)
        with pytest.raises(Refusal, match="without their users"):
            keep_lookalikes(writer, "again", back)
        keep_lookalikes(writer, "more like them", found, replace=True)


def test_a_rule_that_gives_itself_away(store: Store) -> None:
    save_segment(store, Segment("French", Prop("country", Test("is", ("FR",)))), replace=True)
    found = lookalikes(store, LookalikeSpec("French", way="features"))
    assert any("alone tells members from others" in note and "country" in note for note in found.notes)
    assert found.checks[0].share == 1.0, "the hidden are French too"
    taste = lookalikes(store, LookalikeSpec("French", way="taste"))
    assert any("not better than chance" in note for note in taste.notes), "taste knows nothing of countries"
    assert all("alone tells" not in note for note in taste.notes)


def test_size_and_moment(store: Store) -> None:
    from datetime import UTC, datetime

    found = lookalikes(store, LookalikeSpec("half", way="taste", size=10_000))
    assert found.spec.size == found.candidates
    assert any("asked for" in note for note in found.notes)
    noon = datetime(2026, 3, 12, 12, tzinfo=UTC)
    early = lookalikes(store, LookalikeSpec("half", way="taste", as_of=noon, min_events=2))
    assert early.spec.as_of == noon.replace(tzinfo=None)
    before = Counter(e["user"] for e in _world().events if e["at"] < early.spec.as_of)
    able = {user for user, n in before.items() if n >= 2}
    assert early.candidates == len(able - set(SEED))
    assert early.seed_known == len(able & set(SEED))


@pytest.mark.parametrize(
    ("rule", "way", "code"),
    [
        (Prop("user_id", Test("is", ("nobody",))), None, "seed_empty"),
        (Prop("user_id", Test("is", SEED[:19])), None, "seed_small"),
        (Did("*"), None, "no_candidates"),
        (Not(Prop("user_id", Test("is", ("u001",)))), None, "no_candidates"),
        (Not(Prop("user_id", Test("is", tuple(_id(n) for n in range(145, 160))))), None, "seed_everyone"),
    ],
)
def test_refusals_of_seeds(store: Store, rule: object, way: None, code: str) -> None:
    save_segment(store, Segment("s", rule), replace=True)  # type: ignore[arg-type]
    with pytest.raises(Refusal) as refused:
        lookalikes(store, LookalikeSpec("s", way))
    assert refused.value.code == code
    assert refused.value.hint


def test_other_refusals(store: Store, tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        lookalikes(store, LookalikeSpec("no such"))
    assert refused.value.code == "no_such_segment"
    with new_store(tmp_path / "w.duckdb") as bare:
        prepare(bare)
        events = tuple(
            event(_id(n), "search", f"2026-03-{1 + (n * day) % 28:02}T10:00")
            for n in range(60)
            for day in range(1, 2 + n % 5)
        )
        put(bare, World({}, {}, events))
        save_segment(bare, Segment("few", Prop("user_id", Test("is", tuple(_id(n) for n in range(25))))))
        with pytest.raises(Refusal) as refused:
            lookalikes(bare, LookalikeSpec("few", "both"))
        assert refused.value.code == "no_items"
        found = lookalikes(bare, LookalikeSpec("few"))
        assert found.spec.way == "features"
        assert any("no items" in note for note in found.notes)


@pytest.mark.parametrize(
    "wrong",
    [{"way": "luck"}, {"size": 0}, {"size": True}, {"min_events": 0}, {"seed": -1}, {"as_of": "x"}, {"colour": 1},
     {"seed_segment": None}],
)  # fmt: skip
def test_specs(wrong: dict[str, object]) -> None:
    raw = LookalikeSpec("half", "taste", 5).as_json()
    assert LookalikeSpec.from_json(raw) == LookalikeSpec("half", "taste", 5)
    with pytest.raises(Refusal) as refused:
        LookalikeSpec.from_json({**raw, **wrong})
    assert refused.value.code == "bad_lookalike"


def test_never_users_by_items() -> None:
    """Half a million users and 20,000 items would be 80 GB dense; scores need some vectors of each."""
    import tracemalloc

    from scipy.sparse import csr_matrix

    from core.segments.likeness.lookalike_score import Folds, taste_scores

    items = np.random.default_rng(1).integers(20_000, size=1_000_000, dtype=np.int32)
    rows = csr_matrix((np.ones(1_000_000), items, np.arange(0, 1_000_001, 10)), shape=(100_000, 20_000))
    seed = np.zeros(100_000, dtype=bool)
    seed[::50] = True
    tracemalloc.start()
    scores = taste_scores(rows, Folds.of(seed))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert scores.shape == (100_000, 6)
    assert peak < 100e6
