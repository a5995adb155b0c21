"""Looking at a feature table: gaps, order, distributions and whose values they are, against pandas and numpy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.errors import Refusal
from core.features import (
    FeatureSpec,
    FeatureTable,
    distribution,
    first_rows,
    ids_between,
    ids_with,
    ids_without,
    missing_shares,
    values_of,
)
from core.features.scan import feature


def _table() -> tuple[FeatureTable, pd.DataFrame]:
    rng = np.random.default_rng(7)
    n = 500
    frame = pd.DataFrame(
        {
            "user_id": [f"u{k:03d}" for k in range(n)],
            "spent": np.where(rng.random(n) < 0.2, np.nan, rng.lognormal(3, 2, n)),
            "orders": rng.integers(0, 9, n).astype(float),
            "city": rng.choice([f"c{k:02d}" for k in range(30)], n),
            "member": pd.Series(rng.random(n) < 0.5, dtype=object).where(rng.random(n) < 0.7, None),
        }
    )
    kinds = {"spent": "number", "orders": "number", "city": "category", "member": "boolean"}
    families = {"spent": "value", "orders": "frequency", "city": "demographic", "member": "demographic"}
    columns = tuple(feature(c, families[c], "", f"{c}.", type=kinds[c]) for c in kinds)  # type: ignore[arg-type]
    data = pa.table(
        {c: pa.array(frame[c], from_pandas=True, type=pa.bool_() if c == "member" else None) for c in frame}
    )
    return FeatureTable(FeatureSpec(), columns, data), frame


def test_gaps_and_first_rows() -> None:
    table, frame = _table()
    expected = frame.drop(columns="user_id").isna().mean().to_dict()
    assert missing_shares(table) == pytest.approx(expected)
    by = first_rows(table, "spent", most=450).column("user_id").to_pylist()
    assert by == frame.sort_values(["spent", "user_id"], ascending=[False, True])["user_id"].tolist()[:450]
    low = first_rows(table, "orders", rising=True, most=20, families=("demographic",))
    assert low.column_names == ["user_id", "orders", "city", "member"]
    assert low.column("user_id").to_pylist() == frame.sort_values(["orders", "user_id"])["user_id"].tolist()[:20]
    assert first_rows(table, "member", most=3).column("member").to_pylist() == [True] * 3
    assert first_rows(table, most=5).column("user_id").to_pylist() == frame["user_id"].tolist()[:5]
    with pytest.raises(Refusal, match="no feature"):
        first_rows(table, "none")


def test_distribution_of_numbers() -> None:
    table, frame = _table()
    spent = frame["spent"].dropna()
    found = distribution(table, "spent")
    assert (found.rows, found.known) == (500, len(spent))
    assert found.quartiles == pytest.approx(spent.quantile([0, 0.25, 0.5, 0.75, 1]).tolist())
    assert found.mean == pytest.approx(spent.mean())
    assert found.above == (spent > spent.quantile(0.99)).sum() > 0, "a long tail shares one bar"
    assert sum(found.counts) + found.above == len(spent)
    inside = spent[spent <= spent.quantile(0.99)]
    assert (
        list(found.counts) == pd.cut(inside, list(found.edges), include_lowest=True).value_counts(sort=False).tolist()
    )
    whole = distribution(table, "orders")
    assert whole.whole
    assert whole.above == 0
    assert dict(zip(whole.edges, whole.counts, strict=True)) == frame["orders"].value_counts().to_dict()


def test_distribution_of_words_and_whose_they_are() -> None:
    table, frame = _table()
    found = distribution(table, "city")
    counts = frame["city"].value_counts()
    assert len(found.labels) == 20
    assert [counts[label] for label in found.labels] == list(found.counts)
    assert (sum(found.counts) + found.others, found.other_values) == (500, counts.size - 20)
    assert sorted(values_of(table, "city")) == sorted(counts.index)
    assert set(values_of(table, "member")) == {"true", "false"}
    assert ids_with(table, "member", ["true"]).to_pylist() == frame.loc[frame["member"].eq(True), "user_id"].tolist()
    assert ids_without(table, "spent").to_pylist() == frame.loc[frame["spent"].isna(), "user_id"].tolist()
    assert (
        ids_between(table, "orders", 2, 3).to_pylist() == frame.loc[frame["orders"].between(2, 3), "user_id"].tolist()
    )
    for low, high, name in ((3.0, 2.0, "orders"), (0.0, 1.0, "city")):
        with pytest.raises(Refusal):
            ids_between(table, name, low, high)


def test_nothing_known() -> None:
    column = feature("empty", "value", "", "Empty.")
    table = FeatureTable(FeatureSpec(), (column,), pa.table({"user_id": ["a"], "empty": pa.nulls(1, pa.float64())}))
    found = distribution(table, "empty")
    assert (found.known, found.counts, found.quartiles, found.mean) == (0, (), (), None)
    assert missing_shares(table) == {"empty": 1.0}
