"""Bots: each sign by constructed users, the sample's planted ones, and shops that have none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.errors import Refusal
from core.quality import Asked, Selection
from core.quality.bots import DEFAULTS, bots, detect, reasons
from core.quality.kinds import chosen
from core.quality.per_user import clock, per_user
from core.store import Query, Store
from tests.prepared import copied
from tests.quality.shops import asked_of, ids_of, shop

DAY = datetime(2026, 3, 1)
ITEMS = [f"A-{i:03d}" for i in range(400)]


def run(
    user: str, start: datetime, gaps: np.ndarray, items: list[str], dwell: float | None = 30
) -> list[dict[str, Any]]:
    """One visit: looks at items, with these gaps in seconds before each."""
    moments = [start + timedelta(seconds=float(s)) for s in np.cumsum(gaps)]
    return [
        {"user": user, "item": item, "event": "view", "at_utc": at, "dwell": dwell}
        for at, item in zip(moments, items, strict=True)
    ]


def person(
    rng: np.random.Generator, name: str, *, visits: int = 8, hour: float = 14, buys: float = 0.3, size: int = 6
) -> list[dict[str, Any]]:
    """Somebody who looks at a few items a visit, at uneven gaps, and puts some into the cart."""
    rows: list[dict[str, Any]] = []
    taste = rng.choice(ITEMS, 25, replace=False).tolist()
    for visit in range(visits):
        n = int(rng.integers(max(2, size - 3), size + 4))
        start = DAY + timedelta(days=3 * visit, hours=(hour + float(rng.normal(0, 4))) % 24)
        looks = run(name, start, np.round(rng.lognormal(3.2, 0.9, n)) + 1, rng.choice(taste, n).tolist())
        for row in looks:
            row["dwell"] = float(rng.lognormal(3, 0.8))
        rows += looks
        if rng.random() < buys:
            last = looks[-1]
            rows.append({**last, "event": "cart", "at_utc": last["at_utc"] + timedelta(seconds=20), "dwell": None})
    return rows


@pytest.fixture(scope="module")
def constructed(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """Sixty people, and some who differ from them each in one way or in several."""
    rng = np.random.default_rng(5)
    rows = [row for i in range(60) for row in person(rng, f"person-{i:02d}")]
    rows += person(rng, "night worker", visits=12, hour=2)
    rows += person(rng, "heavy shopper", visits=40, size=25, buys=1.0)
    rows += person(rng, "only looks", visits=40, size=25, buys=0.0)
    for day in range(6):
        at = DAY + timedelta(days=day, hours=2)
        rows += run("regular bot", at, np.full(60, 5.0), ITEMS[day * 60 : day * 60 + 60], 2)
        rows += run("crawler", at, np.round(rng.lognormal(0.3, 0.3, 66)) + 0.0, ITEMS[day * 66 : day * 66 + 66], None)
        # as even as a bot, but with a person's taste, by day, and buying
        noon = DAY + timedelta(days=day, hours=13)
        rows += run("metronome", noon, np.full(10, 20.0), rng.choice(ITEMS[:20], 10).tolist())
        rows.append({"user": "metronome", "item": ITEMS[0], "event": "purchase", "at_utc": noon, "order_id": str(day)})
    return asked_of(shop(tmp_path_factory.mktemp("bots") / "b.duckdb", rows))


def signs_of(asked: Asked, name: str, least: Mapping[str, float]) -> set[str]:
    seen = bots(asked, {**DEFAULTS, **least})
    for i, number in enumerate(seen.user_no):
        if ids_of(asked, "users", pa.array([number])) == [name]:
            return {sign for sign, shown in seen.signs.items() if shown[i]}
    return set()


def test_only_programs_are_taken_for_bots(constructed: Asked) -> None:
    (found,) = detect(constructed)
    assert found.selection == Selection.of("bot")
    keys = chosen(constructed, Selection.of("bot"))
    assert isinstance(keys, pa.Array)
    assert ids_of(constructed, "users", keys) == ["crawler", "regular bot"]
    assert found.count == len(set(keys.to_pylist())) == 2
    assert {example["user"] for example in found.examples} == {"crawler", "regular bot"}


def test_each_sign_is_told_of_those_who_show_it(constructed: Asked) -> None:
    assert signs_of(constructed, "regular bot", {}) >= {"even", "night", "long", "reach", "nothing", "dwell"}
    assert signs_of(constructed, "crawler", {}) >= {"pace", "night", "long", "reach", "nothing", "dwell"}
    # one sign is enough where the analyst says so, but the sign must be one that people's hands do not give
    loose = {"signs": 1}
    assert signs_of(constructed, "metronome", loose) == {"even", "dwell"}
    for name in ("night worker", "heavy shopper", "only looks"):
        assert signs_of(constructed, name, loose) == set()


def test_reasons_are_plain_and_true(constructed: Asked) -> None:
    seen = bots(constructed, DEFAULTS)
    place = {ids_of(constructed, "users", pa.array([no]))[0]: i for i, no in enumerate(seen.user_no)}
    said = "; ".join(reasons(seen, place["regular bot"]))
    for words in ("gaps of 5.0 s", "360 of 360 looks in the quiet hours", "60 looks a visit", "360 different items",
                  "nothing bought", "pages left after 2.0 s"):  # fmt: skip
        assert words in said
    assert "no dwell time on any page" in "; ".join(reasons(seen, place["crawler"]))


def test_the_table_of_users_agrees_with_pandas(constructed: Asked) -> None:
    frame = constructed.reader.read(Query("SELECT user_no, event, at_utc, dwell FROM events")).to_pandas()
    looks = frame[frame.event == "view"]
    hours = looks.groupby(looks.at_utc.dt.hour).user_no.nunique().reindex(range(24), fill_value=0)
    share = [sum(hours[(h + k) % 24] for k in range(6)) / hours.sum() for h in range(24)]
    quiet, usual = clock(constructed).quiet, clock(constructed).usual
    assert share[quiet] == pytest.approx(min(share), abs=0.02) == usual
    mine = per_user(constructed).to_pandas().set_index("user_no")
    theirs = pd.DataFrame(
        {
            "n": frame.groupby("user_no").size(),
            "looks": looks.groupby("user_no").size(),
            "kept": frame[frame.event != "view"].groupby("user_no").size(),
            "quiet": looks[(looks.at_utc.dt.hour - quiet) % 24 < 6].groupby("user_no").size(),
            "views": looks.groupby("user_no").dwell.count(),
        }
    ).fillna(0)
    for name in theirs:
        assert (mine[name] == theirs[name]).all(), name


def test_dates_without_times_and_few_users_give_no_bots(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = [row for i in range(5) for row in person(rng, f"p{i}")] + run("bot", DAY, np.full(200, 2.0), ITEMS[:200])
    assert detect(asked_of(shop(tmp_path / "few.duckdb", rows))) == []
    for row in rows:
        row["at_utc"] = row["at_utc"].replace(hour=0, minute=0, second=0, microsecond=0)
    assert detect(asked_of(shop(tmp_path / "dates.duckdb", rows))) == []
    assert detect(asked_of(shop(tmp_path / "none.duckdb", []))) == []


def test_what_is_no_number_is_refused(constructed: Asked) -> None:
    for name, value in (("signs", "many"), ("far", -1.0), ("least", True), ("far", float("nan"))):
        with pytest.raises(Refusal) as refused:
            chosen(constructed, Selection.of("bot", **{name: value}))
        assert refused.value.code == "bad_selection"


def test_the_samples_bots_are_found(sample_workspace: Path, sample: Path, tmp_path: Path) -> None:
    truth = set(json.loads((sample / "truth.json").read_text())["roles"]["bots"])
    with Store(copied(sample_workspace, tmp_path / "s.duckdb")) as store:
        asked = asked_of(store)
        (found,) = detect(asked)
        for params in ({}, {"signs": 3}, {"signs": 5}, {"far": 2.5}, {"far": 5.0}, {"least": 20}):
            keys = chosen(asked, Selection.of("bot", **params))
            assert isinstance(keys, pa.Array)
            taken = set(ids_of(asked, "users", keys))
            assert len(taken & truth) >= 0.9 * len(truth), params
            assert len(taken & truth) >= 0.9 * len(taken), params
    assert len(truth) == 40
    assert all(example["why"].count(";") >= 3 for example in found.examples)


def test_a_shop_of_purchases_alone_has_no_bots(retail_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(retail_workspace, tmp_path / "r.duckdb")) as store:
        assert detect(asked_of(store)) == []
