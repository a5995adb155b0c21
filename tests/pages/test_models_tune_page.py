"""The view "Tune settings" of the page Models: what it asks, what it shows of kept studies, and from start to end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.evaluate import Study, Trial, TuneSpec, get_study, list_runs, list_studies, save_study, study_to_json
from core.evaluate.tuning.summary import grid_points, tally
from core.interactions import MatrixSpec
from core.jobs import runner_for
from core.recommend import MODELS, list_models
from core.recommend import spec as model_spec
from core.store import Store, close_workspace, list_workspaces, open_workspace
from pages._ui.models_tune_words import headline, plan
from tests.behaviour.world import E, build
from tests.pages.drive import opened, settled, words

ITEMS = 12


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    monkeypatch.setenv("LIMELIGHT_HOME", str(tmp_path))
    yield tmp_path
    for name in list_workspaces():
        store = open_workspace(name, create=False)
        runner_for(store).close()
        close_workspace(store)


def shop(home: Path, *, timed: bool = True) -> Store:
    """Each user buys five items in a row of its own half of the shop, one a day."""
    made = []
    for u in range(40):
        for n in range(5):
            item = f"i{u % 2 * (ITEMS // 2) + (u // 2 + n) % (ITEMS // 2)}"
            made.append(E(f"u{u}", item, "purchase", f"2025-03-{1 + n + u % 7:02d}" if timed else None, value=2.0))
    build(home / "shop.duckdb", made).close()
    return open_workspace("shop", create=False)


def study(version: int, *, ended: str = "trials") -> Study:
    """12 trials of two models: trial 0 and 1 the starts, 5 given up, 7 failed, 9 as 8; trial 8 is the best."""
    asked = TuneSpec((model_spec("item-knn"), model_spec("ease")), trials=12)
    trials = []
    for n in range(12):
        model = model_spec("ease", {"ridge": 100.0 + n}) if n % 2 else model_spec("item-knn", {"neighbours": 20 + n})
        value = 0.30 if n == 8 else 0.1 + n / 100
        t = Trial(n, asked.models[n] if n < 2 else model, "complete", value, value - 0.01, value + 0.01, 400,
                  ((400, value),), 0.5, 1.0, 0.5, start=n < 2)  # fmt: skip
        why = {"code": "x", "message": "It was <b>too</b> much.", "hint": "Less."}
        trials.append(t)
        if n == 5:
            trials[-1] = replace(t, state="pruned", coverage=None, users=50)
        if n == 7:
            trials[-1] = Trial(n, model, "failed", why=why)
        if n == 9:
            trials[-1] = replace(trials[8], number=9, same_as=8)
    facts = {"users": 400, "users_possible": 500, "users_fit": 600, "items_fit": 40, "version": version}
    return Study(asked, "leave-last-out", ("Nothing of the report part was looked at.",), tuple(trials), facts, ended)  # type: ignore[arg-type]


def kept(store: Store, made: Study) -> str:
    with store.atomic(data=False) as writer:
        return save_study(writer, study_to_json(made))


def page(**address: str) -> AppTest:
    at = opened("models", ws="shop")
    for name, value in address.items():
        at.query_params[name] = value
    at.segmented_control(key="look_at").set_value("Tune").run()
    assert not at.exception, at.exception
    return at


def press(at: AppTest, key: str) -> AppTest:
    found = next(b for b in at.button if b.key == key or (b.key or "").endswith(key))
    assert not found.disabled
    found.click().run()
    assert not at.exception, at.exception
    return at


def titles(at: AppTest) -> list[str]:
    return [json.loads(chart.proto.spec)["layout"]["title"]["text"] for chart in at.main.get("plotly_chart")]


def test_the_first_visit_asks_in_plain_words(home: Path) -> None:
    shop(home)
    at = page()
    boxes = {(b.key or "").removeprefix("t_first_m_") for b in at.main.checkbox if "_m_" in (b.key or "")}
    tuned = {m.name for m in MODELS if any(p.tuned and p.kind != "text" for p in m.params)}
    assert boxes == tuned, "all that have settings to tune, and no other"
    assert "30 trials" in words(at)
    assert "each user's latest item, for the final report, and the one before it, for choosing" in words(at)
    assert "What is for the final report is never looked at" in words(at)
    at.checkbox(key="t_first_m_item-knn").set_value(False).run()
    assert "Choose at least one model" in words(at)
    assert at.button(key="t_first_go").disabled
    at.checkbox(key="t_first_m_ease").set_value(True)
    at.segmented_control(key="t_first_how").set_value("grid").run()
    points = grid_points(TuneSpec((model_spec("ease"),), sampler="grid"))
    assert f"of the {points} points of the grid" in words(at)


def test_tune_go_on_use_and_measure_from_start_to_end(home: Path) -> None:
    store = shop(home)
    at = page()
    at.number_input(key="t_first_trials").set_value(3)
    at.number_input(key="t_first_k").set_value(3)
    at.number_input(key="t_first_seed").set_value(7)
    at.number_input(key="t_first_most").set_value(30)
    at.selectbox(key="t_first_metric").set_value("recall")
    at.number_input(key="t_first_x_w_purchase").set_value(3.0)
    settled(press(at, "t_first_go"))
    first = list_studies(store)[0]
    assert first.study.spec == TuneSpec(
        (model_spec("item-knn"),),
        MatrixSpec(weights=(("purchase", 3.0),)),
        k=3,
        metric="recall",
        trials=3,
        seed=7,
        most_users=30,
    )
    assert at.query_params["study"] == first.study_id
    at.number_input(key="tune_more").set_value(2).run()
    settled(press(at, "tune_go_on"))
    again = list_studies(store)
    assert [s.study_id for s in again] == [first.study_id]
    assert len(again[0].study.trials) == 5
    assert again[0].study.trials[:3] == first.study.trials
    settled(press(at, "tune_use"))
    best = again[0].study.best
    assert best is not None
    assert list_models(store)[0].fit.model == best.spec
    settled(press(at, "tune_gain"))
    assert at.segmented_control(key="look_at").value == "Compare"
    run = list_runs(store, "compare")[0]
    assert set(run.answer.spec.models) >= {best.spec, model_spec("item-knn")}


def test_every_part_of_a_kept_study(home: Path) -> None:
    store = shop(home)
    made = study(store.version)
    kept(store, made)
    at = page()
    said = words(at)
    shown = {m.label: m.value for m in at.main.metric}
    assert at.main.subheader[0].value.replace("\\", "") == "Tuned, Goes together reaches the highest NDCG@10: 0.300."
    assert "+200.0 % against the 0.100 of its usual settings" in said
    assert shown["NDCG@10"] == "0.300"
    assert "95 % interval 0.290 to 0.310" in said
    assert shown["Trials"] == "12"
    assert "10 judged in full, 1 given up early, 1 failed" in said
    assert shown["Time"] == "15 s", "ten trials of 1.5 seconds: the failed one took none, the repeated none again"
    assert tally(made).repeated == 1
    assert titles(at)[0].startswith("NDCG@10 of the 12 settings tried")
    assert "what mattered can be told from 10 on" in said
    table = next(d.value for d in at.main.dataframe if "Ended" in d.value)
    assert list(table["Ended"][[5, 7, 9]]) == ["given up early", "failed", "as trial 8"]
    assert table["Settings"][8] == "items that go with each: 28"
    assert at.number_input(key="trial").value == 8, "the best, where no other was chosen"
    at.number_input(key="trial").set_value(7).run()
    assert "It was <b>too</b> much. Less." in words(at)
    assert at.button(key="trial_use").disabled
    at.number_input(key="trial").set_value(4).run()
    settled(press(at, "trial_use"))
    assert list_models(store)[0].fit.model == made.trials[4].spec


def test_kept_studies_are_chosen_linked_and_deleted(home: Path) -> None:
    store = shop(home)
    old = kept(store, study(store.version, ended="stopped"))
    new = kept(store, study(store.version + 1))
    at = page(study=old)
    assert "It was cancelled before its end; what was done until then was kept" in words(at)
    at.selectbox(key=f"tune_chosen_{old}").set_value(new).run()
    assert at.query_params["study"] == new
    assert "The data have changed since this study" in words(at)
    assert at.button(key="tune_go_on").disabled
    press(at, "study_delete_do")
    assert [s.study_id for s in list_studies(store)] == [old]
    assert "The study has been deleted." in words(at)
    linked = at.query_params["study"]
    assert get_study(store, linked if isinstance(linked, str) else old).study_id == old
    assert "There is no stored study" in words(page(study="0000"))


def test_data_without_times_are_judged_on_random_items(home: Path) -> None:
    shop(home, timed=False)
    assert "two items of each user, drawn by chance" in words(page())


def test_words_of_what_will_happen_and_what_was_found() -> None:
    both = TuneSpec((model_spec("ease"), model_spec("puresvd")), trials=5, minutes=2.0, most_users=None)
    assert "5 trials or 2 minutes, whichever comes first" in plan(both)
    assert "all users" in plan(both)
    made = study(1)
    start = replace(made, trials=(replace(made.trials[0], value=0.9), *made.trials[1:8]))
    assert "best with the settings it came with" in headline(start)
    assert "No settings came to their end" in headline(replace(made, trials=(made.trials[7],)))


def test_kept_studies_stand_among_the_runs_to_open_and_to_delete(home: Path) -> None:
    store = shop(home)
    first = kept(store, study(store.version))
    one = study(store.version)
    second = kept(store, replace(one, spec=replace(one.spec, models=one.spec.models[:1]), trials=one.trials[:1]))
    at = page()
    at.segmented_control(key="look_at").set_value("Runs").run()
    assert not at.exception
    table = at.main.dataframe[0].value.set_index("Trials")
    assert table.loc[12, "Models"] == "Goes together, Goes together, weighed jointly"
    assert table.loc[12, "Reached"] == "NDCG 0.300"
    assert str(table.loc[12, "Best"]).startswith("Goes together")
    labels = at.selectbox(key="study_chosen").options
    assert any(label.endswith("UTC · 12 trials · Goes together and 1 more model") for label in labels)
    assert any(label.endswith("UTC · 1 trial · Goes together") for label in labels)

    at.selectbox(key="study_chosen").set_value(first).run()
    press(at, "study_open")
    assert at.query_params["study"] == first
    assert titles(at)[0].startswith("NDCG@10 of the 12 settings tried")

    at.segmented_control(key="look_at").set_value("Runs").run()
    at.selectbox(key="study_chosen").set_value(second).run()
    press(at, "kept_study_do")
    assert "The study has been deleted." in words(at)
    assert [s.study_id for s in list_studies(store)] == [first]
    with store.atomic() as writer:
        writer.run("UPDATE events SET quantity = quantity WHERE false")
    at.run()
    assert list(at.main.dataframe[0].value["Data"]) == ["data have changed since"]
    assert at.selectbox(key="study_chosen").options[0].endswith("data have changed since")
