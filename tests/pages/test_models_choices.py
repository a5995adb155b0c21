"""The page Models without a browser: audiences, settings and blends, tiny data, data without times, what is kept."""

from __future__ import annotations

from pathlib import Path

from core.behaviour import count_people
from core.evaluate import (
    audience_to_json,
    comparison_to_json,
    list_runs,
    part_users,
)
from core.recommend import spec as model_spec
from pages._ui.models_words import run_title, short_verdict, spec_title
from tests.figures.evaluations import audience, comparison
from tests.pages.drive import settled, words
from tests.pages.models_shop import events, kept, key_of, metrics, only, page, press, shop, show, titles
from tests.pages.models_shop import home as home  # noqa: PLC0414  # the fixture


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
    assert not [w for w in at.main if key_of(w) == "first_p_item-knn_asymmetry"]
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
