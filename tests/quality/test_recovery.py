"""What the report offers first, accepted as an analyst would, brings the sample back to its figures before the dirt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.quality import Figures, Stored, add_repair, describe, end_repair, figures, repairs, report
from core.store import Store
from core.store.digest import content_digest
from tests.prepared import copied

ROOT = Path(__file__).parents[2]
MENDED = {"test_id", "bot", "repeat", "non_product", "quantity_outlier", "price_outlier", "future", "zero_price"}


def _shares(now: Figures, truth: dict[str, float]) -> dict[str, float]:
    names = {"rows": "events", "gross_revenue": "gross", "returned_value": "returned", "net_revenue": "revenue"}
    names |= {name: name for name in ("users", "buyers", "orders")}
    return {name: getattr(now, ours) / truth[name] - 1 for name, ours in names.items()}


def test_the_repairs_offered_first_bring_the_figures_back(sample_workspace: Path, tmp_path: Path) -> None:
    truth = json.loads((ROOT / "data/sample/truth.json").read_text("utf-8"))["before_dirt"]["all_customers"]
    with Store(copied(sample_workspace, tmp_path / "w.duckdb")) as store:
        loaded = content_digest(store)
        assert abs(_shares(figures(store), truth)["gross_revenue"]) > 5, "the dirt is there"
        found = [f for f in report(store, effects=False).findings if f.code in MENDED and f.repairs]
        assert {f.code for f in found} == MENDED
        for finding in found:
            with store.atomic() as writer:
                add_repair(writer, finding.repairs[0])
        kept: list[Stored] = [kept for kept in repairs(store) if kept.ended_at is None]
        assert [k.words for k in kept] == [describe(f.repairs[0]) for f in found]
        shares = _shares(figures(store), truth)
        assert max(map(abs, shares.values())) < 0.01, shares
        assert shares["users"] == 0
        assert shares["returned_value"] == pytest.approx(0, abs=1e-9)
        left = {f.code for f in report(store, effects=False).findings} & MENDED
        assert not left, "what has been repaired is not found again"
        # The first from under all the others, which are worked out anew for it; then the last of those left.
        for one in [kept[0], *kept[:0:-1]]:
            with store.atomic() as writer:
                end_repair(writer, one.repair_no)
        assert content_digest(store) == loaded
