"""The command `value` on the published example, end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.__main__ import main


def test_cdnow(cdnow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = str(tmp_path / "cdnow.duckdb")
    assert main(["load", "--workspace", shop, "--events", str(cdnow)]) == 0
    capsys.readouterr()
    asked = ["value", "--workspace", shop, "--as-of", "1997-10-01", "--unit", "week", "--horizon", "39"]
    assert main([*asked, "--no-bootstrap", "--out", str(tmp_path / "v.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    published = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    assert found["parameters"] == {name: pytest.approx(value, rel=0.01) for name, value in published.items()}
    assert found["loglik"] == pytest.approx(-9582.4, abs=0.1)
    assert found["converged"]
    assert found["last_day"] == "1997-09-30"
    assert (found["holdout"]["actual"], found["holdout"]["days"]) == (1882, 273)
    assert round(found["holdout"]["predicted"]) == round(found["expected"]["purchases"]["expected"]) == 1653
    assert [row["users"] for row in found["calibration"]] == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert found["rows"] == found["users"] == 2357
    assert main([*asked, "--bootstrap", "20"]) == 0
    said = capsys.readouterr().out
    assert "Yes, as far as the past tells: it foretold 1,653 purchases and 1,882 came (12 % too few)" in said
