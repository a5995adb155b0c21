"""The command `loyalty`: the keys of its answer, an earlier end of the data, both files, refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from core.__main__ import main
from tests.behaviour.world import E, build
from tests.loyalty.people import random_shop


def test_the_answer_and_its_files(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "shop.duckdb"
    with random_shop(file):
        pass
    ask = ["loyalty", "--workspace", str(file)]
    out, slips = tmp_path / "scores.csv", tmp_path / "slipping.csv"
    assert main([*ask, "--json", "--out", str(out)]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["repeat"]["rate"] == found["repeat"]["repeat"] / found["repeat"]["buyers"]
    assert found["pauses"]["within_30"].keys() == {"share", "low", "high"}
    assert len(found["stages"]) == 6 * len(found["transitions"]["points"])
    assert len(found["transitions"]["matrix"]) == 36
    assert sum(found["score"]["parts"].values()) == pytest.approx(1)
    assert found["score"]["check"]["auc"][1] < found["score"]["check"]["auc"][0]
    assert found["slipping"]["users"] <= found["slipping"]["judged"]
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) == found["rows"] == found["score"]["buyers"]

    assert main([*ask, "--as-of", "2024-09-01", "--json", "--unusual", "0.2", "--out", str(slips), "--slipping"]) == 0
    before = json.loads(capfd.readouterr().out)
    assert before["as_of"] == "2024-09-01T00:00:00"
    assert before["repeat"]["orders"] < found["repeat"]["orders"]
    assert len(slips.read_text().splitlines()) == before["slipping"]["users"] + 1
    assert main(ask) == 0
    assert "Does it tell anything?" in capfd.readouterr().out
    assert main([*ask, "--slipping"]) == 2
    assert main([*ask, "--weights", "value=-1"]) == 2


def test_without_orders_or_times(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    build(tmp_path / "none.duckdb", [E("a", "x", "view", "2025-01-01")]).close()
    build(tmp_path / "untimed.duckdb", [E("a", "x", "purchase", None, o) for o in "12"]).close()
    assert main(["loyalty", "--workspace", str(tmp_path / "none.duckdb"), "--json"]) == 2
    assert json.loads(capfd.readouterr().out)["error"]["code"] == "no_loyalty"
    assert main(["loyalty", "--workspace", str(tmp_path / "untimed.duckdb"), "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["repeat"]["rate"], found["pauses"]["median"], found["stages"]) == (1.0, None, [])
    assert main(["loyalty", "--workspace", str(tmp_path / "untimed.duckdb"), "--as-of", "2025-01-01"]) == 2
