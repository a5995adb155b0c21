"""The search, on planted objectives: repeatable, exact where it is a grid, resumed as if it had never stopped."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from core.errors import Refusal
from core.evaluate import Study, Trial, TuneSpec, param_importance, pareto_front, study_history
from core.evaluate.tuning.codec import study_from_json, study_to_json
from core.evaluate.tuning.judge import Judge
from core.evaluate.tuning.space import axes, grid, plays
from core.evaluate.tuning.task import Search
from core.progress import Cancelled, Step, no_step
from core.recommend import Spec, info, spec

Objective = Callable[[Spec], float]


@dataclass
class Planted:
    """A judge that knows what each model is worth."""

    value: Objective
    fails: Callable[[Spec], bool] = lambda spec: False
    best: Any = None

    def tried(self, trial: Trial, earlier: Sequence[Trial], step: Step) -> tuple[Trial, Any]:
        if self.fails(trial.spec):
            return replace(trial, state="failed", why=Refusal("no", "No.").as_json()), None
        value = self.value(trial.spec)
        made = replace(
            trial, state="complete", value=value, low=value, high=value, users=10, rungs=((1, value), (10, value)),
            coverage=0.5, seconds_fit=1.0, seconds_score=0.5,
        )  # fmt: skip
        return made, np.full(3, value, dtype=np.float32)


def searched(
    asked: TuneSpec, value: Objective, folder: Path, trials: Sequence[Trial] = (), **more: Any
) -> tuple[str, list[Trial]]:
    search = Search(asked, cast(Judge, Planted(value, **more)), folder, list(trials))
    return search.run(no_step), search.trials


def study(asked: TuneSpec, trials: Sequence[Trial]) -> Study:
    return Study(asked, "random", (), tuple(trials), {"version": 1, "users": 10}, "trials")


def near(found: Spec) -> float:
    """Shrinkage near 40 is best by far; fewer neighbours are a little better; the rest does not matter."""
    return float(np.exp(-(((found["shrink"] - 40) / 60) ** 2)) - 0.0001 * found["neighbours"])


def told(trials: Sequence[Trial]) -> list[tuple[Any, ...]]:
    return [(t.number, t.spec, t.state, t.value, t.same_as) for t in trials]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_same_seed_tries_the_same_and_another_others(sampler: Any, tmp_path: Path) -> None:
    asked = TuneSpec((spec("item-knn"),), sampler=sampler, trials=16, seed=3)
    _, one = searched(asked, near, tmp_path)
    _, two = searched(asked, near, tmp_path)
    _, other = searched(replace(asked, seed=4), near, tmp_path)
    assert told(one) == told(two)
    assert one[0].spec == other[0].spec == spec("item-knn")
    assert one[0].start
    assert [t.spec for t in one[1:]] != [t.spec for t in other[1:]]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_ten_and_then_twenty_explore_like_thirty(sampler: Any, tmp_path: Path) -> None:
    """With failures and with several models; the first part goes through JSON as a store keeps it."""
    models = (spec("item-knn"), spec("ials"), spec("popular"))
    asked = TuneSpec(models, sampler=sampler, trials=30, seed=1)

    def value(found: Spec) -> float:
        return near(found) if found.model == "item-knn" else 0.3

    def fails(found: Spec) -> bool:
        return found.model == "ials" and bool(found["factors"] > 100)

    _, whole = searched(asked, value, tmp_path, fails=fails)
    _, first = searched(replace(asked, trials=10), value, tmp_path, fails=fails)
    kept = study_from_json(study_to_json(study(asked, first)))
    _, resumed = searched(asked, value, tmp_path, kept.trials, fails=fails)
    assert len(whole) == 30
    assert told(resumed) == told(whole)
    assert {t.state for t in whole} >= {"complete"}
    assert {t.spec.model for t in whole} == {"item-knn", "ials", "popular"}


def test_learning_beats_drawing(tmp_path: Path) -> None:
    """Mean over seeds of how far the mean trial after the first ten is from the top: TPE goes where it is good."""
    level: dict[str, float] = {}
    for sampler in ("tpe", "random"):
        means = []
        for seed in range(3):
            asked = TuneSpec((spec("item-knn"),), sampler=cast(Any, sampler), trials=30, seed=seed)
            means.append(sum(t.value or 0.0 for t in searched(asked, near, tmp_path)[1][10:]) / 20)
        level[sampler] = sum(means) / 3
    assert level["tpe"] > level["random"] + 0.1


def test_a_grid_covers_exactly_its_points(tmp_path: Path) -> None:
    asked = TuneSpec(
        (spec("item-knn", {"shrink": 5}),), sampler="grid", trials=None, steps=3,
        walk=("item-knn.neighbours", "item-knn.similarity", "item-knn.asymmetry", "item-knn.own_only"),
    )  # fmt: skip
    ended, trials = searched(asked, near, tmp_path)
    by_hand = set()
    sides: dict[str, list[dict[str, float]]] = {
        "cosine": [{}],
        "jaccard": [{}],
        "asymmetric": [{"asymmetry": v} for v in (0.0, 0.5, 1.0)],
    }
    sides["tversky"] = [{"own_only": v} for v in (0.0, 1.0, 2.0)]
    for neighbours, (likeness, more) in itertools.product((10, 71, 500), sides.items()):
        for one in more:
            params = {"neighbours": neighbours, "similarity": likeness, "shrink": 5, **one}
            by_hand.add(spec("item-knn", cast(Any, params)))
    assert ended == "grid"
    assert len(trials) == len({t.spec for t in trials}) == 3 * 8 + 1  # and the start, with 50 neighbours
    assert {t.spec for t in trials[1:]} == by_hand
    _, part = searched(replace(asked, trials=9), near, tmp_path)
    assert told(part) == told(trials[:9])


def test_a_grid_without_end_is_refused() -> None:
    with pytest.raises(Refusal, match="more than 100,000 points"):
        Search(TuneSpec((spec("item-knn"),), sampler="grid", steps=20), cast(Judge, None), Path()).run(no_step)


@pytest.mark.parametrize("name", ["item-knn", "user-knn", "ials", "attention", "popular", "slim", "switch"])
def test_what_is_tried_is_in_range_and_what_plays_no_part_stays(name: str, tmp_path: Path) -> None:
    start = spec(name)
    asked = TuneSpec((start,), sampler="random", trials=25)
    walked = {a.param.name: a for a in axes(asked, start)}
    for trial in searched(asked, lambda found: 0.5, tmp_path)[1][1:]:
        for param in info(name).params:
            value = trial.spec[param.name]
            if param.name not in walked or not plays(param, start, dict(trial.spec.params)):
                assert value == start[param.name]
            elif param.kind in ("int", "float"):
                low = param.low if param.tune_low is None else param.tune_low
                high = param.high if param.tune_high is None else param.tune_high
                assert low is not None
                assert high is not None
                assert min(low, start[param.name]) <= value <= max(high, start[param.name])


def test_a_model_s_settings_belong_to_it_alone(tmp_path: Path) -> None:
    asked = TuneSpec((spec("item-knn"), spec("ease"), spec("blend")), trials=20)
    _, trials = searched(asked, lambda found: 0.4, tmp_path)
    assert [t.spec.model for t in trials[:3]] == ["item-knn", "ease", "blend"]
    assert all(t.start == (t.number < 3) for t in trials)
    assert {t.spec.model for t in trials[3:]} == {"item-knn", "ease"}  # a blend has nothing that a search can walk
    for trial in trials[3:]:
        assert {name.split(".")[0] for name in trial.point} == {"model", trial.spec.model}


def test_the_same_settings_are_not_tried_twice(tmp_path: Path) -> None:
    count: list[Spec] = []
    asked = TuneSpec((spec("item-knn"),), walk=("item-knn.weighting",), trials=12)

    def value(found: Spec) -> float:
        count.append(found)
        return 0.5

    _, trials = searched(asked, value, tmp_path)
    assert len(trials) == 12
    assert len(count) == len(set(count)) <= 3
    for trial in trials:
        if trial.same_as is not None:
            assert trials[trial.same_as].spec == trial.spec
            assert trials[trial.same_as].same_as is None


def test_a_failed_trial_is_told_and_the_study_goes_on(tmp_path: Path) -> None:
    asked = TuneSpec((spec("item-knn"),), trials=15)
    _, trials = searched(asked, near, tmp_path, fails=lambda found: found["values"] == "sum")
    failed = [t for t in trials if t.state == "failed"]
    assert failed
    assert len(trials) == 15
    assert all(t.why and t.why["code"] == "no" and t.value is None for t in failed)


def test_minutes_are_kept_and_the_order_is_that_of_the_trials(tmp_path: Path) -> None:
    now = [0.0]

    def value(found: Spec) -> float:
        now[0] += 20.0
        return near(found)

    asked = TuneSpec((spec("item-knn"),), trials=None, minutes=2)
    search = Search(asked, cast(Judge, Planted(value)), tmp_path, clock=lambda: now[0])
    assert search.run(no_step) == "time"
    assert len(search.trials) == 6
    assert told(search.trials) == told(searched(replace(asked, trials=6, minutes=None), near, tmp_path)[1])


def test_a_trial_that_runs_long_past_the_time_is_stopped(tmp_path: Path) -> None:
    now = [0.0]

    class Slow(Planted):
        def tried(self, trial: Trial, earlier: Sequence[Trial], step: Step) -> tuple[Trial, Any]:
            for _ in range(1000 if trial.number == 2 else 30):
                now[0] += 1.0
                step.report(0.5)
            return super().tried(trial, earlier, step)

    asked = TuneSpec((spec("item-knn"),), trials=None, minutes=1.2)
    search = Search(asked, cast(Judge, Slow(near)), tmp_path, clock=lambda: now[0])
    assert search.run(no_step) == "time"
    assert (len(search.trials), search.stopped) == (2, True)
    assert now[0] <= 72 * 1.1 + 2


def test_a_person_s_cancel_is_passed_on(tmp_path: Path) -> None:
    class Asked(Step):
        done = 0

        def cancelled(self) -> bool:
            return self.done > 3

        def _tell(self, share: float, note: str) -> None:
            self.done += 1

    asked = TuneSpec((spec("item-knn"),), trials=30)
    search = Search(asked, cast(Judge, Planted(near)), tmp_path)
    with pytest.raises(Cancelled):
        search.run(Asked())
    assert len(list(tmp_path.glob("trial-*.json"))) == len(search.trials) == 4


def test_progress_says_what_was_found(tmp_path: Path) -> None:
    said: list[tuple[float, str]] = []

    class Told(Step):
        def _tell(self, share: float, note: str) -> None:
            said.append((share, note))

    search = Search(TuneSpec((spec("item-knn"),), trials=4), cast(Judge, Planted(near)), tmp_path)
    search.run(Told())
    assert [share for share, _ in said] == [0.0, 0.25, 0.5, 0.75]
    assert said[0][1] == "0 of 4 trials done"
    best = max(t.value or 0 for t in search.trials[:3])
    assert said[3][1] == f"3 of 4 trials done, best NDCG@10 {best:.4f} (Goes together)"


def test_importance_finds_what_matters(tmp_path: Path) -> None:
    for seed in range(2):
        asked = TuneSpec((spec("item-knn"), spec("ease")), trials=30, seed=seed)
        _, trials = searched(asked, lambda f: near(f) if f.model == "item-knn" else 0.0, tmp_path)
        shares = param_importance(study(asked, trials))
        assert set(shares) == {"item-knn"}  # ease: too few trials, or all of them alike
        assert next(iter(shares["item-knn"])) == "shrink"
        assert shares["item-knn"]["shrink"] > 0.6
        assert sum(shares["item-knn"].values()) == pytest.approx(1.0)
        assert param_importance(study(asked, trials[:6])) == {}


def test_the_front_by_brute_force() -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        n = int(rng.integers(0, 25))
        trials = [
            Trial(
                number, spec("ease", {"ridge": 1.0 + number}), "complete", value=float(rng.integers(5)),
                coverage=float(rng.integers(5)), seconds_fit=float(rng.integers(1, 5)), seconds_score=0.0,
            )
            for number in range(n)
        ]  # fmt: skip
        found = study(TuneSpec((spec("ease"),)), trials)
        good: Mapping[str, Callable[[Trial], float]] = {
            "seconds": lambda t: -(t.seconds or 0.0), "coverage": lambda t: t.coverage or 0.0,
        }  # fmt: skip
        for against, level in good.items():
            beaten = {
                a.number
                for a in trials
                for b in trials
                if (b.value or 0) >= (a.value or 0)
                and level(b) >= level(a)
                and (b.value, level(b)) != (a.value, level(a))
            }
            front = {t.number for t in pareto_front(found, cast(Any, against))}
            assert front == {t.number for t in trials} - beaten


def test_history_never_falls(tmp_path: Path) -> None:
    asked = TuneSpec((spec("item-knn"),), trials=12)
    _, trials = searched(asked, near, tmp_path, fails=lambda found: found == spec("item-knn"))
    line = study_history(study(asked, trials))
    assert line[0] == (0, None)
    values = [value for _, value in line[1:] if value is not None]
    assert values == list(np.maximum.accumulate([t.value for t in trials if t.value is not None]))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"models": ()}, "bad_tuning"),
        ({"models": (spec("ease"), spec("ease", {"ridge": 5}))}, "bad_tuning"),
        ({"models": (spec("blend"),)}, "nothing_to_tune"),
        ({"metric": "novel"}, "bad_tuning"),
        ({"sampler": "guess"}, "bad_tuning"),
        ({"split": "half"}, "bad_tuning"),
        ({"trials": None}, "bad_tuning"),
        ({"trials": 0}, "bad_tuning"),
        ({"minutes": -1}, "bad_tuning"),
        ({"k": 0}, "bad_tuning"),
        ({"seed": -1}, "bad_tuning"),
        ({"most_users": 5}, "bad_tuning"),
        ({"steps": 1}, "bad_tuning"),
        ({"walk": ("item-knn.shrink",)}, "bad_tuning"),
        ({"walk": ("ease.magic",)}, "unknown_parameter"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        TuneSpec(**{"models": (spec("ease"),), **wrong})
    assert refusal.value.code == code


def test_a_question_comes_back_from_json() -> None:
    for asked in (
        TuneSpec((spec("ease"),)),
        TuneSpec(
            (spec("item-knn", {"shrink": 7}), spec("ials")), split="time", k=7, metric="map", sampler="grid",
            trials=None, minutes=2.5, prune=False, seed=9, most_users=None, walk=("ials.epochs",), steps=3,
        ),
    ):  # fmt: skip
        assert TuneSpec.from_json({**asked.as_json(), "more": 1}) == asked
    assert TuneSpec(cast(Any, ("ease",))) == TuneSpec((spec("ease"),))
    assert len(list(grid(TuneSpec((spec("ease"),), walk=("ease.values",)), spec("ease")))) == 2
