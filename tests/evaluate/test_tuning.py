"""Studies on workspaces: nothing of the report part plays a part; in the lane, in the store, gone on with."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import Refusal
from core.evaluate import (
    TUNE_SPLITS,
    TUNE_TASK,
    Study,
    TuneSpec,
    compare,
    compare_tuned,
    delete_study,
    get_study,
    go_on,
    hold_out,
    list_studies,
    prepare_tune,
    promote_trial,
    publish_tune,
    salvage_tune,
    save_study,
    study_from_json,
    study_to_json,
    trial_rows,
    tune,
    write_trials,
)
from core.evaluate.split import Parts, Portion
from core.evaluate.tuning import judge as judging
from core.evaluate.tuning.codec import packed, unpacked
from core.evaluate.tuning.judge import Judge
from core.interactions import Interactions
from core.jobs import JobSpec, Runner
from core.progress import no_step
from core.recommend import spec
from core.store import Query, Store
from tests.behaviour.world import E, build
from tests.jobs.test_sql_lane import ended, until

USERS, ITEMS = 60, 30
QUICK = TuneSpec((spec("item-knn", {"shrink": 1}), spec("puresvd", {"factors": 4})), trials=8, seed=2)


def events(poison: bool = False) -> list[E]:
    """Users of three tastes, nine items each, a day apart. `poison`: all that is for the report is something else."""
    rng = np.random.default_rng(5)
    begin = datetime(2025, 1, 1)
    made = [E("first", f"i{item:02d}", "view", "2025-01-01T00:00:00") for item in range(ITEMS)]  # numbers the items
    for user in range(USERS):
        weights = np.where(np.arange(ITEMS) % 3 == user % 3, 5.0, 1.0) / np.arange(1, ITEMS + 1) ** 0.5
        chosen = rng.choice(ITEMS, size=9, replace=False, p=weights / weights.sum())
        other = int(np.setdiff1d(np.arange(ITEMS), chosen)[user % 7])
        for n, item in enumerate(chosen):
            moment = begin + timedelta(days=10 * n, minutes=user)
            last = n == 8  # for the report in both splits: leave-last-out, and the last tenth of the time
            name, event = (f"i{item:02d}", "view")
            if poison and last:
                name, event = (f"i{other:02d}", "purchase")
            made.append(E(f"u{user:03d}", name, event, moment.isoformat()))
    return made


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Store]:
    with build(tmp_path / "shop.duckdb", events()) as store:
        yield store


def without_seconds(answer: dict[str, Any]) -> str:
    told = json.loads(json.dumps(answer))
    for trial in told["trials"]:
        del trial["seconds_fit"], trial["seconds_score"]
    return json.dumps(told, sort_keys=True)


@pytest.mark.parametrize("split", ["leave-last-out", "time"])
def test_the_report_part_plays_no_part(split: Any, shop: Store, tmp_path: Path) -> None:
    """Every behaviour that is for the report is changed (item, event, weight): the study stays the same to the byte."""
    asked = replace(QUICK, split=split, trials=12)
    with build(tmp_path / "poisoned.duckdb", events(poison=True)) as poisoned:
        parts, others = hold_out(shop, asked.matrix, split), hold_out(poisoned, asked.matrix, split)
        assert learnt(parts.fit) == learnt(others.fit)
        assert parts.relevant.shape == others.relevant.shape
        assert parts.relevant.multiply(others.relevant).nnz <= 1  # of the one user who numbers the items
        clean, dirty = prepare_tune(shop, asked), prepare_tune(poisoned, asked)
        assert {name: a.tobytes() for name, a in clean.items() if name != "told"} == {
            name: a.tobytes() for name, a in dirty.items() if name != "told"
        }
        assert without_seconds(tune(shop, asked)[1]) == without_seconds(tune(poisoned, asked)[1])


def learnt(x: Interactions) -> set[tuple[str, str]]:
    coo = x.matrix.tocoo()
    return {(x.users.raw(int(u)), x.items.raw(int(i))) for u, i in zip(coo.row, coo.col, strict=True)}


@pytest.mark.parametrize("split", ["leave-last-out", "time", "random"])
def test_no_pair_of_the_report_is_handed_over(split: Any, shop: Store) -> None:
    arrays = prepare_tune(shop, replace(QUICK, split=split, most_users=None))
    x = Interactions.from_arrays(arrays)
    coo = x.matrix.tocoo()
    given = set(zip(x.users.numbers[coo.row].tolist(), x.items.numbers[coo.col].tolist(), strict=True))
    rows = np.repeat(arrays["judged_rows"], np.diff(arrays["relevant_indptr"]))
    given |= set(zip(x.users.numbers[rows].tolist(), x.items.numbers[arrays["relevant_indices"]].tolist(), strict=True))
    report = hold_out(shop, QUICK.matrix, split, seed=QUICK.seed, part="report")
    rows, columns = report.relevant.nonzero()
    held = zip(report.fit.users.numbers[report.users[rows]], report.fit.items.numbers[columns], strict=True)
    assert len(rows) > 20
    assert not given & {(int(u), int(i)) for u, i in held}


def test_a_study_of_two_models(shop: Store, tmp_path: Path) -> None:
    found, answer = tune(shop, QUICK)
    assert study_from_json(answer) == found
    assert [t.number for t in found.trials] == list(range(8))
    assert found.ended == "trials"
    assert found.best is not None
    assert found.best.value == max(t.value or 0 for t in found.complete)
    assert next(iter(found.best_by_model.values())) == found.best
    assert found.start_of("puresvd") == found.trials[1]
    for trial in found.complete:
        assert trial.value is not None
        assert trial.low is not None
        assert trial.high is not None
        assert trial.coverage is not None
        assert 0 <= trial.low <= trial.value <= trial.high <= 1
        assert 0 < trial.coverage <= 1
    each = unpacked(answer["best_each"])
    assert each is not None
    assert float(np.mean(each, dtype=np.float64)) == found.best.value
    fit = promote_trial(found)
    assert (fit.model, fit.seed, fit.matrix) == (found.best.spec, 2, QUICK.matrix)
    assert promote_trial(found, 1).model == found.trials[1].spec
    assert write_trials(found, tmp_path / "trials.csv") == 8
    with (tmp_path / "trials.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(r["ndcg"]) for r in rows] == [t.value for t in found.trials]
    assert rows[1]["item-knn.shrink"] == ""
    assert set(rows[0]) == set(trial_rows(found)[0])


def test_what_tuning_gained_is_told_on_the_report_part(shop: Store) -> None:
    found, _ = tune(shop, QUICK)
    asked = compare_tuned(found)
    assert [m.model for m in asked.models].count("popular") == 1
    best = {trial.spec for trial in found.best_by_model.values()}
    assert set(asked.models) >= best | set(QUICK.models)
    told = compare(shop, asked)
    assert {m.spec for m in told.models} == set(asked.models)


def test_settings_are_not_chosen_by_what_every_comparison_reports_on(shop: Store) -> None:
    """k-fold reports on every pair: whatever settings were chosen by would be among them."""
    with pytest.raises(Refusal) as refused:
        replace(QUICK, split="k-fold")
    assert "nothing is left to choose settings by" in refused.value.message
    _, answer = tune(shop, QUICK)
    older = study_from_json({**answer, "spec": {**answer["spec"], "split": "k-fold"}})
    assert older.spec.split == "k-fold", "a stored one can be looked at"
    assert study_from_json(study_to_json(older)).spec == older.spec
    with pytest.raises(Refusal) as nothing:
        compare_tuned(older)
    assert nothing.value.code == "no_report_part"
    chosen = pairs_of(hold_out(shop, QUICK.matrix, "k-fold", part="choose"))
    folds = [pairs_of(hold_out(shop, QUICK.matrix, "k-fold", portion=Portion(fold=n))) for n in range(5)]
    assert chosen <= set().union(*folds), "why"
    for split in TUNE_SPLITS:
        parts = [pairs_of(hold_out(shop, QUICK.matrix, split, part=part)) for part in ("choose", "report")]
        assert parts[0]
        assert not parts[0] & parts[1]


def pairs_of(parts: Parts) -> set[tuple[int, int]]:
    """(user_no, item_no) of what is held out."""
    rows, columns = parts.relevant.nonzero()
    return {
        (int(parts.fit.users.numbers[parts.users[r]]), int(parts.fit.items.numbers[c]))
        for r, c in zip(rows, columns, strict=True)
    }


def test_it_takes_up_a_stored_study_as_if_it_had_never_stopped(shop: Store) -> None:
    whole, _ = tune(shop, replace(QUICK, trials=20))
    _, first = tune(shop, replace(QUICK, trials=12))
    with shop.atomic(data=False) as writer:
        study_id = save_study(writer, first)
    stored = get_study(shop, study_id)
    assert (stored.stale, len(stored.study.trials)) == (False, 12)
    asked = go_on(stored, 8)
    assert asked.trials == 20
    resumed, answer = tune(shop, asked, study_id=study_id)
    shown = [[(t.spec, t.state, t.value, t.rungs, t.point) for t in one.trials] for one in (whole, resumed)]
    assert shown[0] == shown[1]
    assert resumed.best_each == whole.best_each
    assert resumed.importance == whole.importance
    with shop.atomic(data=False) as writer:
        assert save_study(writer, answer, study_id) == study_id
    again = list_studies(shop)
    assert [(s.study_id, len(s.study.trials)) for s in again] == [(study_id, 20)]
    assert again[0].updated_at > again[0].created_at
    with pytest.raises(Refusal) as other:
        prepare_tune(shop, replace(asked, metric="map"), study_id=study_id)
    assert other.value.code == "other_study"
    with shop.atomic() as writer:
        writer.run(Query("DELETE FROM events WHERE user_no = 3"))
    assert get_study(shop, study_id).stale
    with pytest.raises(Refusal) as stale:
        prepare_tune(shop, asked, study_id=study_id)
    assert stale.value.code == "stale_study"
    with shop.atomic(data=False) as writer:
        writer.run(Query("UPDATE studies SET answer = replace(answer::VARCHAR, 'puresvd', 'gone')::JSON"))
    assert list_studies(shop) == []
    with pytest.raises(Refusal) as old:
        get_study(shop, study_id)
    assert old.value.code == "old_study"
    delete_study(shop, study_id)
    for gone in (get_study, delete_study):
        with pytest.raises(Refusal) as unknown:
            gone(shop, study_id)
        assert unknown.value.code == "unknown_study_id"


def test_in_the_lane_a_cancel_keeps_the_finished_trials(shop: Store) -> None:
    runner = Runner(shop)
    asked = replace(QUICK, trials=2_000)
    try:
        job = runner.compute(
            JobSpec("tune", "Tune", asked.as_json(), data=False), TUNE_TASK,
            lambda step: prepare_tune(shop, asked, step=step), publish_tune, salvage_tune,
        )  # fmt: skip
        until(lambda: "best NDCG" in (look := runner.job(job.id)).note or not look.active, 40)  # type: ignore[union-attr]
        runner.cancel(job.id)
        found = ended(runner, job, 20)
    finally:
        assert runner.close(20)
    assert found.status == "cancelled", found.error
    assert found.result is not None
    stored = get_study(shop, found.result["study_id"])
    assert stored.study.ended == "stopped"
    assert 1 <= len(stored.study.trials) == found.result["trials"] < 2_000
    short, _ = tune(shop, replace(asked, trials=len(stored.study.trials)))
    assert [(t.spec, t.value) for t in short.trials] == [(t.spec, t.value) for t in stored.study.trials]


def judged(shop: Store, asked: TuneSpec) -> Judge:
    parts = hold_out(shop, asked.matrix, asked.split, part="choose")
    return Judge(asked, parts.fit, parts.users, parts.relevant)


def test_the_surely_worse_are_given_up_and_the_rest_never(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "_LEAST", 5)
    judge = judged(shop, QUICK)
    n = len(judge.rows)
    assert judge.rungs == (round(0.1 * n), round(0.3 * n), n)
    assert judged(shop, replace(QUICK, prune=False)).rungs == (n,)
    found, _ = tune(shop, replace(QUICK, models=(spec("popular"),), trials=1, prune=True))
    good = found.trials[0]
    earlier = [replace(good, number=k, rungs=((6, 0.3), (18, 0.3), (n, 0.3))) for k in range(5)]
    judge.best = np.where(np.arange(n) % 2, 0.6, 0.0).astype(np.float32)
    nothing = np.zeros(18, dtype=np.float32)
    assert judge._behind(nothing, (18, 0.0), earlier)
    assert not judge._behind(nothing, (18, 0.0), earlier[:4])  # too few to go by
    assert not judge._behind(judge.best[:18], (18, 0.3), earlier)  # as good as the best
    few = [replace(t, rungs=((2, 0.3), (n, 0.3))) for t in earlier]
    assert not judge._behind(nothing[:2], (2, 0.0), few)  # worse by chance, maybe
    assert not judge._behind(nothing, (18, 0.31), earlier)  # in the upper half
    judge.best = None
    assert not judge._behind(nothing, (18, 0.0), earlier)


def test_what_a_model_refuses_or_cannot_hold_is_a_failed_trial(shop: Store) -> None:
    judge = judged(shop, QUICK)
    found, _ = tune(shop, replace(QUICK, trials=1))
    for error, code in (
        (Refusal("too_small", "No.", "Yes."), "too_small"),
        (MemoryError(), "out_of_memory"),
        (ZeroDivisionError(), "no_numbers"),
        (np.linalg.LinAlgError(), "no_numbers"),
    ):

        def broken(_: Any, error: Exception = error) -> Any:
            raise error

        judge.make = broken
        trial, each = judge.tried(found.trials[0], (), no_step)
        assert (trial.state, each) == ("failed", None)
        assert trial.why is not None
        assert trial.why["code"] == code


def test_time_too_short_for_one_trial_is_refused(shop: Store) -> None:
    with pytest.raises(Refusal) as refusal:
        tune(shop, replace(QUICK, trials=None, minutes=1e-9))
    assert refusal.value.code == "nothing_tried"
    empty = Study(QUICK, "random", (), (), {"version": 1}, "time")
    for reading in (promote_trial, compare_tuned):
        with pytest.raises(Refusal, match="came to its end"):
            reading(empty)


def test_figures_of_users_are_packed_exactly() -> None:
    each = np.random.default_rng(0).random(999).astype(np.float32) * (np.arange(999) % 7 == 0)
    found = unpacked(packed(each))
    assert found is not None
    np.testing.assert_array_equal(found, each)
    assert (packed(None), unpacked("")) == ("", None)


def test_the_package_does_not_wait_for_optuna() -> None:
    code = (
        "import sys, core.evaluate, core.figures.tuning; sys.exit(any(m in sys.modules for m in ('optuna', 'sklearn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0
