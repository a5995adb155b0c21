"""target: from the sample to the files, on the command line; keys, gates, files and refusals."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.campaigns import STAGES
from core.evaluate import AudienceSpec, audience
from core.experiments import get_saved
from core.recommend import spec
from core.segments import Prop, Segment, Test, save_segment
from core.store import Query, Store, contacts_query
from tests.prepared import copied, new_store

Run = Callable[..., tuple[int, dict[str, Any]]]
ITEM = "LL-0633"
BUYERS = 3


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, sample_workspace: Path) -> Path:
    """A workspace of the sample with one segment, made once."""
    path = copied(sample_workspace, tmp_path_factory.mktemp("target"))
    with new_store(path) as store:
        save_segment(store, Segment("Gold", Prop("loyalty_tier", Test("is", ("gold",)))))
    return path


@pytest.fixture
def workspace(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(prepared, tmp_path / "sample.duckdb"))


@pytest.fixture
def run(workspace: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command as the shell calls it: exit code and the JSON it printed."""

    def call(*words: str) -> tuple[int, dict[str, Any]]:
        code = main(["target", "--workspace", str(workspace), "--json", *words])
        return code, json.loads(capsys.readouterr().out)

    return call


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def reconcile(found: dict[str, Any]) -> None:
    """The waterfall adds up, and ends in the rows of the file."""
    stages = found["stages"]
    assert [s["stage"] for s in stages] == list(STAGES)
    for before, after in pairwise(stages):
        assert before["out"] == after["in"] >= after["out"]
    assert stages[-1]["out"] == found["rows"]
    assert stages[-1]["in"] - stages[-1]["out"] == found["control_rows"]


