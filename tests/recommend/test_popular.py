"""Popularity that fades, and by group: against pandas; with defaults exactly the plain counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions import Interactions
from core.recommend import make, spec
from core.recommend.popular import Popular
from tests.recommend.contract.asserts import check_explained
from tests.recommend.contract.matrices import SILENT_USER, shop

UNTIL = datetime(2025, 6, 1)


def popular(x: Interactions, **params: object) -> Popular:
    made = make(spec("popular", params)).fit(x)  # type: ignore[arg-type]
    assert isinstance(made, Popular)
    return made


def timed() -> Interactions:
    x = shop()
    days = np.random.default_rng(0).integers(0, 300, x.matrix.nnz)
    end = int((UNTIL - datetime(1970, 1, 1)) / timedelta(microseconds=1))
    seen = end - days * 86_400_000_000
    seen[5] = np.iinfo(np.int64).min  # its events have no time
    return replace(x, first_seen=seen, until=UNTIL)


def frame(x: Interactions) -> pd.DataFrame:
    coo = x.matrix.tocoo()
    assert x.user_side is not None
    made = pd.DataFrame({"user": coo.row, "item": coo.col, "weight": coo.data.astype(float)})
    return made.assign(country=pd.Series(x.user_side["country"].to_pylist())[coo.row].to_numpy())


def test_by_default_the_plain_counts() -> None:
    x = timed()
    counts = (x.matrix.toarray() > 0).sum(axis=0)
    assert popular(x).score(np.array([0]))[0].tolist() == counts.tolist()
    assert popular(x, count="weight").score(np.array([0]))[0].tolist() == x.matrix.toarray().sum(axis=0).tolist()
    assert set(popular(x).arrays()) == {"counts"}
    assert popular(x).because(0) == []


@pytest.mark.parametrize("count", ["users", "weight"])
def test_what_was_taken_long_ago_counts_less(count: str) -> None:
    x = timed()
    assert x.first_seen is not None
    days = (UNTIL - pd.to_datetime(pd.Series(x.first_seen).where(x.first_seen > 0), unit="us")).dt.days
    told = frame(x).assign(part=0.5 ** (days / 30).fillna(np.inf).to_numpy())
    told["part"] *= 1 if count == "users" else told["weight"]
    wanted = told.groupby("item")["part"].sum().reindex(range(30), fill_value=0)
    model = popular(x, count=count, half_life=30.0)
    np.testing.assert_allclose(model.score(np.array([3]))[0], wanted, rtol=1e-6)
    for item in range(0, 30, 7):
        assert check_explained(model, 3, item).users.exact
    without = replace(x, first_seen=None)
    assert popular(without, half_life=30.0).score(np.array([0])).tobytes() == popular(x).score(np.array([0])).tobytes()


@pytest.mark.parametrize("caution", [0.0, 50.0])
def test_by_group_in_pandas(caution: float) -> None:
    x = shop()
    told = frame(x)
    assert x.user_side is not None
    active = told["user"].nunique()
    model = popular(x, by=" Country ", caution=caution)
    countries = x.user_side["country"].to_pylist()
    whole = told.groupby("item").size().reindex(range(30), fill_value=0) / active
    for user in (0, 1, 6, SILENT_USER, 13):
        theirs = told[told["country"] == countries[user]]
        n = theirs["user"].nunique()
        counts = theirs.groupby("item").size().reindex(range(30), fill_value=0)
        wanted = whole if countries[user] is None else (counts + caution * whole) / (n + caution)
        np.testing.assert_allclose(model.score(np.array([user]))[0], wanted, rtol=1e-12)
        assert model.because(user) == ([] if countries[user] is None else [("country", countries[user], n)])
        for item in range(0, 30, 4):
            assert check_explained(model, user, item).users.exact
    assert model.score(np.array([SILENT_USER])).tobytes() == model.score(np.array([1])).tobytes(), "both of SE"


def test_a_stranger_gets_the_whole_and_a_row_its_group() -> None:
    x = shop()
    model = popular(x, by="country")
    nothing = csr_matrix(np.zeros((2, 30), np.float32))
    own, stranger = model.fold(nothing, own=np.array([1, -1]))
    assert own.tobytes() == model.score(np.array([1]))[0].tobytes()
    np.testing.assert_allclose(stranger, (x.matrix.toarray() > 0).sum(axis=0) / 39, rtol=1e-12)
    again = make(spec("popular", {"by": "country"})).load(x, model.arrays())
    assert again.score(np.arange(40)).tobytes() == model.score(np.arange(40)).tobytes()
    banded = popular(x, by="age")
    assert banded.because(20)[0][0] == "age"


@pytest.mark.parametrize(
    ("by", "words"),
    [("town", "country, age, likes"), ("likes", "makes no groups"), ("nick", "makes no groups")],
)
def test_columns_that_make_no_groups_are_refused(by: str, words: str) -> None:
    x = shop()
    if by == "nick":
        nicks = pa.table({"nick": [f"nick {n}" for n in range(120)]})
        x = replace(Interactions.of(np.tile(x.matrix.toarray(), (3, 1))), user_side=nicks)
    with pytest.raises(Refusal) as refused:
        popular(x, by=by)
    assert refused.value.code == "unknown_column"
    assert words in f"{refused.value.message} {refused.value.hint}"
    with pytest.raises(Refusal, match="no column"):
        popular(Interactions.of(np.eye(2)), by="country")


def test_nobody_of_a_group_did_anything() -> None:
    x = replace(Interactions.of(np.array([[1.0, 0], [0, 0]])), user_side=pa.table({"c": ["a", "b"]}))
    for caution in (0.0, 5.0):
        model = popular(x, by="c", caution=caution)
        assert model.score(np.array([1])).tolist() == [[1.0, 0.0]]
        assert model.because(1) == []
    empty = replace(Interactions.of(np.eye(2)), user_side=pa.table({"c": pa.nulls(2, pa.string())}))
    assert popular(empty, by="c").score(np.arange(2)).tolist() == [[0.5, 0.5], [0.5, 0.5]]
