"""Alike by description: the vectors against scikit-learn's, what links two items, items nobody took, bad input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from core.errors import Refusal
from core.interactions import Interactions
from core.recommend import FitSpec, fit, make, spec
from core.recommend.content import Content
from core.recommend.described import described
from core.recommend.words import reader
from core.store import Store
from tests.prepared import copied

TITLES = [
    "Red wool scarf",
    "Blue wool scarf",
    "Green tea, tea, tea",
    "绿茶 100 g",
    "乌龙茶 100 g",
    None,
    "Blue tea pot",
]


def of(titles: list[str | None], taken: list[int], **columns: list[object]) -> Interactions:
    weights = np.zeros((2, len(titles)), dtype=np.float32)
    weights[0, taken] = 3
    return replace(Interactions.of(weights), item_side=pa.table({"title": pa.array(titles, pa.string()), **columns}))


def content(x: Interactions, **params: object) -> Content:
    made = make(spec("content", params)).fit(x)  # type: ignore[arg-type]
    assert isinstance(made, Content)
    return made


@pytest.mark.parametrize("least", [1, 2])
def test_title_vectors_are_those_of_scikit_learn(least: int) -> None:
    side = pa.table({"title": pa.array(TITLES, pa.string())})
    ours = described(side, len(TITLES), read="auto", attributes=1.0, least_items=least)
    theirs = TfidfVectorizer(analyzer=reader("auto"), sublinear_tf=True, min_df=least)
    wanted = theirs.fit_transform([title or "" for title in TITLES])
    assert list(ours.names) == theirs.get_feature_names_out().tolist()
    np.testing.assert_allclose(ours.matrix.toarray(), wanted.toarray(), rtol=1e-6, atol=1e-7)


def test_what_links_two_items_is_told() -> None:
    x = of(TITLES, [0], colour=["red", "blue", "green", "green", "green", None, "blue"])
    model = content(x)
    links = model.common(0, 1)
    assert {name for name, _ in links} == {"wool", "scarf"}
    assert sum(share for _, share in links) == pytest.approx(1)
    assert dict(model.common(2, 6)).keys() == {"tea"}
    assert {"colour: blue"} < dict(model.common(1, 6)).keys()
    assert {"colour: green", "100", "g"} == {name for name, _ in model.common(3, 4)}, "no run of two signs is shared"
    assert model.common(0, 5) == []
    assert {"wool", "scarf"} == {name for name, _ in content(x, attributes=0.0).common(1, 0)}
    with pytest.raises(IndexError):
        model.common(0, 7)


def test_items_that_nobody_took_are_scored_and_silent_ones_get_nothing() -> None:
    x = of(TITLES, [0])
    model = content(x)
    scores = model.score(np.array([0, 1]))
    assert scores[0, 1] > 0 == scores[0, 5] == scores[0, 2]
    assert np.isnan(scores[1]).all()
    assert model.recommend(np.array([0]), 1).items.tolist() == [[1]]
    stranger = csr_matrix(np.array([[0, 0, 0, 2.0, 0, 0, 0]], dtype=np.float32))
    assert set(model.fold(stranger)[0].argsort()[::-1][:2].tolist()) == {3, 4}


def test_free_text_is_read_as_words_and_codes_link_nothing() -> None:
    n = 60
    side = {"about": [f"thing {k}, warm" if k % 2 else f"thing {k}, cold" for k in range(n)]}
    x = of([f"item{k}" for k in range(n)], [1], **side, code=[f"SKU-{k:05}" for k in range(n)])  # type: ignore[arg-type]
    linked = {name for name, _ in content(x).common(1, 3)}
    assert linked == {"about: warm", "about: thing", "code: sku"}


@pytest.mark.parametrize(
    "titles",
    [
        ["alike"] * 5,
        ["x" * 1_000_000, "y\x00\x01", "\u202e\ud7ff", None, "1"],
        ["茶", "茶", "茶 茶", "a", ""],
    ],
)
def test_hostile_titles(titles: list[str | None]) -> None:
    x = of(titles, [0], empty=[None] * 5, one=["same"] * 5, number=[float("nan")] * 5)
    for read in ("auto", "words", "characters"):
        scores = content(x, read=read).score(np.array([0]))
        assert np.isfinite(scores).all()


def test_without_any_description_it_says_so() -> None:
    for x in (Interactions.of(np.eye(3)), of([None, "", " !"], [0])):
        with pytest.raises(Refusal) as refused:
            content(x)
        assert refused.value.code == "no_descriptions"


def test_on_a_workspace_new_items_are_in_lists(sample_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(sample_workspace, tmp_path)) as store:
        with store.atomic() as w:
            w.run(
                "INSERT INTO items BY NAME SELECT 900000 AS item_no, 'BRAND-NEW' AS item_id, title, category, brand, "
                "tags FROM items WHERE item_id = 'LL-0001'"
            )
        model = fit(store, FitSpec(spec("content")))
    assert isinstance(model, Content)
    new, old = model.x.items.row("BRAND-NEW"), model.x.items.row("LL-0001")
    takers = np.unique(model.x.matrix[:, [old]].tocoo().row)
    assert len(takers) > 10
    assert model.x.matrix[:, [new]].nnz == 0
    first = model.recommend(takers, 10).items
    assert (first == new).any(axis=1).mean() > 10 * 10 / model.x.shape[1], "ten times chance"
    silent = np.flatnonzero(np.diff(model.x.matrix.indptr) == 0)
    assert np.isnan(model.score(silent[:5])).all()
