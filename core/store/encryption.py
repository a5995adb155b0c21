"""Encryption of the workspace file at rest: the key, whether this machine can encrypt, attaching an encrypted file.

Measured on DuckDB 2.0.0: an encrypted file can only be attached, from a connection in memory; the key travels as a
parameter, so it stands in no SQL text. The crypto module that is built in refuses to write unless it is told that its
random numbers may be less than secure; the httpfs extension brings OpenSSL, which needs no such leave.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from core.errors import Refusal
from core.store.keys import secret

KEY = "LIMELIGHT_ENCRYPTION_KEY"
MODE = "LIMELIGHT_ENCRYPTION"
ATTACHED = "workspace"
"""What an attached workspace is called inside its connection."""


def encryption_key() -> str | None:
    """The key of encrypted workspaces: LIMELIGHT_ENCRYPTION_KEY, or the text of the file LIMELIGHT_ENCRYPTION_KEY_FILE.

    None where neither is set. Raises Refusal `weak_key`, `key_unreadable`.
    """
    return secret(KEY)


def is_encrypted(path: Path) -> bool | None:
    """Whether a DuckDB file is encrypted; None where it is absent or no DuckDB file.

    Never ask about a file that this process has open: closing it here would give up DuckDB's lock on it (POSIX).
    """
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError:
        return None
    # checksum (8 bytes), "DUCK", version of the format (8), flags (the first says encrypted)
    return bool(head[20] & 1) if len(head) > 20 and head[8:12] == b"DUCK" else None


def is_attached(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the workspace of a connection is encrypted, and each new cursor must be told to use it."""
    question = "SELECT encrypted FROM duckdb_databases() WHERE database_name = current_database()"
    rows = connection.execute(question).fetchall()  # all of it: an open answer keeps its transaction open
    return bool(rows and rows[0][0])


def prepare_crypto(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the connection able to write encrypted files. Raises Refusal `encryption_unavailable`."""
    try:
        connection.execute("LOAD httpfs")  # only one that is installed here: nothing is fetched
        return
    except duckdb.Error:
        if os.environ.get(MODE, "").strip().lower() == "builtin":
            connection.execute("SET GLOBAL force_mbedtls_unsafe = 'true'")
            return
    raise Refusal(
        "encryption_unavailable",
        "An encryption key is set, but DuckDB cannot write encrypted files safely: its extension httpfs is missing.",
        "Install it once (with a network: python -c \"import duckdb; duckdb.execute('INSTALL httpfs')\"), or "
        f"set {MODE}=builtin to accept the built-in module, whose random numbers are not called secure.",
    )


def attach(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, key: str | None, *, read_only: bool = False
) -> None:
    """Attach a workspace file under `name` (ours), encrypted when there is a key. Raises duckdb.Error as it comes."""
    options = [*(["READ_ONLY"] if read_only else []), *(["ENCRYPTION_KEY ?"] if key is not None else [])]
    said = f" ({', '.join(options)})" if options else ""
    connection.execute(f"ATTACH ? AS {name}{said}", (str(path), *([key] if key is not None else [])))


def key_refusal(path: Path, error: duckdb.Error) -> Refusal | None:
    """What a person is told about a key that is missing or wrong; None for any other error."""
    text = str(error)
    if "without a key" in text:
        return Refusal(
            "key_missing",
            f"The workspace {path} is encrypted, and no key is set.",
            f"Set {KEY}, or {KEY}_FILE to a file that holds the key.",
        )
    if "Wrong encryption key" in text:
        return Refusal(
            "wrong_key", f"The key does not open the workspace {path}.", f"Set {KEY} to the key it was encrypted with."
        )
    return None
