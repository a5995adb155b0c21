"""A list on real data: item 85123A of Online Retail, 500 to contact, a control group of 10 %."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest

from core.campaigns import Campaign, TargetList, make_list
from core.recommend import FitSpec, fit, spec
from core.store import Query, Store
from tests.campaigns.world import found, named
from tests.pages.drive import loaded
from tests.prepared import copied, new_store

ITEM = "85123A"
ASKED = Campaign("item", items=(ITEM,), model=spec("item-knn"), size=500, holdout=0.1)


@pytest.fixture(scope="module")
def shop(retail_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(copied(retail_workspace, tmp_path_factory.mktemp("retail"))) as store:
        yield store


@pytest.fixture(scope="module")
def made(shop: Store) -> TargetList:
    return make_list(shop, ASKED)


def test_the_waterfall_is_what_pandas_counts(shop: Store, made: TargetList, online_retail: Path) -> None:
    lines = pd.read_csv(
        online_retail, dtype={"CustomerID": str, "InvoiceNo": str, "StockCode": str}, encoding="latin-1"
    )
    lines = lines[lines.CustomerID.notna()]
    of_item = lines[lines.StockCode == ITEM].groupby("CustomerID").Quantity
    buyers = set(of_item.sum()[of_item.max() > 0].loc[lambda net: net > 0].index)
    # a return alone is no behaviour, and neither is what was wholly returned
    net = lines.groupby(["CustomerID", "StockCode"]).Quantity.agg(["sum", "max"])
    active = set(net[(net["max"] > 0) & (net["sum"] > 0)].index.get_level_values(0))
    assert made.stages[0].before == lines.CustomerID.nunique() == 4372
    assert made.stages[0].after == len(active)
    assert [(s.stage, s.before - s.after) for s in made.stages[1:3]] == [("consent", 0), ("suppressed", 0)]
    assert set(named(shop, made.dropped["bought"])) == buyers & active
    assert len(made.contacted) == 500
    assert not set(named(shop, made.contacted.user_no)) & buyers
    assert len(found(shop, made)) == made.stages[0].after


def test_ranked_by_the_models_own_scores(shop: Store, made: TargetList) -> None:
    model = fit(shop, FitSpec(ASKED.model or spec("popular")))
    item = model.x.items.row(ITEM)
    scores = model.score(model.x.users.rows(made.contacted.user_no), np.array([item]))[:, 0]
    np.testing.assert_allclose(made.contacted.scores, scores, rtol=1e-5)
    left = model.score(model.x.users.rows(made.dropped["size"]), np.array([item]))[:, 0]
    assert left.max() <= made.contacted.scores.min() * (1 + 1e-5)
    # whoever is as good by the model waits by lot, not by row: and nobody of a higher score does
    assert made.contacted.ranks[-1] == len(made.contacted) + len(made.control)


@pytest.mark.prove  # the laws of test_make_laws.py shuffle small shops in every run
def test_the_same_list_of_shuffled_lines(shop: Store, made: TargetList, online_retail: Path, tmp_path: Path) -> None:
    lines = pd.read_csv(online_retail, dtype=str, encoding="latin-1", keep_default_na=False)
    shuffled = tmp_path / "OnlineRetail.csv"
    order = np.random.default_rng(4).permutation(len(lines))
    pyarrow.csv.write_csv(pa.Table.from_pandas(lines, preserve_index=False).take(order), shuffled)
    with new_store(tmp_path / "s.duckdb") as store:
        loaded(store, shuffled)
        again = make_list(store, ASKED)
        # the digest is another: an item has several descriptions in this file, and the last one is its title
        assert named(store, again.contacted.user_no) == named(shop, made.contacted.user_no)
        assert named(store, again.control.user_no) == named(shop, made.control.user_no)
        assert again.stages == made.stages
        assert store.rows(Query("SELECT count(*) AS n FROM events"))[0]["n"] > 500_000


def test_users_against_whom_the_past_speaks_are_counted(shop: Store) -> None:
    """EASE's weights may be negative: of the whole list so many have a score below 0, each the sum of its parts."""
    asked = Campaign("item", items=("POST",), model=spec("ease"), holdout=0.0)
    made = make_list(shop, asked)
    model = fit(shop, FitSpec(asked.model or spec("popular")))
    item = model.x.items.row("POST")
    rows = model.x.users.rows(made.contacted.user_no)
    against = model.score(rows, np.array([item]))[:, 0] < 0
    assert 0 < against.sum() < len(rows)
    n = f"{against.sum():,} users of the first {len(rows):,}"
    assert [note for note in made.notes if note.startswith(f"For {n} in rank the score is below 0")]
    for row in rows[against][::200]:
        assert model.explain(int(row), item).items.values.sum() < 0
    short = make_list(shop, replace(asked, size=int((~against).sum())), model=model)
    assert "below 0" not in " ".join(short.notes)
