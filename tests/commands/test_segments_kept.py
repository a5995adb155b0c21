"""Groups, frozen segments, reasons, clusters and look-alikes on the command line; what is refused; what is imported."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.__main__ import main
from core.store import Store
from tests.segments.people import BUYERS, PEOPLE
from tests.segments.world import World, event, prepare, put

Run = Callable[..., tuple[int, dict[str, Any]]]


def _alike() -> World:
    """Users of two tastes, and one whose id a spreadsheet would run."""
    rng = np.random.default_rng(5)
    events = []
    for n in range(120):
        user = "=1+1" if n == 0 else f"u{n:03}"
        own = "a" if n < 50 else "b"
        for turn in range(int(rng.integers(12, 18))):
            item = f"{own}{rng.integers(8)}" if rng.random() < 0.8 else f"z{rng.integers(8)}"
            day = int(rng.integers(1, 28))
            events.append(
                event(user, "purchase", f"2026-03-{day:02}T10:00", item=item, order_id=f"{n}-{turn}", value=5)
            )
    return World({}, {}, tuple(events))


def runner(path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(command: str, *words: str) -> tuple[int, dict[str, Any]]:
        code = main([command, "--workspace", str(path), "--json", *words])
        return code, json.loads(capsys.readouterr().out)

    return call


def world(path: Path, of: World) -> Path:
    with Store(path) as store:
        prepare(store)
        put(store, of)
    return path


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(world(tmp_path / "shop.duckdb", PEOPLE), capsys)


def file(folder: Path, content: object) -> str:
    path = folder / "rule.json"
    path.write_text(json.dumps(content), "utf-8")
    return str(path)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as written:
        return list(csv.DictReader(written))


def test_why_and_without(run: Run, tmp_path: Path) -> None:
    rule = {"all": [{"did": "purchase"}, {"did": "view"}]}
    _, found = run("segments", "--rule", file(tmp_path, rule), "--as-of", "2024-03-31", "--why", "5")
    assert found["users"] == len(found["sample"]) == 2, "ann and cat bought and looked"
    by = {one["path"]: (one["users"], one["without"]) for one in found["conditions"]}
    assert by["all[0]"] == (len(BUYERS), 3), "without it: ann, cat, dan looked"
    assert by["all[1]"] == (3, len(BUYERS))
    ann = next(one for one in found["sample"] if one["user_id"] == "ann")
    assert ann["orders"] == 2
    assert [(r["path"], r["holds"]) for r in ann["reasons"]] == [("all[0]", True), ("all[1]", True)]


def test_frozen_segments_and_groups(run: Run, tmp_path: Path) -> None:
    assert run("segments", "--rule", file(tmp_path, {"did": "purchase"}), "--save", "Buyers")[0] == 0
    assert run("segments", "--freeze", "buyers")[1]["users"] == 5
    _, listed = run("segments", "--list")
    assert [(s["frozen"], s["users"], s["made_from"]) for s in listed["segments"]] == [(True, 5, {"did": "purchase"})]
    (tmp_path / "ids.csv").write_text("user_id\nann\nann\nzoe\n\n007\n", "utf-8")
    _, report = run("segments", "--from-list", str(tmp_path / "ids.csv"), "--save", "Guests")
    assert {k: report[k] for k in ("lines", "known", "unknown", "repeated", "blank", "unknown_ids")} == {
        "lines": 5, "known": 2, "unknown": 1, "repeated": 1, "blank": 1, "unknown_ids": ["zoe"],
    }  # fmt: skip
    assert (
        run("segments", "--from-list", str(tmp_path / "ids.csv"), "--save", "guests")[1]["error"]["code"]
        == "group_exists"
    )
    assert run("segments", "--rename-group", "guests", "Invited")[1] == {"renamed_group": "guests", "name": "Invited"}
    _, kept = run("segments", "--groups")
    assert [(g["name"], g["kind"], g["users"]) for g in kept["groups"]] == [
        ("Buyers", "frozen", 5),
        ("Invited", "list", 3),
    ]
    assert run("info")[1]["groups"] == {"frozen": 1, "list": 1}
    assert run("segments", "--rule", file(tmp_path, {"group": "Invited"}))[1]["users"] == 2
    assert run("segments", "--thaw", "Buyers")[1] == {"thawed": "Buyers", "users": 5}
    assert run("segments", "--delete-group", "invited") == (0, {"deleted_group": "invited"})
    assert run("segments", "--groups")[1] == {"groups": []}


def test_profile_and_size(run: Run, tmp_path: Path) -> None:
    run("segments", "--rule", file(tmp_path, {"did": "purchase"}), "--save", "Buyers")
    run("segments", "--rule", file(tmp_path, {"did": "view"}), "--save", "Lookers")
    _, found = run("segments", "--profile", "Buyers", "lookers", "--as-of", "2024-03-31")
    assert found["everyone"]["users"] == 6
    assert [(s["name"], s["users"], s["buyers"]) for s in found["segments"]] == [("Buyers", 4, 4), ("Lookers", 3, 2)]
    _, found = run("segments", "--size", "Buyers", "--every", "months", "--points", "3", "--as-of", "2024-03-31")
    assert [(p["as_of"][:10], p["users"]) for p in found["points"]] == [
        ("2024-02-01", 1),
        ("2024-03-01", 1),
        ("2024-03-31", 4),
    ]


def test_clusters_and_lookalikes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = runner(world(tmp_path / "alike.duckdb", _alike()), capsys)
    out = tmp_path / "k.csv"
    code, found = run("segments", "--cluster", "kmeans", "--k", "2", "--out", str(out), "--save", "Tastes")
    assert code == 0
    assert [one["users"] for one in found["clusters"]] == [70, 50]
    assert not any(key.startswith("map_") for key in found)
    rows = read(out)
    assert {row["user_id"] for row in rows if row["cluster"] == "1"} == {"'=1+1", *(f"u{n:03}" for n in range(1, 50))}
    assert {row["name"] for row in rows} == {one["name"] for one in found["clusters"]}
    assert run("segments", "--rule", file(tmp_path, {"group": "Tastes", "parts": [1]}))[1]["users"] == 50
    assert run("segments", "--cluster", "kmeans", "--save", "tastes")[1]["error"]["code"] == "group_exists"
    half = {"all": [{"group": "Tastes", "parts": [1]}, {"sample": 0.6}]}
    members = run("segments", "--rule", file(tmp_path, half), "--save", "Half")[1]["users"]
    out = tmp_path / "l.csv"
    _, found = run(
        "segments", "--lookalike", "half", "--size-of", "7", "--way", "taste", "--out", str(out), "--save", "Like"
    )
    assert (found["seed_users"], found["candidates"], found["rows"]) == (members, 120 - members, 7)
    rows = read(out)
    assert [int(row["rank"]) for row in rows] == list(range(1, 8))
    close = [float(row["closeness"]) for row in rows]
    assert close == sorted(close, reverse=True)
    assert all(row["user_id"] < "u050" for row in rows), "of the seed's own taste"
    assert {c["way"] for c in found["checks"]} == {"taste", "active"}
    _, moved = run("movement", "--by", "group", "Tastes", "--from", "2026-03-20", "--out", str(tmp_path / "m.csv"))
    assert sum(band["users"] for band in moved["bands"]) == 120
    assert "'=1+1" in {row["user_id"] for row in read(tmp_path / "m.csv")}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("segments", "--rfm", "--k", "3"), "option_not_used"),
        (("segments", "--list", "--out", "x.csv"), "option_not_used"),
        (("segments", "--loyalty", "--cuts", "0.8,0.95"), "option_not_used"),
        (("segments", "--cluster", "hdbscan", "--k", "0"), "option_not_used"),
        (("segments", "--lookalike", "x", "--replace"), "option_not_used"),
        (("segments", "--from-list", "x.txt"), "no_name"),
        (("segments", "--rfm", "--cuts", "days=1,2,3,4"), "bad_cuts"),
        (("segments", "--rfm", "--cuts", "recency=1,2,soon,4"), "bad_cuts"),
        (("segments", "--abc", "--cuts", "0.8"), "bad_cuts"),
        (("segments", "--abc", "--measure", "joy"), "bad_measure"),
        (("segments", "--rfm", "--scores", "4", "--cuts", "recency=1,2,3,4"), "bad_rule"),
        (("segments", "--rfm", "--out", "/no/such/folder/x.csv"), "cannot_write"),
        (("segments", "--segment", "x", "--why", "99"), "bad_number"),
        (("segments", "--delete-group", "x"), "no_such_group"),
        (("overlap", "x", "y"), "no_such_segment"),
        (("movement", "--by", "luck", "--from", "2024-01-01"), "bad_split"),
        (("movement", "--by", "group", "--from", "2024-01-01"), "bad_split"),
        (("movement", "--by", "rfm", "Champions", "--from", "2024-01-01"), "bad_split"),
        (("movement", "--by", "abc", "--thresholds", "each", "--from", "2024-01-01"), "option_not_used"),
        (("movement", "--by", "rfm", "--from", "2031-01-01"), "bad_period"),
    ],
)
def test_what_is_refused(run: Run, words: tuple[str, ...], code: str) -> None:
    exit_code, found = run(*words)
    assert (exit_code, found["error"]["code"]) == (2, code)
    assert code == "bad_rule" or found["error"]["hint"]


def test_scores_follow_the_cuts(run: Run) -> None:
    _, found = run("segments", "--rfm", "--cuts", "recency=10,30", "--monetary", "none")
    assert (found["settings"]["scores"], found["settings"]["recency"]) == (3, [10.0, 30.0])
    assert len(found["cells"]) == 9


def test_the_command_starts_without_scikit_learn() -> None:
    """They take more than a second to import, and only clusters and look-alikes need them."""
    said = (
        "import sys, core.commands.segments, core.commands.overlap, core.commands.movement; "
        "print([name for name in ('sklearn', 'scipy.stats') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout == "[]\n"
