"""Whom an audience question chooses: nothing leaks from later, ties fall by lot; and its way through a worker."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy import stats

from core.evaluate import (
    AUDIENCE_TASK,
    Audience,
    AudienceSpec,
    audience,
    audience_to_json,
    delete_run,
    get_run,
    prepare_audience,
    publish_audience,
    run_chosen,
)
from core.evaluate import audience_task as task
from core.evaluate.audience_choose import World, choose
from core.evaluate.audience_count import wilson
from core.jobs import JobSpec, Runner
from core.progress import Cancelled, Step, no_step
from core.recommend import spec
from core.store import Query
from tests.behaviour.world import E, ids
from tests.evaluate.audience_world import (
    TAKERS,
    Known,
    Maker,
    after,
    before,
    user,
)

POPULAR = spec("popular")
MUG = AudienceSpec((POPULAR,), size=10, targets=("mug",))


def test_nothing_after_the_cut_reaches_the_choice(make: Maker, known: type[Known]) -> None:
    """Whatever happens after the cut, the same users are chosen."""
    last = E("u00", "pen", "view", "2025-04-11 00:00")
    other = [E(user(k), "mug", "purchase", "2025-04-02") for k in range(5, 8)]
    other += [E(user(k), "pot", "purchase", f"2025-04-{k - 15:02}", f"x{k}") for k in range(17, 25)] * 3
    other += [E("u38", "pen", "return", "2025-04-03", None, -1)]
    chosen = []
    for events in ([*before(), *after()], [*before(), *other, last]):
        store = make(events)
        arrays = prepare_audience(store, MUG)
        seen = World.of(MUG, arrays)
        ways = [*task.yardsticks(seen, 10), task.by_model(seen, MUG, "a", POPULAR, no_step)]
        assert [w.problem for w in ways] == [None] * 3
        chosen.append([w.rows[0].tolist() for w in ways[:2]])
    first, second = known.seen
    np.testing.assert_array_equal(first.matrix.toarray(), second.matrix.toarray())
    assert first.until == second.until
    np.testing.assert_array_equal(first.items.numbers, second.items.numbers)
    assert chosen[0] == chosen[1]


def test_ties_do_not_follow_the_order_of_rows(make: Maker) -> None:
    """Popularity scores all alike: whom it chooses depends on user, item and seed, and looks like a draw."""
    store = make()
    picks = []
    arrays = prepare_audience(store, MUG)
    for seed in range(40):
        asked = AudienceSpec((POPULAR,), size=10, targets=("mug",), seed=seed)
        seen = World.of(asked, arrays)
        picks.append(task.by_model(seen, asked, "p", POPULAR, no_step).rows[0])
        if seed == 0:
            again = World.of(asked, prepare_audience(store, asked))
            np.testing.assert_array_equal(task.by_model(again, asked, "p", POPULAR, no_step).rows[0], picks[0])
    counts = np.bincount(np.concatenate(picks), minlength=40)
    assert (counts[:4] == 0).all()
    # each of 36 candidates is expected 400 / 36 = 11 times
    assert stats.chisquare(counts[4:]).pvalue > 0.001


@pytest.mark.parametrize("size", [1, 3, 10, 50])
def test_choosing_is_sorting(size: int) -> None:
    rng = np.random.default_rng(size)
    scores = rng.integers(0, 4, 30).astype(np.float64)
    scores[rng.random(30) < 0.2] = np.nan
    scores[3] = np.inf
    candidates, lot = rng.random(30) < 0.7, rng.permutation(30)
    can = [u for u in range(30) if candidates[u] and np.isfinite(scores[u])]
    expected = sorted(sorted(can, key=lambda u: (-scores[u], lot[u]))[:size])
    assert choose(scores, candidates, size, lot).tolist() == expected


def test_wilson_is_that_of_scipy() -> None:
    for taken, chosen in [(0, 10), (10, 10), (3, 10), (31, 500), (1, 1)]:
        expected = stats.binomtest(taken, chosen).proportion_ci(method="wilson")
        found = wilson(taken, chosen)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


class _Stop(Step):
    def __init__(self) -> None:
        self.stopped = threading.Event()

    def cancelled(self) -> bool:
        return self.stopped.is_set()

    def _tell(self, share: float, note: str) -> None:
        if note == "scoring users":
            self.stopped.set()


def test_it_can_be_cancelled_while_scoring(make: Maker) -> None:
    with pytest.raises(Cancelled):
        audience(make(), MUG, step=_Stop())


def test_through_the_worker_and_stored(make: Maker) -> None:
    store = make()
    runner = Runner(store)
    job = runner.compute(
        JobSpec("audience", "Check", MUG.as_json(), data=False, reuse=True),
        AUDIENCE_TASK,
        partial(prepare_audience, store, MUG),
        publish_audience,
    )
    ended = runner.wait(job.id, 60)
    assert ended is not None
    assert ended.result is not None, ended.error
    run = get_run(store, ended.result["run_id"])
    assert (run.kind, run.stale, run.version) == ("audience", False, store.version)
    expected = audience_to_json(audience(store, MUG))
    assert isinstance(run.answer, Audience)
    assert _timeless(audience_to_json(run.answer)) == _timeless(expected)
    for way in run.answer.ways:
        for each in way.each if way.way != "chance" else ():
            members, took = (ids(store, run_chosen(run.run_id, way.way, each.target, t)) for t in (None, True))
            others = ids(store, run_chosen(run.run_id, way.way, each.target, False))
            assert (len(members), len(took)) == (each.chosen, each.taken)
            assert took | others == members
    assert ids(store, run_chosen(run.run_id, "chance", 0)) == set()
    delete_run(store, run.run_id)
    assert store.rows(Query("SELECT count(*) AS n FROM run_chosen"))[0]["n"] == 0
    assert runner.close(seconds=20)


def test_takers_are_known_to_the_world(make: Maker) -> None:
    """The takers that are counted are those that the events name."""
    store = make()
    seen = World.of(MUG, prepare_audience(store, MUG))
    numbers = seen.x.users.numbers[seen.taken(0)]
    marks = ", ".join("?" * len(numbers))
    query = Query(f"SELECT user_no FROM users WHERE user_no IN ({marks})", tuple(int(n) for n in numbers))
    assert ids(store, query) == set(TAKERS)


def _timeless(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**told, "ways": [{**w, "seconds_fit": None} for w in told["ways"]]}
