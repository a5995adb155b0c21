"""Encrypting a workspace that is not, and the reverse: a new file beside it takes its place when it is whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb

from core.errors import Refusal
from core.store.connect import base_config, refusal
from core.store.encryption import KEY, attach, encryption_key, is_encrypted, key_refusal, prepare_crypto
from core.store.query import ident
from core.store.room import room_refusal

_OLD, _NEW = "old_file", "new_file"


def rewrite_workspace(path: Path, *, encrypt: bool) -> int:
    """Write a closed workspace anew, encrypted or plain, and put it in the place of the old file; its bytes.

    All tables are copied into `NAME.duckdb.rewrite`, counted, written through to the disk and renamed: a program killed
    on the way leaves the old file as it was. The blocks of the old file are freed, not overwritten.
    Raises Refusal `no_such_workspace`, `key_missing`, `wrong_key`, `encryption_unavailable`, `already_encrypted`,
    `not_encrypted`, `workspace_locked`, `not_a_workspace`, `disk_full`.
    """
    if not path.exists():
        raise Refusal("no_such_workspace", f"There is no workspace {path}.", "Check the name.")
    key, there = encryption_key(), is_encrypted(path)
    if there is encrypt:
        code, word = ("already_encrypted", "encrypted already") if encrypt else ("not_encrypted", "not encrypted")
        raise Refusal(code, f"The workspace {path} is {word}.")
    if key is None:
        raise Refusal("key_missing", "No key is set.", f"Set {KEY}, or {KEY}_FILE to a file that holds the key.")
    new = path.with_name(f"{path.name}.rewrite")
    _remove(new)
    try:
        with duckdb.connect(":memory:", config=base_config()) as connection:
            prepare_crypto(connection)
            _copy(connection, path, new, key if not encrypt else None, key if encrypt else None)
            shutil.copymode(path, new)
            _sync(new)
            # The old file stays attached, and so locked, until the new one has its name.
            new.replace(path)
            _sync(path.parent)
    except duckdb.Error as error:
        raise key_refusal(path, error) or room_refusal(path, error) or refusal(path, error) from None
    finally:
        _remove(new)
    return path.stat().st_size


def _copy(
    connection: duckdb.DuckDBPyConnection, path: Path, new: Path, old_key: str | None, new_key: str | None
) -> None:
    attach(connection, path, _OLD, old_key)
    connection.execute(f"CHECKPOINT {_OLD}")  # a log left behind would be taken for the new file's
    log = path.with_name(f"{path.name}.wal")
    if log.exists() and log.stat().st_size:
        raise Refusal("workspace_locked", f"{path} has changes that are not written yet.", "Try again.", exit_code=4)
    attach(connection, new, _NEW, new_key)
    connection.execute(f"COPY FROM DATABASE {_OLD} TO {_NEW}")
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main'", (_OLD,)
    ).fetchall()
    if "migrations" not in {name for (name,) in tables}:
        raise Refusal("not_a_workspace", f"{path} is not a Limelight workspace.", "Name another file.")
    for (name,) in tables:
        counts = [
            connection.execute(f"SELECT count(*) FROM {database}.main.{ident(name)}").fetchone()
            for database in (_OLD, _NEW)
        ]
        if counts[0] != counts[1]:
            raise RuntimeError(f"{name}: {counts[0]} rows became {counts[1]}")
    connection.execute(f"DETACH {_NEW}")  # folds its log into the file


def _remove(new: Path) -> None:
    for file in (new, new.with_name(f"{new.name}.wal")):
        file.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
