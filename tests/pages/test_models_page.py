"""The page Models without a browser: before a run, from start to end, and what a stored run shows."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from core.behaviour import count_people
from core.evaluate import (
    CompareSpec,
    audience_to_json,
    comparison_to_json,
    list_runs,
    run_users,
)
from core.interactions import MatrixSpec
from core.recommend import MODELS, USUAL, list_models, load_model
from core.recommend import spec as model_spec
from pages._ui.models_words import spec_title
from tests.figures.evaluations import audience, comparison
from tests.pages.drive import opened, settled, words
from tests.pages.models_shop import ITEMS, headline, kept, key_of, metrics, only, page, press, shop, show, titles
from tests.pages.models_shop import home as home  # noqa: PLC0414  # the fixture


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
            fields: list[Any] = [w for w in at.main if key_of(w) == f"first_p_{line.name}_{param.name}"]
            if not (line.usual and param.plays(defaults)) or (line.name, param.name) == ("popular", "by"):
                assert not fields, f"{param.name} of {line.name} plays no part"
                continue
            (field,) = fields
            assert field.value == param.default
            if param.kind in ("int", "float"):
                assert (field.min, field.max) == (param.low, param.high)
    assert not at.main.get("plotly_chart")


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
