"""Backups and restoring where workspaces are encrypted: the key goes along, plain words do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Refusal
from core.store import Store
from core.store.digest import content_digest
from core.store.encryption import is_encrypted
from core.takeout import backup, export_table, restore
from tests.ingest.loading import load_text, mapping

KEY = "a key of sixteen characters or more"
TEXT = "user,item\nannabel,lighthouse\nbartholomew,lighthouse\n"


@pytest.fixture
def with_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("LIMELIGHT_ENCRYPTION_KEY", KEY)
    monkeypatch.setenv("LIMELIGHT_ENCRYPTION", "builtin")
    monkeypatch.setenv("LIMELIGHT_HOME", str(tmp_path / "home"))
    return monkeypatch


def filled(path: Path) -> str:
    with Store(path, reads=[path.parent]) as store:
        load_text(store, TEXT, mapping(event="view", user="user", item="item"))
        assert export_table(store, "events", path.with_suffix(".csv")) == 2
        backup(store, path.with_suffix(".backup.duckdb"))
        store.compact()
        return content_digest(store)


def test_a_backup_is_encrypted_and_comes_back(with_key: pytest.MonkeyPatch, tmp_path: Path) -> None:
    digest = filled(tmp_path / "w.duckdb")
    copy = tmp_path / "w.backup.duckdb"
    for path in (tmp_path / "w.duckdb", copy):
        assert is_encrypted(path)
        assert b"annabel" not in path.read_bytes()
    told = restore(copy, "again")
    assert told["digest"] == digest
    assert is_encrypted(Path(told["path"])), "as every new workspace where there is a key"
    assert b"annabel" not in Path(told["path"]).read_bytes()

    with_key.setenv("LIMELIGHT_ENCRYPTION_KEY", "another key, long enough")
    with pytest.raises(Refusal) as refused:
        restore(copy, "other")
    assert refused.value.code == "wrong_key"
    with_key.delenv("LIMELIGHT_ENCRYPTION_KEY")
    with pytest.raises(Refusal) as refused:
        restore(copy, "none")
    assert refused.value.code in ("key_missing", "encrypted_file")
    assert not list((tmp_path / "home").glob("o*.duckdb"))


def test_a_plain_backup_comes_back_encrypted_where_there_is_a_key(with_key: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_key.delenv("LIMELIGHT_ENCRYPTION_KEY")
    digest = filled(tmp_path / "w.duckdb")
    with_key.setenv("LIMELIGHT_ENCRYPTION_KEY", KEY)
    told = restore(tmp_path / "w.backup.duckdb", "again")
    assert told["digest"] == digest
    assert is_encrypted(Path(told["path"]))


def test_a_workspace_in_use_is_no_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMELIGHT_HOME", str(tmp_path / "home"))
    from core.store import close_workspace, open_workspace

    store = open_workspace(str(tmp_path / "w.duckdb"))
    try:
        with pytest.raises(Refusal) as refused:
            restore(tmp_path / "w.duckdb", "again")
        assert refused.value.code == "workspace_open"
    finally:
        close_workspace(store)
