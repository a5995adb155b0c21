"""Models without a browser: predicted ratings and one of them explained; new users and items and trying any of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.evaluate import (
    NewcomersSpec,
    RatingsSpec,
    list_runs,
    newcomers,
    newcomers_rows,
)
from core.evaluate.newcomers_types import newcomers_to_json
from core.jobs import runner_for
from core.recommend import fit_rating, rating_spec
from core.store import Store, close_workspace, list_workspaces, open_workspace
from tests.behaviour.world import E, build
from tests.pages.drive import loaded, settled, words
from tests.pages.explain_shop import model_of
from tests.pages.models_shop import ITEMS, events, headline, kept, metrics, page, press, shop, titles


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


def rated(home: Path) -> Store:
    """30 users rate 8 of 12 items: those of their own half 4 or 5, the others 1 or 2."""
    rng = np.random.default_rng(1)
    rows = [
        f"u{u},i{i},{4 - 3 * ((u + i) % 2) + rng.integers(2)},2025-03-{1 + n:02d}"
        for u in range(30)
        for n, i in enumerate(rng.permutation(12)[:8])
    ]
    file = home / "ratings.csv"
    file.write_text("user_id,item_id,rating,time\n" + "\n".join(rows) + "\n")
    store = open_workspace("shop")
    loaded(store, file)
    return store


def test_without_ratings_it_shows_what_a_file_looks_like(home: Path) -> None:
    shop(home)
    at = page("Ratings")
    assert "These data have no ratings" in words(at)
    assert "user_id,item_id,rating,time" in at.main.code[0].value
    assert not [b for b in at.main.button if b.label.startswith("Compare 1")]


def test_ratings_from_start_to_end_and_one_explained(home: Path) -> None:
    store = rated(home)
    at = page("Ratings")
    assert "240 ratings from 1 to 5" in words(at)
    for box in at.main.checkbox:
        name = (box.key or "").rpartition("_m_")[2]
        if name != "baseline":
            box.set_value(name == "item-knn")
    at.number_input(key="r_first_folds").set_value(3)
    at.run()
    settled(press(at, "r_first_go"))
    run = list_runs(store, "ratings")[0]
    assert run.answer.spec == RatingsSpec((rating_spec("baseline"), rating_spec("item-knn")), 3)
    assert metrics(at)["Ratings predicted"] == "240"
    best = run.answer.models[1].metrics["rmse"]
    assert metrics(at)["RMSE, rating points"] == f"{best.value:.3f}"
    assert headline(at).rstrip(".") in run.answer.verdict.text
    assert set(at.main.dataframe[0].value["Model"]) == {"Usual rating", "How you rated similar items"}

    at.query_params["rated_by"], at.query_params["rated_item"] = "u0", "i3"
    at.run()
    model = fit_rating(store, rating_spec("item-knn"))
    why = model.formula(model.r.user_map.row("u0"), model.r.item_map.row("i3"))
    assert f"{why.prediction:.2f}" in words(at)
    assert titles(at)[-1] == "From the mean rating to this prediction"
    total = next(d.value for d in at.main.dataframe if "Rating points" in d.value)
    assert list(total["Rating points"])[-1] == f"{why.prediction:.4f}"
    parts = next(d.value for d in at.main.dataframe if "Adds" in d.value)
    added = why.baseline + sum(float(part) for part in parts["Adds"])
    assert added == pytest.approx(why.raw, abs=1e-3)


def test_newcomers_are_told_and_tried(home: Path, tmp_path: Path) -> None:
    store = shop(home)
    assert "as if they were new" in words(page("Newcomers"))
    found = newcomers(store, NewcomersSpec(k=3, most_users=20))
    kept(store, "newcomers", newcomers_to_json(found))
    model_of(store, tmp_path)
    at = page("Newcomers")
    said = words(at)
    assert "Users with two items" in said
    assert titles(at)[0] == "NDCG@3 by what is known of a user, with its 95 % interval"
    assert len(at.main.dataframe[0].value) == len(found.users)
    assert len(newcomers_rows(found)) >= len(found.users)
    at.query_params["try_user"], at.query_params["try_item"] = "u1", "i2"
    at.run()
    assert not at.exception, at.exception
    assert "from the user's own history" in words(at)
    assert any("User" in d.value for d in at.main.dataframe)


def test_users_and_items_without_any_past_get_an_answer_and_its_road(home: Path, tmp_path: Path) -> None:
    """A user who has only searched, and items that nobody took: one in a category that is taken, one in none."""
    categories = {f"i{n}": "left" if n < ITEMS // 2 else "right" for n in range(ITEMS)} | {"fresh": "left"}
    rows = [*events(), E("guest", None, "search", "2025-03-09"), E("guest", "plain", "search", "2025-03-09")]
    build(home / "shop.duckdb", rows, categories=categories).close()
    store = open_workspace("shop", create=False)
    model_of(store, tmp_path)
    at = page("Newcomers")
    at.query_params["try_user"], at.query_params["try_item"] = "guest", "fresh"
    at.run()
    assert not at.exception, at.exception
    said = words(at)
    assert "What **guest** would want next: **bestsellers**" in said
    assert "Nothing is known of this user that a model could use" in said
    listed = next(d.value for d in at.main.dataframe if "Item" in d.value)
    takers = Counter(e.item for e in events())
    best = sorted(takers.values(), reverse=True)
    assert [takers[str(item)] for item in listed["Item"]] == best[: len(listed)]

    assert "described alike" in said
    left = {e.user for e in events() if categories[str(e.item)] == "left"}
    found = next(d.value for d in at.main.dataframe if "User" in d.value)
    assert set(found["User"]) <= left
    at.query_params["try_item"] = "plain"
    at.run()
    assert "these are the users who do most" in words(at)
