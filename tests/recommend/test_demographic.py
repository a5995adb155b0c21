"""People of the same kind: the law that it follows, users who did nothing, and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from core.explain import recommended, why
from core.interactions import Interactions
from core.recommend import FitSpec, fit, make, spec
from core.recommend.demographic import Demographic
from core.store import Query, Store
from tests.prepared import copied
from tests.recommend.contract.asserts import check_explained


def demographic(x: Interactions, **params: object) -> Demographic:
    made = make(spec("demographic", params)).fit(x)  # type: ignore[arg-type]
    assert isinstance(made, Demographic)
    return made


def towns() -> Interactions:
    """200 users of two towns, each town with its own items; the last two did nothing, the very last has no town."""
    rng = np.random.default_rng(3)
    town = np.arange(200) % 2
    own = (town[:, None] == np.arange(6)[None, :] % 2) * 0.5 + 0.1
    taken = (rng.random((200, 6)) < own).astype(np.float32)
    taken[-2:] = 0
    side = pa.table({"town": [*(f"T{t}" for t in town[:-1]), None], "one": ["same"] * 200, "empty": pa.nulls(200)})
    return replace(Interactions.of(taken), user_side=side)


def test_the_formula_by_hand() -> None:
    x = towns()
    took, town = x.matrix.toarray() > 0, np.arange(200) % 2
    active = took.any(axis=1)
    p = (took.sum(axis=0) + 0.5) / (active.sum() + 1)
    wanted = np.log(p)
    for group in (active & (town == 0), active):  # T0, and the column in which all are the same
        share = (took[group].sum(axis=0) + 10 * p) / (group.sum() + 10)
        wanted = wanted + 0.5 * np.log(share / p)
    model = demographic(x, caution=10.0, strength=0.5)
    np.testing.assert_allclose(model.score(np.array([0, 198])), np.tile(wanted, (2, 1)), rtol=1e-9)
    assert model.because(0) == [("town", "T0", int((active & (town == 0)).sum())), ("one", "same", int(active.sum()))]


def test_a_user_who_did_nothing_gets_the_list_of_their_town() -> None:
    model = demographic(towns(), caution=10.0, strength=1.0)
    assert set(model.recommend(np.array([198]), 3).items[0].tolist()) == {0, 2, 4}
    told = check_explained(model, 198, 0)
    assert told.users.exact
    of_town = told.users.rows[told.users.values > np.median(told.users.values) - 1e-12]
    assert (of_town % 2 == 0).all()
    assert model.of_kind(198, np.array([0, 2])).tolist() == [True, True]


def test_without_attributes_it_is_popularity() -> None:
    x = towns()
    counts = (x.matrix.toarray() > 0).sum(axis=0)
    nothing = replace(x, user_side=None)
    for model, user in ((demographic(nothing), 0), (demographic(x, strength=0.0), 0)):
        assert model.score(np.array([user]))[0].argsort().tolist() == counts.argsort(kind="stable").tolist()
    told = check_explained(demographic(nothing), 0, 3)
    assert len(told.users.rows) == counts[3]
    stranger = demographic(x).fold(csr_matrix(np.zeros((1, 6), np.float32)))
    np.testing.assert_array_equal(stranger, demographic(nothing).score(np.array([0])))


def test_a_column_that_tells_all_apart_says_nothing() -> None:
    x = towns()
    assert x.user_side is not None
    more = x.user_side.append_column("nick", pa.array([f"nick {n}" for n in range(200)]))
    scores = demographic(replace(x, user_side=more)).score(np.arange(200))
    assert scores.tobytes() == demographic(x).score(np.arange(200)).tobytes()


def test_on_a_workspace_and_in_words(sample_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(sample_workspace, tmp_path)) as store:
        with store.atomic() as w:
            w.run(
                "INSERT INTO users BY NAME SELECT 900000 AS user_no, 'brand-new' AS user_id, 'SE' AS country, "
                "'f' AS gender"
            )
        model = fit(store, FitSpec(spec("demographic")))
        n = int(store.rows(Query("SELECT count(*) AS n FROM users"))[0]["n"])
        assert model.x.shape[0] == n
        lines = recommended(store, model, "brand-new", 3)
        told = why(store, model, "brand-new", None)
        silent = fit(store, FitSpec(spec("content")))
        unsaid = why(store, silent, "brand-new", lines[0].item)
        grouped = fit(store, FitSpec(spec("popular", {"by": "country"})))
        known = grouped.x.users.raw(0)
        said = recommended(store, grouped, known, 1)[0].sentence
    assert len(lines) == 3
    assert told.sentence.startswith("Suggested because ")
    assert " users with the same country (SE) or gender (f) took an interest in it." in told.sentence
    assert unsaid.sentence == "No reason can be given, since this user has no history that the model uses."
    assert np.isnan(unsaid.score)
    assert " users with the same country (" in said
    assert told.base + sum(part.value for part in told.users.parts) == pytest.approx(told.score, rel=1e-6)
