"""`python -m core load` and `undo`: one object on stdout, progress on stderr, exit codes; all files or none."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.commands.load_arguments import parse_map
from core.errors import Refusal
from core.ingest import Override
from core.store import Query, Store, close_workspace, open_workspace
from core.store.digest import content_digest
from core.takeout import export_all
from tests.prepared import new_store

EVENTS = (
    "order,sku,qty,when,each,client,shop\n"
    "1,A,2,1/2/2024 10:00,2.50,007,N\n"
    "1,B,1,1/2/2024 10:00,1.00,007,N\n"
    "1,B,1,1/2/2024 10:00,1.00,007,N\n"
    "2,A,-1,1/31/2024 11:00,2.50,007,S\n"
    "3,C,x,1/31/2024 12:00,9.00,8,S\n"
    "4,C,1,1/31/2024 12:00,9.00,,S\n"
)
ITEMS = "sku,name,category,colour\nA,Lamp,Light,red\nZ,Zed,Other,blue\n"
USERS = "client,mail,ok_email\n007,a@example.com,yes\n9,b@example.com,\n"
MAP = "user=client,item=sku,time=when,order=order,quantity=qty,price=each"
COUNTS = {
    "rows_read": 6, "rows_loaded": 5, "rows_rejected": 1, "rows_duplicate": 0, "rows_repeated": 1, "rows_anonymous": 1,
    "users": 1, "items": 3,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("events.csv", EVENTS), ("items.csv", ITEMS), ("users.csv", USERS)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], folder: Path, command: str, *words: object) -> tuple[int, dict[str, Any]]:
    code = main([command, "--workspace", str(folder / "w.duckdb"), "--json", *map(str, words)])
    out = capsys.readouterr().out
    return code, json.loads(out)


def look(folder: Path, sql: str) -> list[tuple[object, ...]]:
    store: Store = open_workspace(str(folder / "w.duckdb"))
    try:
        return [tuple(row.values()) for row in store.rows(Query(sql))]
    finally:
        close_workspace(store)


def test_events(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = run(capsys, folder, "load", "--events", folder / "events.csv", "--map", MAP)
    assert code == 0
    assert {key: result[key] for key in COUNTS} == COUNTS
    assert result["events"] == {"purchase": 4, "return": 1}
    assert result["reasons"] == {"bad_number": 1}
    assert [b["batch_no"] for b in result["batches"]] == [1]
    roles = {c["column"]: c["role"] for c in result["mapping"]["columns"]}
    assert roles == {
        "order": "order", "sku": "item", "qty": "quantity", "when": "time", "each": "price", "client": "user",
        "shop": "context",
    }  # fmt: skip
    assert [e["column"] for e in result["evidence"]] == ["order", "sku", "qty", "when", "each", "client", "shop"]
    rows = "SELECT order_id, quantity, value::DOUBLE, shop, strftime(at_utc, '%d.%m.') FROM events ORDER BY ALL"
    assert look(folder, rows) == [
        ("1", 1.0, 1.0, "N", "02.01."),
        ("1", 1.0, 1.0, "N", "02.01."),
        ("1", 2.0, 5.0, "N", "02.01."),
        ("2", -1.0, -2.5, "S", "31.01."),
        ("4", 1.0, 9.0, "S", "31.01."),
    ]


def test_progress_goes_to_stderr_and_people_get_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--events", str(folder / "events.csv"), "--map", MAP, "--rejects", str(folder / "bad.csv")]
    assert main(["load", "--workspace", str(folder / "w.duckdb"), *words]) == 0
    out, err = capsys.readouterr()
    assert "rows read      6  counted from the bytes" in out
    assert "rows loaded    5  of which 1 repeated, 1 without user" in out
    assert "rows rejected  1  bad_number 1" in out
    assert "Counting the rows of events.csv" in err
    assert "100%" in err
    with (folder / "bad.csv").open(newline="", encoding="utf-8") as file:
        assert [row[:4] for row in csv.reader(file)][1:] == [["events.csv", "6", "qty", "bad_number"]]


def test_events_items_and_users_are_one_transaction(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--events", folder / "events.csv", "--items", folder / "items.csv", "--users", folder / "users.csv"]
    code, result = run(capsys, folder, "load", *files, "--map", f"{MAP},consent:email=ok_email,contact=mail")
    assert code == 0
    assert {key: result[key] for key in COUNTS} == COUNTS
    assert [(b["batch_no"], b["kind"], b["rows_loaded"]) for b in result["batches"]] == [
        (1, "events", 5),
        (2, "items", 2),
        (3, "users", 2),
    ]
    assert look(folder, "SELECT item_id, title, category, colour FROM items ORDER BY 1") == [
        ("A", "Lamp", "Light", "red"),
        ("B", None, None, None),
        ("C", None, None, None),
        ("Z", "Zed", "Other", "blue"),
    ]
    reached = "SELECT user_id, value, consent_email FROM users JOIN contact_facts USING (user_no) ORDER BY 1"
    assert look(folder, reached) == [("007", "a@example.com", True), ("9", "b@example.com", None)]
    (folder / "more.csv").write_text("client,mail,ok_email\n8,c@example.com,perhaps\n", encoding="utf-8")
    (folder / "next.csv").write_text(EVENTS.replace("007", "10"), encoding="utf-8")
    words = ["--events", folder / "next.csv", "--users", folder / "more.csv"]
    code, result = run(capsys, folder, "load", *words, "--map", f"{MAP},consent:email=ok_email,contact=mail")
    assert (code, result["error"]["code"]) == (2, "all_rejected")
    assert look(folder, "SELECT count(*), max(batch_no) FROM batches") == [(3, 3)]


def test_only_items_speak_of_items(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, result = run(capsys, folder, "load", "--items", folder / "items.csv")
    assert (result["rows_read"], result["rows_loaded"], result["items"], result["users"]) == (2, 2, 2, 0)
    assert result["events"] == {}


def test_several_events_files_of_two_shapes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header, first, *rest = EVENTS.splitlines(keepends=True)
    (folder / "a.csv").write_text(header + first, encoding="utf-8")
    (folder / "b.csv").write_text(header + "".join(rest), encoding="utf-8")
    (folder / "c.csv").write_text("client,sku,stars\n007,A,5\n11,B,4\n", encoding="utf-8")
    files = [folder / "a.csv", folder / "b.csv", folder / "c.csv"]
    code, result = run(capsys, folder, "load", "--events", *files, "--map", f"{MAP},rating=stars")
    assert code == 0
    assert [(b["files"], b["rows_read"]) for b in result["batches"]] == [(["a.csv", "b.csv"], 6), (["c.csv"], 2)]
    assert (result["rows_read"], result["rows_rejected"], result["users"], result["items"]) == (8, 1, 2, 3)
    assert result["events"] == {"purchase": 4, "rating": 2, "return": 1}


def test_returns_event_repeats_and_time_format(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--events", folder / "events.csv", "--map", MAP, "--returns", "none", "--repeats", "drop"]
    code, result = run(capsys, folder, "load", *words, "--time-format", "%m/%d/%Y %H:%M", "--event", "Bought")
    assert code == 0
    assert (result["rows_loaded"], result["rows_duplicate"], result["rows_repeated"]) == (4, 1, 0)
    assert result["events"] == {"purchase": 4}
    words[-3] = "pattern:^[12]$"
    code, result = run(capsys, folder, "load", *words, "--again")
    assert (code, result["events"]) == (0, {"return": 3, "purchase": 1})


def test_loading_again_needs_to_be_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--events", folder / "events.csv", "--map", MAP]
    assert run(capsys, folder, "load", *words)[0] == 0
    code, result = run(capsys, folder, "load", *words)
    assert (code, result["error"]["code"]) == (2, "already_loaded")
    assert run(capsys, folder, "load", *words, "--again")[0] == 0
    assert look(folder, "SELECT count(*) FROM events") == [(10,)]


@pytest.mark.parametrize(
    "words, code, says",
    [
        (["--map", "user=Kunde"], "no_such_column", "There are: events.csv: order, sku, qty"),
        (["--map", "kunde=client"], "no_such_role", "Roles are: user, item"),
        (["--map", "attribute=client"], "role_not_for_kind", "Its roles are: user, item"),
        (["--map", "client"], "bad_map", "user=CustomerID"),
        (["--map", "user=client,user=sku"], "role_twice", "sku, client"),
        (["--map", "user=client,item=client"], "column_twice", "client"),
        (["--time-format", "%Q"], "bad_time_format", "%Q"),
        (["--returns", "often"], "bad_returns", "negative, none"),
    ],
)
def test_refusals(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: str, says: str) -> None:
    exit_code, result = run(capsys, folder, "load", "--events", folder / "events.csv", *words)
    assert (exit_code, result["error"]["code"]) == (2, code)
    assert says in f"{result['error']['message']} {result['error']['hint']}"
    assert not (folder / "w.duckdb").exists()


def test_a_file_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = run(capsys, folder, "load", "--events", folder / "nothing.csv")
    assert (code, result["error"]["code"]) == (2, "no_such_file")
    code, result = run(capsys, folder, "load")
    assert (code, result["error"]["code"]) == (2, "no_file")
    assert list(folder.glob("w.*")) == []


def test_a_refused_load_leaves_a_workspace_as_it_was(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, folder, "load", "--events", folder / "events.csv", "--map", MAP)
    before = look(folder, "SELECT * FROM events ORDER BY ALL")
    code, _ = run(capsys, folder, "load", "--items", folder / "items.csv", "--map", "item=nothing")
    assert code == 2
    assert look(folder, "SELECT * FROM events ORDER BY ALL") == before


def test_undo(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, folder, "load", "--events", folder / "events.csv", "--items", folder / "items.csv", "--map", MAP)
    code, result = run(capsys, folder, "undo", "--batch", "last")
    nothing_back = {"back": [], "rows_back": 0, "rows_hidden": 0}
    gone = {"batch": 2, "events": 0, "users": 0, "items": 1, "files": ["items.csv"]}
    assert (code, result) == (0, gone | nothing_back)
    code, result = run(capsys, folder, "undo", "--batch", "1")
    assert (code, result["events"], result["users"], result["items"]) == (0, 5, 1, 3)
    wrong = {"last": "no_such_batch", "1": "already_undone", "7": "no_such_batch", "-1": "bad_batch"}
    for batch, wanted in wrong.items():
        code, result = run(capsys, folder, "undo", f"--batch={batch}")
        assert (code, result["error"]["code"]) == (2, wanted)
    for name in ("users", "items", "events"):
        assert look(folder, f"SELECT count(*) FROM {name}") == [(0,)]


def test_replacing_and_what_comes_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = ["--events", folder / "events.csv", "--users", folder / "users.csv", "--map", f"{MAP},contact=mail"]
    run(capsys, folder, "load", *both, "--append")
    (folder / "stars.csv").write_text("client,sku,stars\n007,A,5\n11,B,4\n", encoding="utf-8")
    files = ["--events", folder / "events.csv", folder / "stars.csv", "--users", folder / "users.csv"]
    code, result = run(capsys, folder, "load", *files, "--map", f"{MAP},contact=mail,rating=stars", "--replace")
    assert (code, result["mode"], result["replaced"], result["changes"]) == (0, "replace", [1, 2], {})
    told = [(b["batch_no"], b["mode"], b["replaced"]) for b in result["batches"]]
    assert told == [(3, "replace", [1]), (4, "append", []), (5, "replace", [2])], "files of one call stand together"
    assert result["batches"][2]["changes"]["new"] == 0
    assert look(folder, "SELECT batch_no, count(*) FROM events GROUP BY 1 ORDER BY 1") == [(3, 5), (4, 2)]
    assert main(["info", "--workspace", str(folder / "w.duckdb")]) == 0
    assert "5 of 6 rows, replaced by batch 3" in capsys.readouterr().out
    assert main(["undo", "--workspace", str(folder / "w.duckdb"), "--batch", "3"]) == 0
    assert "What it replaced counts again: batch 1." in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["load", "--workspace", "w", "--append", "--replace"])
    assert "not allowed with" in capsys.readouterr().err


def test_overlap_by_row_and_by_key(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--events", folder / "events.csv", "--map", MAP]
    run(capsys, folder, "load", *words)
    (folder / "next.csv").write_text(EVENTS + "9,Z,1,2/1/2024 10:00,1.00,007,N\n", encoding="utf-8")
    words[1] = folder / "next.csv"
    code, result = run(capsys, folder, "load", *words, "--overlap", "drop")
    found = [result[f"rows_{name}"] for name in ("read", "loaded", "rejected", "duplicate", "overlap")]
    assert (code, found) == (0, [7, 1, 1, 5, 5])
    assert result["batches"][0]["rows_overlap"] == 5
    (folder / "more.csv").write_text(EVENTS.replace("1.00", "1.05") + "8,B,1,1/2/2024 10:00,1.00,7,N\n", "utf-8")
    words[1] = folder / "more.csv"
    assert main(["load", "--workspace", str(folder / "w.duckdb"), *map(str, words), "--key", "ORDER,sku"]) == 0
    out = capsys.readouterr().out
    assert "rows left out  5  5 there already" in out
    assert "(an earlier load has the same order, sku)" in out
    for more, wanted in (
        (["--key", "each"], "key_not_kept"),
        (["--key", "nothing"], "no_such_column"),
        (["--key", "order", "--overlap", "keep"], "key_without_drop"),
        (["--key", ","], "bad_key"),
    ):
        code, result = run(capsys, folder, "load", *words, "--again", *more)
        assert (code, result["error"]["code"]) == (2, wanted)


def test_the_sample_shop_against_its_written_truth(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = json.loads((sample / "truth.json").read_text("utf-8"))
    files = ["--events", sample / "events.csv.gz", "--items", sample / "items.csv", "--users", sample / "users.csv"]
    code, result = run(capsys, tmp_path, "load", *files)
    said = truth["load"]
    assert code == 0
    assert (result["rows_read"], result["rows_rejected"]) == (said["rows_read"], said["rows_rejected"])
    assert result["rows_loaded"] == said["rows_loaded_keeping_repeats"]
    for key in ("rows_repeated", "rows_anonymous", "users", "items"):
        assert result[key] == said[key]
    assert result["events"] == said["events_with_returns_negative"]
    dirt = truth["dirt"]["events.csv.gz"]
    kinds = {
        "event_time": "unparseable_time", "event_type": "missing_event_type", "quantity": "bad_quantity",
        "unit_price": "bad_price", "rating": "bad_rating",
    }  # fmt: skip
    for column, kind in kinds.items():
        lines = look(tmp_path, f"SELECT line FROM rejects WHERE column_name = '{column}' ORDER BY line")
        assert [line for (line,) in lines] == sorted(dirt[kind]["lines"])


def test_parse_map() -> None:
    assert parse_map("user=A,count:click=B") == [Override("A", "user"), Override("B", "count", "click")]
    assert parse_map('"item=Code, short",time=a=b') == [Override("Code, short", "item"), Override("a=b", "time")]
    with pytest.raises(Refusal, match="is not ROLE=COLUMN"):
        parse_map("user=")


def test_a_mapping_that_an_export_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What goes out of one workspace with its mapping comes into another as it was."""
    rows = "who,what,seen,store\n007,lamp,05.03.2026 10:00,001\n008,bulb,13.03.2026 11:00,002\n"
    (tmp_path / "shop.csv").write_text(rows)
    first = ["load", "--workspace", str(tmp_path / "a.duckdb"), "--events", str(tmp_path / "shop.csv")]
    assert main([*first, "--map", "user=who,item=what,time=seen", "--event", "view"]) == 0
    with new_store(tmp_path / "a.duckdb") as store:
        export_all(store, tmp_path / "out", raw=True)
        digest = content_digest(store)
    again = ["load", "--workspace", str(tmp_path / "b.duckdb"), "--events", str(tmp_path / "out" / "events.csv")]
    assert main([*again, "--mapping", str(tmp_path / "out" / "events.mapping.json"), "--json"]) == 0
    with new_store(tmp_path / "b.duckdb") as store:
        assert content_digest(store) == digest
    capsys.readouterr()
    sound = {"kind": "events", "columns": [{"column": "user_id", "role": "user"}], "event": "view"}
    for odd in (
        {"columns": [{"column": "a", "role": "king"}]}, {"columns": [{"column": 1, "role": "user"}]}, {"returns": 5},
        {"events": [1]}, {"zone": 7}, {"key": 5}, {"repeats": "often"}, {"columns": "abc"}, {"more": 1},
    ):  # fmt: skip
        (tmp_path / "odd.json").write_text(json.dumps(sound | odd))
        assert main([*again, "--mapping", str(tmp_path / "odd.json"), "--json"]) == 2, odd
        assert json.loads(capsys.readouterr().out)["error"]["code"] == "bad_mapping", odd
    assert main([*again, "--mapping", str(tmp_path / "none.json"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "no_such_file"