def test_a_list_for_an_item(run: Run, workspace: Path, tmp_path: Path) -> None:
    with Store(workspace) as store:
        reached = Query("SELECT * FROM users LEFT JOIN (") + contacts_query(["email", "phone"]) + ") USING (user_no)"
        users = {str(r["user_id"]): r for r in store.rows(reached)}
        buyers = {str(r["user_id"]) for r in store.rows(Query(
            "SELECT user_id FROM events JOIN users USING (user_no) JOIN items USING (item_no) WHERE item_id = ? "
            "GROUP BY user_id HAVING sum(CASE event WHEN 'purchase' THEN quantity WHEN 'return' THEN quantity END) > 0",
            (ITEM,)))}  # fmt: skip
    suppress = tmp_path / "stop.csv"
    suppress.write_text("user_id\n" + "\n".join(sorted(users)[::5]))
    out, control, told = tmp_path / "list.csv", tmp_path / "control.csv", tmp_path / "list.json"
    words = ["--model", "item-knn", "--item", ITEM, "--size", "300", "--holdout", "0.1", "--channel", "email"]
    words += ["--suppress", str(suppress), "--out", str(out), "--control", str(control), "--manifest", str(told)]
    code, found = run(*words, "--save", "Pencils", "--days", "14")
    assert code == 0
    reconcile(found)
    assert found["rows"] == 300
    assert buyers
    sent, held = cells(out), cells(control)
    assert list(sent[0]) == ["user_id", "rank", "item", "item_title", "why", "email", "phone"]
    assert list(held[0]) == ["user_id", "rank", "item", "item_title"]
    assert (len(sent), len(held)) == (300, found["control_rows"])
    assert not {r["user_id"] for r in sent} & {r["user_id"] for r in held}
    ranks = sorted(int(r["rank"]) for r in sent + held)
    assert ranks == list(range(1, len(ranks) + 1)), "both arms share one ranking"
    for row in sent:
        user = users[row["user_id"]]
        assert user["consent_email"]
        assert row["email"] == (user["c0"] or "")
        assert row["phone"] == ((user["c1"] or "") if user["consent_sms"] else "")
        assert row["item"] == ITEM
        assert row["why"].endswith(".")
    chosen = {r["user_id"] for r in sent + held}
    assert not chosen & set(sorted(users)[::5])
    assert not chosen & buyers
    everybody = "\n".join(r["why"] for r in sent)
    assert not set(re.findall(r"\d{6}", everybody)) & set(users)
    for name, path in (("contacted", out), ("control", control), ("manifest", told)):
        assert found["files"][name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert found["files"][name]["bytes"] == path.stat().st_size
    manifest = json.loads(told.read_text())
    assert found["manifest_sha256"] == found["files"]["manifest"]["sha256"]
    assert manifest["files"]["contacted"]["sha256"] == found["files"]["contacted"]["sha256"]
    assert manifest["backtest"]["verdict"] == found["backtest"]["verdict"]
    with Store(workspace) as store:
        saved = get_saved(store, "Pencils")
        question = AudienceSpec((spec("item-knn"),), size=300, targets=(ITEM,))
        judged = audience(store, question)
    assert (saved.contacted, saved.control, saved.days) == (300, found["control_rows"], 14)
    assert saved.items == (ITEM,)
    assert saved.sent_at.isoformat() == found["as_of"]
    ways = {way["way"]: way for way in found["backtest"]["ways"]}
    assert set(ways) == {"item-knn", "heavy-buyers", "recent-category-buyers", "chance"}
    for way in judged.ways:
        assert ways[way.way]["taken"] == sum(each.taken for each in way.each)
        assert ways[way.way]["chosen"] == 300
        assert way.lift is not None
        assert ways[way.way]["lift"] == {"value": way.lift.value, "low": way.lift.low, "high": way.lift.high}
    bytes_before = [path.read_bytes() for path in (out, control, told)]
    assert run(*words)[1]["manifest_sha256"] == found["manifest_sha256"]
    assert [path.read_bytes() for path in (out, control, told)] == bytes_before
    code, refused = run(*words, "--save", "pencils")
    assert (code, refused["error"]["code"]) == (2, "list_exists")


def test_a_list_for_a_category(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "l.csv"
    words = ["--model", "item-knn", "--category", "Garden", "--from-segment", "Gold", "--channel", "email"]
    code, found = run(*words, "--share", "0.5", "--out", str(out), "--backtest", "no", "--bought", "days:90", "--excel")
    assert code == 0
    reconcile(found)
    assert found["backtest"] is None
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = cells(out)
    assert list(rows[0]) == ["user_id", "rank", "why", "email", "phone"]
    assert all(re.match(r".+: (Suggested|They|Nothing|Hardly)", row["why"]) for row in rows), "the item is named first"
    assert found["stages"][4]["out"] == -(-found["stages"][4]["in"] // 2)


def test_offers_for_a_segment_and_for_ids(run: Run, tmp_path: Path) -> None:
    out, ids = tmp_path / "l.csv", tmp_path / "ids.csv"
    words = ["--model", "item-knn", "--offer-k", "3", "--channel", "sms", "--out", str(out)]
    code, found = run("--segment", "Gold", *words, "--why", "no")
    assert code == 0
    reconcile(found)
    rows = cells(out)
    assert list(rows[0])[:8] == ["user_id", "rank", *(f"item_{n}{t}" for n in (1, 2, 3) for t in ("", "_title"))]
    assert "why" not in rows[0]
    ids.write_text("user_id\n" + "\n".join(row["user_id"] for row in rows[:20]) + "\nnobody\n")
    code, found = run("--ids", str(ids), *words)
    assert code == 0
    assert found["why"]
    assert found["stages"][0]["in"] == 21
    assert {row["user_id"] for row in cells(out)} == {row["user_id"] for row in rows[:20]}
    code, found = run("--segment", "Gold", "--out", str(out), "--channel", "sms")
    assert code == 0
    assert list(cells(out)[0]) == ["user_id", "rank", "email", "phone"], "no model, no offers"
    assert found["model"] is None


def test_words_for_people(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "l.csv")
    words = ["--model", "popular", "--item", ITEM, "--size", "50", "--holdout", "0.2", "--channel", "email"]
    assert main(["target", "--workspace", str(workspace), *words, "--out", out]) == 0
    said = capsys.readouterr().out
    assert said.startswith("50 users to contact, ")
    assert all(re.search(rf"^{name} +[\d,]+ +[\d,]+ +[\d,]+  \w", said, re.M) for name in STAGES)
    assert "Backtest: had the model chosen these 50 on 2026-" in said
    assert re.search(r"^contacted +\S+l\.csv \(50 rows, [\d,]+ bytes, sha256 [0-9a-f]{12}", said, re.M)
    assert "held out as the control group, and nothing keeps them" in said


def test_no_consent_column_is_said_aloud(run: Run, workspace: Path) -> None:
    with Store(workspace) as store, store.atomic() as w:
        w.run("UPDATE columns SET role = 'attribute' WHERE role = 'consent'")
    words = ["--model", "popular", "--item", ITEM, "--size", "20", "--backtest", "no"]
    code, found = run(*words)
    assert (code, found["rows"]) == (0, 20)
    assert any(note.startswith("Warning: consent is assumed") for note in found["notes"])
    assert not any("Warning" in note for note in run(*words, "--assume-consent", "yes")[1]["notes"])
    assert run(*words, "--assume-consent", "no")[1]["rows"] == 0


def test_a_size_for_expected_buyers(run: Run) -> None:
    code, found = run("--model", "item-knn", "--item", ITEM, "--buyers", str(BUYERS))
    assert code == 0
    assert any(note.startswith(f"The size follows from {BUYERS} expected buyers") for note in found["notes"])
    model = next(way for way in found["backtest"]["ways"] if way["model"])
    assert found["rows"] == model["chosen"], "the gates let enough through here"
    assert model["taken"] == BUYERS, "the backtest of that size counts so many"
    code, found = run("--model", "item-knn", "--item", ITEM, "--buyers", "5000")
    assert (code, found["error"]["code"]) == (2, "too_many_buyers")


def test_a_backtest_that_cannot_be_is_a_note(run: Run) -> None:
    code, found = run("--model", "popular", "--item", ITEM, "--size", "5")
    assert (code, found["backtest"]) == (0, None)
    assert any(note.startswith("No backtest: An audience of 5 users") for note in found["notes"])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], "bad_campaign"),
        (["--item", ITEM], "bad_campaign"),
        (["--item", ITEM, "--category", "Garden", "--model", "popular"], "bad_campaign"),
        (["--segment", "Gold", "--ids", "x.csv"], "bad_campaign"),
        (["--segment", "Gold", "--offer-k", "2"], "bad_campaign"),
        (["--segment", "Gold", "--buyers", "2"], "bad_campaign"),
        (["--item", ITEM, "--model", "popular", "--buyers", "2", "--size", "20"], "bad_campaign"),
        (["--segment", "Nobody"], "no_such_segment"),
        (["--segment", "Gold", "--from-segment", "Gold"], "option_not_used"),
        (["--segment", "Gold", "--days", "3"], "option_not_used"),
        (["--item", ITEM, "--model", "magic"], "unknown_model"),
        (["--item", "no such", "--model", "popular"], "unknown_item"),
        (["--item", ITEM, "--model", "popular", "--bought", "days:many"], "bad_campaign"),
        (["--item", ITEM, "--model", "popular", "--holdout", "0.9"], "bad_campaign"),
        (["--item", ITEM, "--model", "popular", "--channel", "pigeon"], "unknown_channel"),
        (["--item", ITEM, "--model", "popular", "--suppress", "nowhere.csv"], "no_such_file"),
        (["--segment", "Gold", "--out", "/nowhere/l.csv"], "cannot_write"),
        (["--segment", "Gold", "--out", "same.csv", "--control", "./same.csv"], "cannot_write"),
    ],
)
def test_refusals(run: Run, words: list[str], code: str) -> None:
    exit_code, found = run(*words)
    assert (exit_code, found["error"]["code"]) == (2, code)


def test_the_workspace_is_never_overwritten(run: Run, workspace: Path) -> None:
    before = workspace.read_bytes()
    code, found = run("--segment", "Gold", "--out", str(workspace))
    assert (code, found["error"]["code"]) == (2, "cannot_write")
    assert workspace.read_bytes() == before
