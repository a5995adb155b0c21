"""An encrypted workspace: nothing plain in its bytes, everything works, and keys that are missing or wrong are told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import Refusal
from core.ingest import ColumnMap, Mapping, load, open_source, propose, undo
from core.store import Query, Store, rewrite_workspace
from core.store.encryption import is_encrypted

KEY = "a key of sixteen characters or more, with 'quotes'"
PLAIN = (b"Rumpelstilzchen", b"ann@mail.example", b"Blaue Lampe")
USERS = "id,email,city\nRumpelstilzchen,ann@mail.example,Rom\nzwei,,Oslo\n"
EVENTS = "user,item,title,time\nRumpelstilzchen,p1,Blaue Lampe,2024-01-02\nzwei,p1,Blaue Lampe,2024-01-03\n"
HOW = Mapping("users", (ColumnMap("id", "user"), ColumnMap("email", "contact"), ColumnMap("city", "attribute")))


@pytest.fixture
def with_key(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("LIMELIGHT_ENCRYPTION_KEY", KEY)
    monkeypatch.setenv("LIMELIGHT_ENCRYPTION", "builtin")
    return monkeypatch


def filled(folder: Path) -> Path:
    """A workspace of two loads, closed."""
    (folder / "users.csv").write_text(USERS)
    (folder / "events.csv").write_text(EVENTS)
    with Store(folder / "w.duckdb", reads=[folder]) as store:
        for name in ("users", "events"):
            source = open_source(folder / f"{name}.csv", spool=store.spool)
            how = HOW if name == "users" else propose(store, source, "events").mapping
            with store.atomic() as writer:
                load(writer, [source], how)
    return folder / "w.duckdb"


def plain_found(path: Path) -> list[bytes]:
    files = [path, path.with_name(path.name + ".wal")]
    return [word for word in PLAIN for file in files if file.exists() and word in file.read_bytes()]


def content(path: Path) -> tuple[object, ...]:
    with Store(path) as store:
        rows = [store.read(Query(f"SELECT * FROM {t} ORDER BY ALL")).to_pylist() for t in ("users", "items", "events")]
        asked = store.ask(
            "SELECT city, count(*) AS n FROM events JOIN users USING (user_no) GROUP BY city ORDER BY ALL"
        )
        return *rows, store.rows(Query("SELECT * FROM contact_facts")), asked.to_pylist(), store.as_of()


def test_the_whole_way_without_a_plain_byte(with_key: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = filled(tmp_path)
    assert is_encrypted(path) is True
    assert plain_found(path) == []
    with Store(path, reads=[tmp_path]) as store:
        with store.atomic() as writer:
            writer.run("UPDATE users SET city = 'Blaue Lampe'")
        assert plain_found(path) == [], "not in the log either"
        assert (tmp_path / "w.duckdb.wal").stat().st_size
        with store.atomic() as writer:
            assert undo(writer, 2)["events"] == 2
        with pytest.raises(Refusal, match="not a table"):
            store.ask("SELECT * FROM contact_facts")
        with pytest.raises(Refusal, match="not a table"):
            store.ask("SELECT * FROM workspace.main.meta")
    with_key.delenv("LIMELIGHT_ENCRYPTION_KEY")
    (tmp_path / "plain").mkdir()
    assert plain_found(filled(tmp_path / "plain")), "the same way without a key leaves them in plain sight"


def test_keys_that_are_missing_wrong_or_weak(with_key: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Store(tmp_path / "w.duckdb").close()
    with_key.setenv("LIMELIGHT_ENCRYPTION_KEY", "another key, as long as need be")
    with pytest.raises(Refusal) as wrong:
        Store(tmp_path / "w.duckdb")
    with_key.delenv("LIMELIGHT_ENCRYPTION_KEY")
    with pytest.raises(Refusal) as missing:
        Store(tmp_path / "w.duckdb")
    assert (wrong.value.code, missing.value.code) == ("wrong_key", "key_missing")
    with_key.setenv("LIMELIGHT_ENCRYPTION_KEY", "short")
    with pytest.raises(Refusal) as weak:
        Store(tmp_path / "x.duckdb")
    assert weak.value.code == "weak_key"
    assert "short'" not in str(weak.value)
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    with_key.delenv("LIMELIGHT_ENCRYPTION_KEY")
    with_key.setenv("LIMELIGHT_ENCRYPTION_KEY_FILE", str(file))
    Store(tmp_path / "w.duckdb").close()
    assert not (tmp_path / "x.duckdb").exists()


def test_without_a_safe_module_it_refuses(with_key: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_key.delenv("LIMELIGHT_ENCRYPTION")
    with_key.setenv("HOME", str(tmp_path))  # where DuckDB looks for extensions
    with pytest.raises(Refusal) as refused:
        Store(tmp_path / "w.duckdb")
    assert refused.value.code == "encryption_unavailable"
    assert "httpfs" in str(refused.value.hint)
    assert "builtin" in str(refused.value.hint)
    assert not (tmp_path / "w.duckdb").exists()


def test_there_and_back(with_key: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_key.delenv("LIMELIGHT_ENCRYPTION_KEY")
    path = filled(tmp_path)
    before = content(path)
    with pytest.raises(Refusal, match="No key"):
        rewrite_workspace(path, encrypt=True)
    with_key.setenv("LIMELIGHT_ENCRYPTION_KEY", KEY)
    assert content(path) == before, "a plain workspace opens as it is"
    assert is_encrypted(path) is False
    rewrite_workspace(path, encrypt=True)
    assert (is_encrypted(path), plain_found(path)) == (True, [])
    assert content(path) == before
    with Store(path):
        assert [elsewhere(path, *task) for task in (["encrypt", "--decrypt"], ["info"])] == [4, 4], "it is locked"
    with pytest.raises(Refusal, match="encrypted already"):
        rewrite_workspace(path, encrypt=True)
    rewrite_workspace(path, encrypt=False)
    assert (is_encrypted(path), content(path)) == (False, before)
    assert [file.name for file in tmp_path.glob("w.duckdb*")] == ["w.duckdb"]


def elsewhere(path: Path, *task: str) -> int:
    """The exit code of a command in another process."""
    command = [sys.executable, "-m", "core", *task, "--workspace", str(path)]
    return subprocess.run(command, capture_output=True, check=False, cwd=Path(__file__).parents[2]).returncode


def test_a_rewrite_that_is_killed_leaves_the_old_file(with_key: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_key.delenv("LIMELIGHT_ENCRYPTION_KEY")
    path = filled(tmp_path)
    before = path.read_bytes()
    with_key.setenv("LIMELIGHT_ENCRYPTION_KEY", KEY)

    def full(*_: object) -> None:
        raise KeyboardInterrupt

    with_key.setattr("core.store.rewrite._sync", full)
    with pytest.raises(KeyboardInterrupt):
        rewrite_workspace(path, encrypt=True)
    assert path.read_bytes() == before
    (tmp_path / "w.duckdb.rewrite").write_bytes(b"left by a program that was killed")
    with_key.undo()
    with_key.setenv("LIMELIGHT_ENCRYPTION_KEY", KEY)
    with_key.setenv("LIMELIGHT_ENCRYPTION", "builtin")
    rewrite_workspace(path, encrypt=True)
    assert is_encrypted(path) is True
