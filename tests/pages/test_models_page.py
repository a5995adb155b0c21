"""The page Models without a browser: on no data, tiny data, data without times, stored runs, and from start to end."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.behaviour import count_people
from core.evaluate import (
    CompareSpec,
    Run,
    audience_to_json,
    comparison_to_json,
    get_run,
    list_runs,
    part_users,
    run_users,
    save_run,
)
from core.interactions import MatrixSpec
from core.jobs import runner_for
from core.recommend import MODELS, USUAL, list_models, load_model
from core.recommend import spec as model_spec
from core.store import Store, close_workspace, list_workspaces, open_workspace
from pages._ui.models_words import run_title, short_verdict, spec_title
from tests.behaviour.world import E, build
from tests.figures.evaluations import audience, comparison
from tests.pages.drive import opened, settled, words

ITEMS = 12


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        store = open_workspace(name, create=False)
        runner_for(store).close()
        close_workspace(store)


def events(users: int = 40, *, timed: bool = True) -> list[E]:
    """Each user buys five items in a row of its own half of the shop, one a day: what goes together is plain."""
    made = []
    for u in range(users):
        half, first = u % 2, u // 2 % (ITEMS // 2)
        for n in range(5):
            item = f"i{half * (ITEMS // 2) + (first + n) % (ITEMS // 2)}"
            made.append(E(f"u{u}", item, "purchase", f"2025-03-{1 + n + u % 7:02d}" if timed else None, value=2.0))
    return made


def shop(home: Path, rows: list[E] | None = None) -> Store:
    categories = {f"i{n}": "left" if n < ITEMS // 2 else "right" for n in range(ITEMS)}
    build(home / "shop.duckdb", events() if rows is None else rows, categories=categories).close()
    return open_workspace("shop", create=False)


def kept(store: Store, kind: str, answer: dict[str, Any], *, version: int | None = None) -> Run:
    with store.atomic(data=False) as writer:
        run_id = save_run(writer, kind, answer, version=store.version if version is None else version)  # type: ignore[arg-type]
    return get_run(store, run_id)


def page(view: str | None = None, run: str | None = None) -> AppTest:
    at = opened("models", ws="shop")
    if run is not None:
        at.query_params["run"] = run
        at.run()
    if view is not None:
        at.segmented_control(key="look_at").set_value(view).run()
    assert not at.exception, at.exception
    return at


def press(at: AppTest, key: str) -> AppTest:
    found = [b for b in at.button if b.key == key or (b.key or "").endswith(key)]
    assert found, [b.key for b in at.button]
    assert not found[0].disabled
    found[0].click().run()
    assert not at.exception, at.exception
    return at


def titles(at: AppTest) -> list[str]:
    return [json.loads(chart.proto.spec)["layout"]["title"]["text"] for chart in at.main.get("plotly_chart")]


def headline(at: AppTest) -> str:
    return str(at.main.subheader[0].value).replace("\\", "")


def metrics(at: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in at.main.metric}


def show(at: AppTest, tab: str) -> AppTest:
    """Open a tab of the result: only the one on show is drawn."""
    at.session_state["numbers"] = tab
    at.run()
    assert not at.exception, at.exception
    return at


def only(at: AppTest, *models: str) -> AppTest:
    """Leave only these models ticked, beside popularity."""
    for box in at.main.checkbox:
        name = (box.key or "").rpartition("_m_")[2]
        if box.key and "_m_" in box.key and not box.disabled:
            box.set_value(name in models)
    at.run()
    assert not at.exception, at.exception
    return at


def test_without_data_it_says_what_to_do() -> None:
    at = opened("models")
    assert "Load your own files" in words(at)
    assert {"Load my files", "Load the sample data"} <= {b.label for b in at.main.button}


def test_the_first_visit_says_what_will_happen_and_offers_every_model(home: Path) -> None:
    shop(home)
    at = page()
    said = words(at)
    assert "We hide each user's latest item" in said
    assert "a model that cannot beat it is not worth using" in said
    assert f"Compare {len(USUAL)} models" in [b.label for b in at.main.button]
    ticked = [b.label for b in at.main.checkbox]
    for line in MODELS:
        assert any(line.plain in label for label in ticked), line.name
        defaults = {param.name: param.default for param in line.params}
        for param in line.params:
            fields: list[Any] = [w for w in at.main if _key(w) == f"first_p_{line.name}_{param.name}"]
            if not (line.usual and param.plays(defaults)) or (line.name, param.name) == ("popular", "by"):
                assert not fields, f"{param.name} of {line.name} plays no part"
                continue
            (field,) = fields
            assert field.value == param.default
            if param.kind in ("int", "float"):
                assert (field.min, field.max) == (param.low, param.high)
    assert not at.main.get("plotly_chart")


def _key(widget: Any) -> str | None:
    return getattr(widget, "key", None)


def test_what_is_typed_is_what_is_asked(home: Path) -> None:
    """Compared with the question that the job is given, which is the one that is stored."""
    store = shop(home)
    at = only(page(), "item-knn")
    at.number_input(key="first_p_item-knn_neighbours").set_value(20)
    at.number_input(key="first_x_w_purchase").set_value(3.0)
    at.number_input(key="first_x_half_life").set_value(30.0)
    at.number_input(key="first_k").set_value(3)
    at.number_input(key="first_seed").set_value(7)
    at.number_input(key="first_most").set_value(100)
    press(at, "first_go")
    settled(at)
    run = list_runs(store)[0]
    assert run.answer.spec == CompareSpec(
        (model_spec("popular"), model_spec("item-knn", {"neighbours": 20})),
        MatrixSpec(weights=(("purchase", 3.0),), half_life=30.0),
        k=3,
        seed=7,
        most_users=100,
        beyond=True,
        segments=("history",),
    )


def test_compare_use_and_delete_from_start_to_end(home: Path) -> None:
    store = shop(home)
    at = settled(press(only(page(), "item-knn"), "first_go"))
    run = list_runs(store)[0]
    assert at.query_params["run"] == run.run_id, "the address names what is shown"
    answer = run.answer
    assert headline(at).rstrip(".") in answer.verdict.text  # type: ignore[union-attr]
    assert metrics(at)["Users judged"] == "40"
    assert titles(at) == ["NDCG@10 of each model, with its 95 % interval"]
    table = at.main.dataframe[0].value
    assert set(table["Model"]) == {"Most popular", "Goes together"}
    assert "(" in table["NDCG"][0], "few users: each number has its interval"
    hit = count_people(store, run_users(run.run_id, "item-knn", True))
    missed = count_people(store, run_users(run.run_id, "item-knn", False))
    assert hit + missed == 40
    at.button(key="see_served").click().run()
    assert not at.exception
    assert f"{hit} user" in words(at) or f"{hit} user" in "".join(m.value for m in at.markdown)

    settled(press(at, "use_model"))
    model = list_models(store)[0]
    assert model.fit.model == model_spec(str(at.selectbox(key=f"use_{run.run_id}").value))
    assert load_model(store, model.model_id).x.shape == (40, ITEMS)
    assert "is ready: fitted on 40 users and 12 items" in words(at)

    at.segmented_control(key="look_at").set_value("Runs").run()
    assert list(at.main.dataframe[0].value["What"]) == ["Comparison"]
    assert list(at.main.dataframe[1].value["Model"]) == [spec_title(model.fit.model)]
    press(at, "run_delete_do")
    assert "The run has been deleted." in words(at)
    press(at, "model_delete_do")
    assert not list_runs(store)
    assert not list_models(store)
    assert "Nothing has been compared yet" in words(at)
    press(at, "runs_to_compare")
    assert "We hide each user's latest item" in words(at)


def test_every_part_of_a_stored_result(home: Path) -> None:
    store = shop(home)
    kept(store, "compare", comparison_to_json(comparison()))
    at = page()
    said = words(at)
    assert headline(at).startswith("No winner: Goes together has the highest average")
    assert "Surely better than popularity: both." in said
    shown = metrics(at)
    assert shown["NDCG@10"] == "0.120"
    assert shown["Hit rate@10"] == "24.0 %"
    assert shown["Users judged"] == "2,000"
    assert "not surely ahead of 1 other" in said
    assert "500 more skipped" in said
    change = next(m for m in at.main.metric if m.label == "NDCG@10").delta
    assert change == "+140.0 %", "0.12 against 0.05 of popularity"
    assert "It needs more memory <b>than</b> there is. Choose less." in said, "a problem is said, and is text"
    table = at.main.dataframe[0].value
    assert table["Model"][0] == "Goes together"
    assert list(table["NDCG"]) == ["0.120", "0.110", "0.050", "–"]
    assert "Only accuracy was measured" in words(show(at, "Beyond accuracy"))
    assert "Users were not told apart" in words(show(at, "By segment"))
    pairs = show(at, "Differences").main.dataframe[0].value
    assert list(pairs["What it means"]) == [
        "surely ahead (p < 0.001)",
        "no difference can be shown (p = 0.200)",
        "surely ahead (p < 0.001)",
    ]
    assert pairs["95 % interval"][1] == "-0.0100 to +0.0300"
    assert "Models learnt from 2,500 users, 40 items and 9,000 pairs" in words(show(at, "How it was judged"))
    at.segmented_control(key="metric").set_value("mrr").run()
    assert titles(at) == ["MRR@10 of each model, with its 95 % interval"]
    assert "1 / place of the first right item" in words(at)
    best = at.selectbox(key=f"use_{list_runs(store)[0].run_id}")
    assert best.value == "item-knn", "the best is preselected"


def test_a_stale_run_says_so_and_shows_no_users(home: Path) -> None:
    store = shop(home)
    run = kept(store, "compare", comparison_to_json(comparison()), version=store.version + 1)
    assert run.stale
    at = page()
    assert "The data have changed since this comparison" in words(at)
    assert "see_served" not in [b.key for b in at.button]
    at.segmented_control(key="look_at").set_value("Runs").run()
    assert list(at.main.dataframe[0].value["Data"]) == ["data have changed since"]


def test_a_link_opens_its_run_and_a_lost_one_says_so(home: Path) -> None:
    store = shop(home)
    old = comparison()
    verdict = dataclasses.replace(old.verdict, text="The older one. So it is.")
    run = kept(store, "compare", comparison_to_json(dataclasses.replace(old, verdict=verdict)))
    kept(store, "compare", comparison_to_json(old))
    checked = kept(store, "audience", audience_to_json(audience()))
    assert headline(page()).startswith("No winner"), "the latest"
    assert page(run=run.run_id).main.subheader[0].value == "The older one."
    assert page(run=checked.run_id).segmented_control(key="look_at").value == "Audience"
    assert "a run that this workspace does not hold" in words(page(run="0000"))


def test_the_right_people_for_an_item(home: Path) -> None:
    store = shop(home)
    at = page("Audience")
    assert "Who would have been the right people" in words(at)
    assert not next(b for b in at.main.button if b.key == "a_first_go").disabled
    at.segmented_control(key="a_first_by").set_value("hand").run()
    assert next(b for b in at.main.button if b.key == "a_first_go").disabled
    assert "Choose at least one item, above." in words(at)
    at.segmented_control(key="a_first_of").set_value("category").run()
    assert at.multiselect(key="a_first_categories").options == ["left", "right"]
    kept(store, "audience", audience_to_json(audience()))
    at = page("Audience")
    shown = metrics(at)
    assert shown["Lift"] == "3.0 × chance"
    assert "Goes together wins." in at.main.subheader[0].value
    assert list(at.main.dataframe[0].value["Chosen by"]) == ["Goes together", "Heaviest buyers", "Chance"]
    alone = at.main.dataframe[1].value
    assert list(alone["Took it"]) == ["40", "20", "10"]
    assert "100 users of 1,000 who could have been chosen took “Blue <b>pot</b>”" in words(at)
    assert "Four items were left out." in words(at)


def test_an_audience_is_checked_beside_the_page(home: Path) -> None:
    store = shop(home, events(60))
    at = page("Audience")
    for name in ("user-knn", "ease", "ials", "puresvd"):
        at.checkbox(key=f"a_first_m_{name}").set_value(False)
    at.number_input(key="a_first_size").set_value(10)
    settled(press(at, "a_first_go"))
    runs = list_runs(store, "audience")
    if runs:
        assert runs[0].answer.spec.models == (model_spec("item-knn"),)
        assert titles(at)[0].startswith("Lift of the 10 users chosen")
    else:
        assert at.main.error, "tiny data may refuse, in words"


def test_a_parameter_shows_where_it_plays_a_part(home: Path) -> None:
    shop(home)
    at = page()
    assert not [w for w in at.main if _key(w) == "first_p_item-knn_asymmetry"]
    at.selectbox(key="first_p_item-knn_similarity").set_value("asymmetric").run()
    assert at.number_input(key="first_p_item-knn_asymmetry").value == 0.5
    lacking = at.checkbox(key="first_m_demographic")
    assert lacking.disabled
    assert "It needs attributes of users" in words(at)
    assert not at.checkbox(key="first_m_content").disabled, "categories are attributes of items"


def test_a_blend_is_put_together_by_hand(home: Path) -> None:
    store = shop(home)
    at = only(page(), "blend")
    assert "Compare 2 models" in [b.label for b in at.main.button]
    parts = at.multiselect(key="first_p_blend_parts_of")
    assert parts.value == ["ease", "item-knn", "ials"]
    assert "Several together" not in set(parts.options), "no blend inside a blend"
    parts.set_value(["ease"]).run()
    assert not at.exception
    assert "needs at least two models" in words(at)
    assert next(b for b in at.main.button if b.key == "first_go").disabled
    at.multiselect(key="first_p_blend_parts_of").set_value(["ease", "item-knn"]).run()
    at.number_input(key="first_p_blend_parts_w_item-knn").set_value(2.0)
    settled(press(at, "first_go"))
    asked = list_runs(store)[0].answer.spec
    assert asked.models == (model_spec("popular"), model_spec("blend", {"parts": "ease=0.34,item-knn=2"}))


def test_beyond_accuracy_segments_and_diversity(home: Path) -> None:
    """What is measured by the way on small data, and the users behind a part."""
    store = shop(home)
    at = settled(press(only(page(), "item-knn"), "first_go"))
    run = list_runs(store)[0]
    found = run.answer
    table = show(at, "Beyond accuracy").main.dataframe[0].value
    assert {"AUC", "Diversity", "Serendipity", "Gini", "Popularity bias", "Calibration"} <= set(table.columns)
    show(at, "By segment")
    assert titles(at)[1].startswith("NDCG of lists of 10 by length of history")
    part = found.segments[0]  # type: ignore[union-attr]
    assert count_people(store, part_users(store, run.run_id, part.by, part.part)) == part.users
    hits = [
        count_people(store, part_users(store, run.run_id, part.by, part.part, "item-knn", hit)) for hit in (True, False)
    ]
    assert sum(hits) == part.users
    assert hits[0] == round(part.metrics["hit_rate"].value * part.users) or part.model != "item-knn"
    at.button(key="see_parts").click().run()
    assert not at.exception
    settled(press(show(at, "Diversity"), "varied_go"))
    assert "the lists are the model's own" in words(at)
    assert titles(at)[1].startswith("Accuracy against diversity: ")
    at.select_slider(key="varied").set_value(0.5).run()
    assert "At 0.5 accuracy" in words(at)


def test_data_without_times_are_judged_on_random_items(home: Path) -> None:
    store = shop(home, events(timed=False))
    at = page()
    assert "one item of each user, drawn by chance" in words(at)
    assert at.segmented_control(key="first_split").options == [
        "A random item of each user",
        "A share of each user's items",
        "Every item in turn",
    ], "what needs no times"
    settled(press(only(at, "item-knn"), "first_go"))
    assert list_runs(store)[0].answer.split == "random"  # type: ignore[union-attr]
    at.segmented_control(key="look_at").set_value("Audience").run()
    assert "no past moment can be gone back to" in words(at)


def test_too_little_data_is_refused_in_words(home: Path) -> None:
    shop(home, events(1)[:1])
    at = settled(press(only(page(), "item-knn"), "first_go"))
    assert at.main.error
    assert not at.main.get("plotly_chart")
    assert any(b.key == "first_go" and not b.disabled for b in at.main.button), "one may try again"


def test_runs_and_models_in_few_words(home: Path) -> None:
    store = shop(home)
    run = kept(store, "compare", comparison_to_json(comparison()))
    checked = kept(store, "audience", audience_to_json(audience()))
    assert run_title(run) == "4 models, each user's latest item, lists of 10"
    assert short_verdict(run) == "No winner among Goes together, People like you"
    assert run_title(checked) == "1 model, 100 users for each item"
    assert short_verdict(checked) == "Goes together: 3.0 times chance"
    assert spec_title(model_spec("ease", {"ridge": 10.0})) == "Goes together, weighed jointly (caution 10.0)"
