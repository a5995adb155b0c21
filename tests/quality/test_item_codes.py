"""Item codes that are no products: Online Retail's, the sample's, and constructed ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from core.quality import Asked, Selection
from core.quality.codes import DEFAULTS, detect, non_products
from core.quality.kinds import chosen
from core.store import Store
from tests.prepared import copied
from tests.quality.shops import asked_of, ids_of, shop

DAY = datetime(2026, 3, 1, 12)
RETAIL = {"POST", "DOT", "M", "m", "D", "S", "C2", "BANK CHARGES", "AMAZONFEE", "CRUK", "PADS", "B", "gift_0001_10",
          "gift_0001_20", "gift_0001_30", "gift_0001_40", "gift_0001_50"}  # fmt: skip


def codes(asked: Asked) -> set[str]:
    keys = chosen(asked, Selection.of("non_product"))
    assert isinstance(keys, pa.Array)
    found = detect(asked)
    assert len(set(keys.to_pylist())) == len(keys) == sum(finding.count for finding in found)
    return set(ids_of(asked, "items", keys))


def test_online_retails_codes_are_named_and_no_product(retail_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(retail_workspace, tmp_path / "r.duckdb")) as store:
        asked = asked_of(store)
        assert codes(asked) == RETAIL
        (found,) = detect(asked)
        assert set(found.facts["codes"]) == RETAIL
        assert all(found.facts["reasons"].values())
        assert "POST" in found.title


def test_the_samples_codes_are_named(sample_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(sample_workspace, tmp_path / "s.duckdb")) as store:
        asked = asked_of(store)
        assert codes(asked) == {"POST", "GIFTWRAP", "DISCOUNT"}
        why = {row["item"]: str(row["why"]) for row in non_products(asked, DEFAULTS)}
        assert "prices below zero" in why["DISCOUNT"]
        assert "never looked at" in why["POST"]


def trade(item: str, price: float, number: int = 6, *, looks: int = 3) -> list[dict[str, object]]:
    bought = {"user": "u", "item": item, "event": "purchase", "quantity": 1.0, "value": price, "at_utc": DAY}
    seen = {"user": "u", "item": item, "event": "view", "at_utc": DAY + timedelta(hours=1)}
    return [bought] * number + [seen] * looks


def test_one_hint_is_not_enough(tmp_path: Path) -> None:
    rows = [row for i in range(60) for row in trade(f"A-{1000 + i}", 3.0 + i % 7, looks=20)]
    rows += trade("POSTCARD", 2.0)  # letters alone
    rows += trade("A-1070", 5.0)  # a title that has a service's word
    rows += trade("A-1071", 5.0, looks=0)  # only in a shop of stone
    rows += trade("A-1072", 4_000.0)  # the dearest of all
    rows += trade("VERSAND", 4.9, looks=0) + trade("Rabatt", -3.0, looks=0) + trade("X9", 9.0, looks=0)
    goods = [{"id": "A-1070", "title": "Gift wrap, floral"}, {"id": "X9", "title": "Carriage"}]
    asked = asked_of(shop(tmp_path / "x.duckdb", rows, items=goods))
    assert codes(asked) == {"VERSAND", "Rabatt", "X9"}


@pytest.mark.parametrize("prefix", ["SERVICE", "POST", "bon"])
def test_a_way_to_write_codes_that_all_have_says_nothing(prefix: str, tmp_path: Path) -> None:
    rows = [row for i in range(60) for row in trade(f"{prefix}-{i:03d}", 3.0 + i % 5)]
    assert codes(asked_of(shop(tmp_path / "x.duckdb", rows))) == set()


def test_a_shop_whose_codes_are_words_keeps_its_goods(tmp_path: Path) -> None:
    names = [
        f"{a}-{b}" for a in ("lamp", "rug", "vase", "pot", "chair") for b in ("red", "blue", "tall", "wide", "old")
    ]
    rows = [row for i, name in enumerate(names) for row in trade(name, 3.0 + i % 5)] + trade("shipping", 4.0, looks=0)
    assert codes(asked_of(shop(tmp_path / "x.duckdb", rows))) == {"shipping"}


def test_nothing_in_an_empty_workspace(tmp_path: Path) -> None:
    assert detect(asked_of(shop(tmp_path / "x.duckdb", []))) == []
