"""Unusual prices and quantities: robust z against NumPy and SciPy, by hand, and against what was planted."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import median_abs_deviation

from core.errors import Refusal
from core.quality import forest, outliers
from core.quality.ask import ask
from core.quality.kinds import chosen
from core.quality.types import Asked, Cap, Exclude, Fill, Selection
from core.quality.usual import usual
from core.store import Query, Store
from tests.prepared import copied
from tests.quality.small_shop import shop

START = datetime(2026, 5, 1)


def sale(
    i: int, price: float, quantity: float = 1, *, item: int = 1, user: int | None = 1, event: str = "purchase"
) -> dict[str, Any]:
    return {
        "event": event, "user_no": user, "item_no": item, "order_id": f"o{i}", "at_utc": START + timedelta(hours=i),
        "quantity": quantity, "value": round(price * quantity, 4),
    }  # fmt: skip


def keys(asked: Asked, selection: Selection) -> set[int]:
    answer = chosen(asked, selection)
    assert isinstance(answer, pa.Array)
    assert len(answer.unique()) == len(answer)
    return set(answer.to_pylist())


def test_median_and_spread_as_scipy_has_them() -> None:
    rng = np.random.default_rng(5)
    group = rng.integers(0, 40, 3_000)
    step = np.round(100 * rng.normal(1, 0.7, 3_000)).astype(np.int64)
    cells, n = np.unique(np.column_stack([group, step]), axis=0, return_counts=True)
    found = usual(cells[:, 0], cells[:, 1], n)
    for i, g in enumerate(found.group.tolist()):
        mine = step[group == g] / 100
        assert found.n[i] == len(mine)
        assert found.middle[i] == pytest.approx(np.median(mine))
        assert found.spread[i] == pytest.approx(1.4826 * median_abs_deviation(mine))


def test_z_of_rows_within_a_step_of_numpy(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    price = np.round(np.exp(rng.normal(3, 0.5, 120)), 2)
    price[[3, 60]] = 5_000, 0.02
    with shop(tmp_path / "w.duckdb", [sale(i, float(p)) for i, p in enumerate(price)]) as store:
        found = outliers.odd(ask(store, None), "price", 4.0)
    log = np.log(price)
    z = (log - np.median(log)) / (1.4826 * median_abs_deviation(log))
    assert sorted(found.no.tolist()) == (np.flatnonzero(np.abs(z) > 4) + 1).tolist() == [4, 61]
    for no, mine in zip(found.no.tolist(), found.z.tolist(), strict=True):
        assert mine == pytest.approx(z[no - 1], rel=0.03)


def test_a_cent_another_price_and_few_sales(tmp_path: Path) -> None:
    always = [sale(i, 10.0) for i in range(30)] + [sale(30, 10.01)]
    sometimes = [sale(i, 1.0, item=2) for i in range(40, 70)] + [sale(i, 9.0, item=2) for i in range(70, 73)]
    once = [sale(80, 700.0, item=3), sale(81, 20.0, item=4)]
    slip = [sale(90, 0.1), sale(91, 1_000.0), sale(92, 350.0)]
    rows = always + sometimes + once + slip
    with shop(tmp_path / "w.duckdb", rows, {1: 10.0, 2: 1.0, 3: 7.0, 4: 19.0}) as store:
        asked = ask(store, None)
        found = outliers.odd(asked, "price", 6.0)
        named = {
            rows[no - 1]["order_id"]: (int(s), int(a))
            for no, s, a in zip(found.no, found.slip, found.against, strict=True)
        }
        assert named == {"o80": (2, 1), "o90": (-2, 0), "o91": (2, 0), "o92": (0, 0)}
        assert found.no[0] == len(rows) - 1  # the most money first
        (finding,) = outliers.detect(asked)
        assert finding.count == 4
        assert [type(r.action) for r in finding.repairs] == [Fill, Fill, Cap, Exclude]
        assert keys(asked, finding.repairs[0].selection) == set(found.no[found.slip != 0].tolist())
        assert finding.examples[0]["usual price"] == 10.0
        assert "decimal point slipped: 100.0 times" in finding.examples[0]["reason"]


def test_wholesale_is_usual_for_who_buys_so(tmp_path: Path) -> None:
    rows = [sale(i, 2.0, 1 + i % 3, user=i % 20, item=i % 10) for i in range(2_000)]
    rows += [sale(2_000 + i, 2.0, 400 + i, user=50, item=i) for i in range(8)]
    rows += [sale(2_100, 2.0, 4_000, user=3, item=3), sale(2_101, 2.0, 4_000, user=3, item=3, event="return")]
    rows[-1] |= {"quantity": -4_000, "value": -8_000.0}
    with shop(tmp_path / "w.duckdb", rows) as store:
        asked = ask(store, None)
        (finding,) = outliers.detect(asked)
        assert finding.count == 2
        assert finding.examples[0]["cancelled after minutes"] == 60
        assert finding.selection is not None
        assert keys(asked, finding.selection) == {2_009, 2_010}
        assert keys(asked, Selection.of("quantity_outlier")) == {2_009}
        assert keys(asked, Selection.of("quantity_outlier", paired="unpaired")) == set()


@pytest.mark.parametrize("code, given", [
    ("price_outlier", {"limit": 0}), ("price_outlier", {"paired": "maybe"}), ("quantity_outlier", {"limit": "six"}),
    ("value_outlier", {"limit": 2.0}), ("value_outlier", {"most": 0}), ("price_outlier", {"nothing": 1}),
])  # fmt: skip
def test_bad_parameters_are_refused(tmp_path: Path, code: str, given: dict[str, Any]) -> None:
    with shop(tmp_path / "w.duckdb", [sale(1, 2.0)]) as store, pytest.raises(Refusal) as caught:
        chosen(ask(store, None), Selection.of(code, **given))
    assert caught.value.code == "bad_selection"


def test_no_sales(tmp_path: Path) -> None:
    with shop(tmp_path / "w.duckdb", [{"event": "view", "user_no": 1, "item_no": 1, "at_utc": START}]) as store:
        asked = ask(store, None)
        assert outliers.detect(asked) == forest.detect(asked) == []
        assert keys(asked, Selection.of("price_outlier")) == keys(asked, Selection.of("value_outlier")) == set()


def test_what_was_planted_in_the_sample(sample_workspace: Path, sample: Path, tmp_path: Path) -> None:
    truth = json.loads((sample / "truth.json").read_text())["dirt"]
    slips = {(s["order_id"], s["item_id"]): float(s["true_unit_price"]) for s in _slips(truth)}
    with Store(copied(sample_workspace, tmp_path)) as store:
        asked = ask(store, store.as_of())
        findings = {(f.code, f.selection.get("paired")): f for f in outliers.detect(asked) if f.selection}
        for finding in findings.values():
            assert finding.selection is not None
            assert len(keys(asked, finding.selection)) == finding.count
        assert findings["price_outlier", "paired"].count == 2 * 6
        assert findings["quantity_outlier", "paired"].count == 2 * 8
        unpaired = keys(asked, Selection.of("price_outlier", paired="unpaired"))
        rows = store.rows(Query("SELECT e.event_no, order_id, item_id FROM events e JOIN items USING (item_no)"))
        assert {(r["order_id"], r["item_id"]) for r in rows if r["event_no"] in unpaired} == set(slips)
        named = findings["price_outlier", "unpaired"]
        assert named.facts["decimal_slips"] == len(slips) == 12
        for example in named.examples:
            assert example["usual price"] == pytest.approx(slips[example["order"], example["item"]], rel=0.1)


def _slips(truth: Any) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if "true_unit_price" in value:
                found.append(value)
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look(truth)
    return found


def test_online_retail_gives_a_list_to_look_through(retail_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(retail_workspace, tmp_path)) as store:
        asked = ask(store, store.as_of())
        findings = {(f.code, f.selection.get("paired")): f for f in outliers.detect(asked) if f.selection}
        huge = findings["quantity_outlier", "paired"].examples
        assert [(e["quantity"], e["cancelled by"]) for e in huge[:2]] == [(80995.0, "C581484"), (74215.0, "C541433")]
        assert 10 < findings["quantity_outlier", "unpaired"].count < 500
        assert 10 < findings["price_outlier", "unpaired"].count < 500


def test_forest_names_what_is_odd_in_combination(tmp_path: Path) -> None:
    """A cheap item at a somewhat high price, many of it, by one who buys little: each alone is within limits."""
    rng = np.random.default_rng(4)
    rows = [
        sale(
            i,
            float(np.round(np.exp(rng.normal(1 + i % 10 / 5, 0.05)), 2)),
            float(rng.integers(1, 4)),
            item=i % 10,
            user=i % 60,
        )
        for i in range(1_500)
    ]
    rows.append(sale(1_500, float(np.exp(1) * 4), 11.0, item=0, user=7))
    with shop(tmp_path / "w.duckdb", rows) as store:
        asked = ask(store, None)
        assert 1_501 not in keys(asked, Selection.of("price_outlier")) | keys(asked, Selection.of("quantity_outlier"))
        (finding,) = forest.detect(asked)
        assert finding.examples[0]["event_no"] == 1_501
        assert finding.selection is not None
        assert len(keys(asked, finding.selection)) == finding.count
        again = forest.scored(ask(store, None))
        assert again.score.tolist() == forest.scored(asked).score.tolist()
