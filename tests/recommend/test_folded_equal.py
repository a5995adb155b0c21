"""A stored model asked about later data: users whose history did not change get the scores that they had.

The model is handed today's matrix in the old columns. What it works out of the matrix when it is loaded (lengths,
degrees, norms, weights of rare things) must then not be today's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.progress import no_step
from core.recommend import FitSpec, Spec, load_model, make, prepare_fit, publish_fit, spec
from core.recommend.folded import load_folded
from core.recommend.task import fit_task
from core.store import Store
from tests.pages.drive import loaded
from tests.pages.explain_shop import Left
from tests.prepared import new_store

USERS, ITEMS = 40, 15
FOLDED = (
    spec("popular"),
    spec("item-knn"),
    *(spec("item-knn", {"weighting": way}) for way in ("tf-idf", "bm25")),
    spec("p3alpha"),
    spec("rp3beta"),
    spec("ease"),
    spec("slim"),
    spec("puresvd", {"factors": 5}),
    spec("nmf", {"factors": 5}),
    spec("ials", {"factors": 5, "epochs": 3}),
    spec("attention", {"factors": 5}),
    spec("content"),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two kinds of items; each user takes some of one kind."""
    rng = np.random.default_rng(3)
    folder = tmp_path_factory.mktemp("folded")
    rows = [
        f"u{u:02},i{i:02},view,2025-03-{1 + n:02}"
        for u in range(USERS)
        for n, i in enumerate(rng.permutation([i for i in range(ITEMS) if i % 2 == u % 2 or i == u % ITEMS])[:5])
    ]
    (folder / "events.csv").write_text("user_id,item_id,event,time\n" + "\n".join(rows) + "\n")
    kinds = [f"i{i:02},{'even' if i % 2 == 0 else 'odd'} cup {i % 3},{i % 4}" for i in range(ITEMS)]
    (folder / "items.csv").write_text("item_id,title,category\n" + "\n".join(kinds) + "\n")
    with new_store(folder / "shop.duckdb", reads=[folder]) as store:
        loaded(store, folder / "events.csv", folder / "items.csv")
        yield store


def stored(store: Store, fit: FitSpec, folder: Path) -> str:
    folder.mkdir()
    result = fit_task(fit.as_json(), prepare_fit(store, fit), folder, no_step)
    arrays = {path.stem: np.load(path) for path in folder.glob("*.npy")}
    with store.atomic(data=False) as writer:
        return str(publish_fit(writer, Left(result, folder, arrays))["model_id"])


def named(one: Spec) -> str:
    return f"{one.model}-{one['weighting']}" if one.model == "item-knn" else one.model


def test_who_did_nothing_since_is_told_the_same(store: Store, tmp_path: Path) -> None:
    """All models on one workspace, since a load costs more than they do."""
    models = {named(one): one for one in FOLDED}
    was = {}
    for name, one in models.items():
        assert make(one).folds == "exactly", name
        model_id = stored(store, FitSpec(one), tmp_path / name)
        model = load_model(store, model_id)
        assert model.x.users.ids is not None
        was[name] = model_id, model.x.users.ids.to_pylist(), model.score(np.arange(USERS))
    rows = [f"new{u},i{i:02},view,2025-05-{1 + i:02}" for u in range(60) for i in range(u % 4, ITEMS, 1 + u % 5)]
    rows += [f"new{u},brand-new-{u % 3},view,2025-05-20" for u in range(60)]
    file = tmp_path / "later.csv"
    file.write_text("user_id,item_id,event,time\n" + "\n".join(rows) + "\n")
    loaded(store, file)
    for name, (model_id, users, scores) in was.items():
        now = load_folded(store, model_id)
        assert now.x.shape == (USERS + 60, ITEMS), name
        mine = now.score(np.array([now.x.users.row(user) for user in users]))
        assert np.array_equal(np.isfinite(mine), np.isfinite(scores)), name
        np.testing.assert_allclose(mine, scores, rtol=2e-5, atol=1e-6, err_msg=name)
