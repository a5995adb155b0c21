"""The sample's past campaign: what was realised is found exactly, what is true lies in the interval; and real data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from core.experiments import bring_list, readout
from core.store import Store
from tests.prepared import copied


@pytest.fixture(scope="module")
def shop(sample: Path, sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(copied(sample_workspace, tmp_path_factory.mktemp("sample"))) as store:
        bring_list(store, "come-back-candles", sample / "campaign.csv", holdout=0.2)
        yield store


def test_what_was_realised_is_found_and_what_is_true_lies_in_the_interval(shop: Store, sample: Path) -> None:
    truth = json.loads((sample / "truth.json").read_text())["campaign"]
    found = readout(shop, "come-back-candles")
    assert [moment.isoformat() + "Z" for moment in found.window] == truth["window"]
    for arm in found.arms:
        realised = truth["realised"][arm.arm]
        assert (arm.users, arm.responses) == (realised["users"], realised["buyers"])
        assert arm.rate == pytest.approx(realised["rate"], abs=1e-6)
    effect = found.effect
    assert effect.estimate == pytest.approx(truth["realised"]["difference"], abs=1e-6)
    assert effect.low is not None
    assert effect.high is not None
    assert 0 < effect.low <= truth["true_uplift"] <= effect.high
    assert effect.srm_p == 1.0
    assert found.complete
    assert "82 (25 to 131) of the 234" in found.note


def test_value_per_head_is_that_of_the_file(shop: Store, sample: Path) -> None:
    """By pandas, from the raw file: no line of the load or the readout in between."""
    events = pd.read_csv(sample / "events.csv.gz", dtype=str)
    events = events[events.event_type.isin(["purchase", "return"])]
    events["at"] = pd.to_datetime(events.event_time, utc=True, errors="coerce").dt.tz_localize(None)
    start, end = datetime(2026, 8, 18, 6), datetime(2026, 9, 15, 6)
    events = events[(events["at"] >= start) & (events["at"] < end)]
    units, price = (pd.to_numeric(events[name], errors="coerce") for name in ("quantity", "unit_price"))
    events["net"] = (units * price).where(events.event_type == "purchase", -units.abs() * price)
    rejected = (units.isna() & events.quantity.notna()) | (price.isna() & events.unit_price.notna())
    net = events[~rejected].groupby("user_id").net.sum()
    campaign = pd.read_csv(sample / "campaign.csv", dtype=str)
    campaign["net"] = campaign.user_id.map(net).fillna(0.0)
    for arm in readout(shop, "come-back-candles").arms:
        values = campaign[campaign.arm == arm.arm].net
        assert arm.value == pytest.approx(values.mean(), abs=1e-6)
        assert arm.value_sq == pytest.approx((values**2).mean(), rel=1e-6)


def test_the_buyers_as_a_file_of_responses_give_the_same(shop: Store, sample: Path, tmp_path: Path) -> None:
    events = pd.read_csv(sample / "events.csv.gz", dtype=str)
    bought = events[(events.event_type == "purchase") & ~events.quantity.fillna("").str.startswith("-")]
    path = tmp_path / "buyers.csv"
    bought[["user_id", "event_time"]].dropna().rename(columns={"event_time": "time"}).pipe(
        lambda rows: rows[pd.to_datetime(rows.time, utc=True, errors="coerce").notna()]
    ).to_csv(path, index=False)
    found = readout(shop, "come-back-candles", responses=path)
    assert [(arm.users, arm.responses) for arm in found.arms] == [(1200, 234), (300, 38)]
    assert found.effect.estimate == readout(shop, "come-back-candles").effect.estimate
    assert found.unknown > 1000
