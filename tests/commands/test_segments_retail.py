"""segments, overlap and movement on Online Retail: every file against the answer it goes with, counted by pandas."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.__main__ import main
from tests.prepared import copied

Ask = Callable[..., dict[str, Any]]
START = "2011-09-09"
RFM = {
    "Champions": 604, "Loyal customers": 686, "Potential loyalists": 480, "New customers": 67, "Promising": 166,
    "Need attention": 303, "About to sleep": 295, "At risk": 706, "Can't lose them": 66, "Hibernating": 966,
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(retail_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(retail_workspace, tmp_path_factory.mktemp("cli"))


@pytest.fixture
def ask(shop: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Ask:
    """The command's JSON, with the file that --out wrote under `file`."""

    def call(command: str, *words: str) -> dict[str, Any]:
        out = tmp_path / "out.csv"
        assert main([command, "--workspace", str(shop), "--json", *words, "--out", str(out)]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        found["file"] = pd.read_csv(out, dtype={"user_id": str})
        assert found["rows"] == len(found["file"])
        return found

    return call


def rule(folder: Path, content: object) -> str:
    path = folder / "rule.json"
    path.write_text(json.dumps(content), "utf-8")
    return str(path)


def test_rfm_by_name_and_every_buyer(ask: Ask) -> None:
    found = ask("segments", "--rfm")
    assert {s["name"]: s["users"] for s in found["segments"]} == RFM
    file = found["file"]
    assert file["segment"].value_counts().to_dict() == RFM
    assert len(file) == found["buyers"] == file["user_id"].nunique()
    for band, column, score in (
        ("recency_days", "recency_days", "recency_score"),
        ("orders", "orders", "orders_score"),
        ("net_value", "net_value", "money_score"),
    ):
        by = file.groupby(score)[column].agg(["min", "max", "size"])
        said = {b["score"]: (b["lowest"], b["highest"], b["users"]) for b in found["scores"][band]}
        assert said == {int(n): tuple(row) for n, row in zip(by.index, by.to_numpy().tolist(), strict=True)}


def test_abc_and_every_user(ask: Ask) -> None:
    found = ask("segments", "--abc", "--cuts", "0.7,0.9")
    file = found["file"].sort_values("value", ascending=False)
    positive = file["value"].where(file["value"] > 0, 0)
    above = positive.groupby(file["value"]).transform("sum")
    above = positive.cumsum().groupby(file["value"]).transform("max") - above  # of those strictly above
    wanted = above.lt(0.7 * positive.sum()).map({True: "A", False: "B"})
    wanted = wanted.where(above.lt(0.9 * positive.sum()) & file["value"].gt(0), "C")
    assert (file["class"] == wanted).all()
    assert file["class"].value_counts().to_dict() == {one["name"]: one["users"] for one in found["classes"]}
    assert positive.sum() == pytest.approx(found["total"])


def test_loyalty_and_every_buyer(ask: Ask) -> None:
    found = ask("segments", "--loyalty")
    file, limits = found["file"], {t["name"]: t["value"] for t in found["thresholds"]}
    assert file["stage"].value_counts().to_dict() == {s["name"]: s["users"] for s in found["stages"]}
    assert (file["stage"].eq("lost") == file["recency_days"].gt(limits["lost_after"])).all()
    assert (file[file["stage"] == "loyal"]["orders"] >= limits["loyal_orders"]).all()
    assert (file[file["stage"] == "new"]["customer_days"] <= limits["new_within"]).all()
    own = ask("segments", "--loyalty", "--lost-after", "100", "--slipping-after", "50")
    assert own["file"]["stage"].eq("lost").sum() == file["recency_days"].gt(100).sum()


def test_movement_of_rfm(ask: Ask) -> None:
    """Each moment by its own cuts is what --rfm says as of each moment; with those of the end, the end is the same."""
    then = ask("segments", "--rfm", "--as-of", START)["file"].set_index("user_id")["segment"]
    now = ask("segments", "--rfm")["file"].set_index("user_id")["segment"]
    found: dict[str, Any] = {}
    for thresholds in ("each", "end"):
        found = ask("movement", "--by", "rfm", "--from", START, "--thresholds", thresholds)
        file = found["file"].fillna("none").set_index("user_id")
        counted = file.value_counts().to_dict()
        said = {(b["was"] or "none", b["now"] or "none"): b["users"] for b in found["bands"]}
        assert counted == said
        assert found["users"] == len(file) == 4372
        assert file["now"].drop(file.index.difference(now.index)).sort_index().equals(now.sort_index().rename("now"))
        assert file["was"][file["was"] != "not yet seen"].count() == 3404
        if thresholds == "each":
            assert (file["was"][then.index] == then).all()
    text = (found["parts"], found["from"], found["thresholds"])
    assert text == (list(RFM), "2011-09-09T00:00:00", "end")


def test_overlap_of_saved_segments(ask: Ask, tmp_path: Path) -> None:
    often = ask(
        "segments", "--rule", rule(tmp_path, {"did": "purchase", "compare": {"at_least": 5}}), "--save", "Often"
    )
    lately = ask("segments", "--rule", rule(tmp_path, {"did": "purchase", "window": {"days": 30}}), "--save", "Lately")
    a, b = (set(found["file"]["user_id"]) for found in (often, lately))
    found = ask("overlap", "Often", "Lately")
    assert {tuple(one["segments"]): one["users"] for one in found["intersections"]} == {
        ("Often",): len(a - b), ("Lately",): len(b - a), ("Often", "Lately"): len(a & b), (): 4372 - len(a | b),
    }  # fmt: skip
    file = found["file"].set_index("user_id")
    assert (set(file.index[file["Often"] == 1]), set(file.index[file["Lately"] == 1])) == (a, b)
    assert set(file.index) == a | b
    pair = next(p for p in found["pairs"] if p["first"] == "Often")
    assert pair["lift"] == pytest.approx(len(a & b) * 4372 / len(a) / len(b))
