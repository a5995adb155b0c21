"""Folders, patterns and archives: which files they give, and what is refused."""

from __future__ import annotations

import io
import json
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

from core.__main__ import main
from core.errors import Refusal
from core.ingest.expand import expand
from core.ingest.unpack import remove_parts, unpack

GOOD = "user_id,item_id\nu1,a\nu2,b\n"


def zipped(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def refusal(path: Path, spool: Path) -> Refusal:
    with pytest.raises(Refusal) as refused:
        unpack(path, spool=spool)
    assert list(spool.iterdir()) == [], "nothing is left behind"
    return refused.value


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    (tmp_path / "spool").mkdir()
    return tmp_path / "spool"


def test_a_folder_in_natural_order_each_file_once(tmp_path: Path) -> None:
    for name in (
        "d/day10.csv",
        "d/day9.csv",
        "d/deep/x.parquet",
        "d/.git/a.csv",
        "d/part-0001",
        "d/pic.png",
        "d/a.csv~",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    found = expand([str(tmp_path / "d"), str(tmp_path / "d/*.csv")])
    assert [str(p.relative_to(tmp_path / "d")) for p in found] == [
        "day9.csv",
        "day10.csv",
        "deep/x.parquet",
        "part-0001",
    ]
    assert expand([str(tmp_path / "d/pic.png")]) == [tmp_path / "d/pic.png"], "a file that is named is taken as it is"


@pytest.mark.parametrize(
    "word, code", [("none.csv", "no_such_file"), ("empty", "no_file_found"), ("*.csv", "no_file_found")]
)
def test_nothing_found(tmp_path: Path, word: str, code: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refusal) as refused:
        expand([str(tmp_path / word)])
    assert refused.value.code == code


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("core.ingest.expand"), "MOST_FILES", 2)
    for k in range(3):
        (tmp_path / f"{k}.csv").write_text("x")
    with pytest.raises(Refusal) as refused:
        expand([str(tmp_path)])
    assert refused.value.code == "too_many_files"


def test_the_files_of_an_archive_under_names_that_lead_nowhere(tmp_path: Path, spool: Path) -> None:
    path = zipped(
        tmp_path / "a.zip", {"../../day2.csv": GOOD, "/etc/day10.csv": GOOD, "a/.h.csv": "x", "notes.pdf": "x"}
    )
    parts = unpack(path, spool=spool)
    assert [p.name for p in parts] == ["a.zip/day2.csv", "a.zip/etc/day10.csv"]
    assert all(p.owned and p.path.parent == spool and p.path.read_text() == GOOD for p in parts)
    remove_parts(parts)
    assert list(spool.iterdir()) == []


def test_what_is_no_archive_gives_itself(tmp_path: Path, spool: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD)
    book = zipped(tmp_path / "b.xlsx", {"[Content_Types].xml": "x", "xl/workbook.xml": "x"})
    assert [(p.path, p.owned) for p in (*unpack(tmp_path / "a.csv", spool=spool), *unpack(book, spool=spool))] == [
        (tmp_path / "a.csv", False),
        (book, False),
    ]


def test_archives_that_are_refused(tmp_path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.csv", GOOD)
    nested = zipped(tmp_path / "nested.zip", {"good.csv": GOOD, "inner.zip": inner.getvalue()})
    assert refusal(nested, spool).code == "nested_zip"
    whole = zipped(tmp_path / "whole.zip", {"a.csv": GOOD * 5000}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    assert refusal(tmp_path / "cut.zip", spool).code == "damaged_zip"
    (tmp_path / "flipped.zip").write_bytes(whole[:60] + bytes(b ^ 0x55 for b in whole[60:90]) + whole[90:])
    assert refusal(tmp_path / "flipped.zip", spool).code == "damaged_zip"
    locked = bytearray(whole)
    locked[6] |= 1
    locked[whole.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(bytes(locked))
    assert refusal(tmp_path / "locked.zip", spool).code == "encrypted_zip"
    assert refusal(zipped(tmp_path / "none.zip", {"a.png": "x"}), spool).code == "no_file_found"
    monkeypatch.setattr(import_module("core.ingest.unpack"), "_FIRST_LOOK", 1 << 20)
    assert refusal(zipped(tmp_path / "bomb.zip", {"a.csv": b"\n" * (9 << 20)}), spool).code == "too_compressed"


def test_a_malformed_file_among_many_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for k in range(3):
        (tmp_path / f"day{k}.csv").write_text("user_id,item_id,n\n" + "".join(f"u{n},a,{n}\n" for n in range(20)))
    (tmp_path / "day1.csv").write_text("user_id,item_id,n\n" + 'u1,"a,1\n' + "u2,b,2\n" * 9)
    code = main(["load", "--workspace", str(tmp_path / "w.duckdb"), "--json", "--events", str(tmp_path / "day*.csv")])
    error = json.loads(capsys.readouterr().out)["error"]
    assert (code, error["code"]) == (2, "unterminated_quote")
    assert error["message"].startswith("day1.csv: Line 2:")
