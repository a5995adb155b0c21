"""The page Explain: who is like whom, tastes, and what would have to be different; without a browser."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.explain import counterfactual, network
from core.interactions import build
from core.recommend import load_model
from core.segments import Prop, Segment, Test, save_segment
from core.store import Store, close_workspace, list_workspaces, open_workspace
from pages._ui import explain_words
from pages._ui.explain_files import ties_file, whatif_file
from tests.pages.drive import words
from tests.pages.explain_shop import FORMULA, board, keys, linked, model_of, page, press
from tests.segments.world import prepare, put


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    monkeypatch.setenv("LIMELIGHT_HOME", str(tmp_path / "home"))
    yield tmp_path
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


@pytest.fixture
def shop() -> Store:
    store = open_workspace("shop")
    prepare(store)
    put(store, board())
    return store


def test_the_network_around_a_user_needs_no_model(shop: Store) -> None:
    assert "Choose a user above" in words(page(about="Who is like whom"))
    save_segment(shop, Segment("Two", Prop("user_id", Test("is", ("u0", "u8")))))
    at = page(about="Who is like whom", user="u0", coloured_by="Saved segments")
    said = words(at)
    assert "Two: 2" in said
    assert "In none: " in said
    found = network(shop, build(shop), "u0", 20)
    assert f"(stress {found.stress:.2f}" in said
    table = at.main.dataframe[0].value
    assert list(table["User"]) == [person.user for person in found.people[1:]]
    assert set(table["User"][:2]) == {"u8", "u16"}
    at.selectbox(key="like_box").set_value("u8").run()
    press(at, "like_go")
    assert linked(at, "user") == "u8"
    assert not at.exception


def test_the_map_says_why_there_is_none(shop: Store) -> None:
    at = page(about="Who is like whom", like_show="A map of many")
    at = press(at, "like_map_go")
    assert "too few for a map" in "".join(e.value for e in at.main.error)
    assert "like_map_go" in keys(at)


def test_what_would_have_to_be_different(shop: Store, tmp_path: Path) -> None:
    model = load_model(shop, model_of(shop, tmp_path))
    found = counterfactual(shop, model, "u0", "a0", 10)
    at = page(user="u0", why="a0", whatif="true")
    assert found.sentence in words(at)
    whatif_file(found)(tmp_path / "whatif.csv")
    with (tmp_path / "whatif.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(found.missing) + len(found.instead)
    assert not [line for line in lines if line["its_title"] == FORMULA], "texts are defused"
    at = page(user="u0", why="a2", whatif="true")
    assert any("choose one of that list" in i.value for i in at.main.info)


def test_tastes_of_a_model_that_has_them_and_of_one_that_has_none(shop: Store, tmp_path: Path) -> None:
    first = model_of(shop, tmp_path)
    at = page(about="Tastes")
    assert "has no hidden tastes" in "".join(i.value for i in at.main.info)
    assert "tastes_fit" in keys(at)
    assert "tastes_use" not in keys(at)
    model = model_of(shop, tmp_path, "puresvd")
    at = page(about="Tastes", explain_model=first)
    press(at, "tastes_use")
    assert linked(at, "explain_model") == model
    assert "The end it is called by" in words(at)
    assert "The other end" in words(at)
    assert "see_taste_False" in keys(at)
    chosen = at.selectbox(key="taste")
    assert chosen.value == 1
    chosen.set_value(2).run()
    assert not at.exception
    user = at.pills(key="taste_user_False").options[0]
    at.pills(key="taste_user_False").set_value(user).run()
    assert not at.exception
    assert linked(at, "user") is not None


def test_words_and_files(shop: Store, tmp_path: Path) -> None:
    assert "well (" in explain_words.stress_words(0.05)
    assert "roughly (" in explain_words.stress_words(0.15)
    assert "only loosely" in explain_words.stress_words(0.3)
    found = network(shop, build(shop), "u0", 5)
    ties_file(found)(tmp_path / "ties.csv")
    lines = (tmp_path / "ties.csv").read_text("utf-8").splitlines()
    assert len(lines) == 1 + len(found.ties)
    assert lines[0].startswith("internal_use_user_id")
