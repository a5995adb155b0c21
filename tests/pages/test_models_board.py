"""The Leaderboard view without a browser: boards, lists side by side, what a model over-recommends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.evaluate import comparison_to_json, leaderboard, shared_lists
from core.explain import recommended
from core.recommend import list_models, load_model, spec
from core.store import Query, Store
from pages._ui import fitted
from tests.figures.evaluations import comparison
from tests.pages.drive import settled, words
from tests.pages.explain_shop import model_of
from tests.pages.models_shop import home as home  # noqa: PLC0414  # the fixture
from tests.pages.models_shop import kept, page, press, shop, titles


@pytest.fixture
def store(home: Path) -> Store:
    return shop(home)


def test_boards_are_told_apart_and_lead_to_their_run(store: Store) -> None:
    at = page("Board")
    assert "Compare models first" in words(at)
    found = comparison()
    first = kept(store, "compare", comparison_to_json(found))
    kept(store, "compare", comparison_to_json(replace(found, spec=replace(found.spec, k=5))))
    at = page("Board")
    newest, older = leaderboard(store)
    assert titles(at) == ["NDCG@5, with its 95 % interval"]
    at.selectbox(key="board").set_value(older.key).run()
    assert not at.exception
    assert titles(at) == ["NDCG@10, with its 95 % interval"]
    table = at.main.dataframe[0].value
    assert list(table["Model"]) == ["Goes together", "People like you", "Most popular"]
    assert list(table["NDCG"]) == ["0.120", "0.110", "0.050"]
    at.segmented_control(key="metric").set_value("hit_rate").run()
    assert titles(at) == ["Hit rate@10, with its 95 % interval"]
    one = f"board_one_{older.key}"
    at.selectbox(key=one).set_value(1).run()
    said = words(at)
    assert "The verdict of its run" in said
    assert "Against Goes together, user by user: -0.0100 NDCG@10" in said
    assert "no difference can be shown" in said
    press(at, "board_open")
    assert at.query_params["run"] == first.run_id
    assert newest.key != older.key


def test_lists_side_by_side_share_what_the_lists_share(store: Store, tmp_path: Path) -> None:
    at = page("Board")
    at.query_params["board_show"] = "Lists side by side"
    at.query_params["user"] = "u0"
    at.run()
    assert "fit two or more" in words(at)
    ids = [model_of(store, tmp_path, name) for name in ("item-knn", "popular")]
    at.run()
    assert not at.exception, at.exception
    assert set(at.multiselect(key="side_models").value) == set(ids)
    lists = [recommended(store, load_model(store, model_id), "u0", 10) for model_id in ids[::-1]]
    common = shared_lists([[row.item for row in rows] for rows in lists])
    said = words(at)
    assert f"{len(common.in_all)} item" in said
    assert "in both" in said
    assert "Lately" in said
    table = at.main.dataframe[0].value
    assert list(table["Items both name"]) == [str(common.pairs[0].common)]
    assert list(table["Items in common"]) == [f"{common.pairs[0].jaccard:.0%}".replace("%", " %")]
    at.toggle(key="side_why").set_value(True).run()
    assert lists[0][0].sentence in words(at)


def test_what_a_model_over_recommends_and_who_gets_it(store: Store, tmp_path: Path) -> None:
    model_id = model_of(store, tmp_path, "popular")
    at = page("Board")
    at.query_params["board_show"] = "Over-recommended"
    at.run()
    at = settled(press(at, "over_go"))
    said = words(at)
    assert "of all list places" in said
    assert "all 40 users with a history" in said
    table = at.main.dataframe[0].value
    assert {"Share of list places", "Share of takings", "Ratio"} <= set(table.columns)
    press(at, "see_over_item")
    assert any(" user" in m.value and "whose list of 10" in m.value for m in at.markdown)
    with store.atomic() as writer:
        writer.run(Query("UPDATE events SET quantity = quantity WHERE false"))
    at.run()
    assert "fit one first" in words(at)
    assert list_models(store)[0].model_id == model_id


def test_the_best_of_what_was_compared_is_proposed_with_its_settings(store: Store) -> None:
    """A model that is not among the usual ones, which are all that is shown unless one asks for more."""
    found = comparison()
    best = spec("rp3beta", {"alpha": 0.5})
    ahead = replace(found.models[2], spec=best, label="rp3beta")
    sampled = replace(found, spec=replace(found.spec, candidates="sampled", beyond=False))
    asked = replace(found.spec, models=(*found.spec.models, best))
    kept(store, "compare", comparison_to_json(replace(found, spec=asked, models=(ahead, *found.models[:2]))))
    kept(store, "compare", comparison_to_json(sampled))  # newer, but no list a user would get
    at = page("Board")
    at.query_params["board_show"] = "Over-recommended"
    at.run()
    assert at.radio(key="fit_model").value == "rp3beta"
    said = [caption for caption in at.radio(key="fit_model").proto.captions if "compared here" in caption]
    assert len(said) == 1
    assert "NDCG@10 0.120" in said[0]
    assert "settings it had there" in said[0]
    at = settled(press(at, "fit_start"))
    assert list_models(store)[0].fit.model == best
    at.run()

    with store.atomic() as writer:
        writer.run(Query("UPDATE events SET quantity = quantity WHERE false"))
    assert fitted._proposed(store) == (spec("item-knn"), "")
