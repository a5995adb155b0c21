"""Who was erased, remembered without their ids: a keyed hash of each, so that later loads leave their rows out.

The key is drawn at the first erasing and stands in `meta`. Whoever has the file can hash a guess and see whether it is
among them; who has not guessed an id cannot read it from the file.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime

from core.ingest import typed
from core.ingest.distinct import distinct
from core.ingest.mentions import cells_of
from core.ingest.plan import Plan
from core.ingest.pseudonym import hidden
from core.store import Query, Store, Writer

REASON = "erased_user"
_KEY = "erase_key"
_BLOCK = 64  # bytes of a block of SHA-256


def erased_users(store: Store | Writer) -> int:
    """How many users have been erased from the workspace."""
    return int(str(store.rows(Query("SELECT count(DISTINCT id_hash) AS n FROM erased"))[0]["n"]))


def remember(writer: Writer, user_id: str, when: datetime) -> str:
    """Note that a user was erased; the keyed hash (HMAC-SHA-256, hexadecimal) of the id."""
    key = _key(writer)
    if key is None:
        key = secrets.token_bytes(32)
        writer.run(Query("INSERT INTO meta VALUES (?, ?)", (_KEY, key.hex())))
    hashed = _hash(key, user_id)
    writer.run(Query("DELETE FROM erased WHERE id_hash = ?", (hashed,)))
    writer.run(Query("INSERT INTO erased VALUES (?, ?)", (hashed, when)))
    return hashed


def is_erased(writer: Writer, user_id: str) -> bool:
    """Whether this user has been erased."""
    key = _key(writer)
    found = key and writer.rows(Query("SELECT 1 AS one FROM erased WHERE id_hash = ?", (_hash(key, user_id),)))
    return bool(found)


def collect_erased(writer: Writer, plan: Plan) -> None:
    """Add to `load_faults` the rows of `load_stage` that name an erased user; nothing where nobody was erased.

    Hashed are the distinct users, once each: a million take some 1.5 seconds.
    """
    field = plan.field("user")
    key = _key(writer) if field and erased_users(writer) else None
    if field is None or key is None:
        return
    inner, outer = (bytes(b ^ pad for b in key.ljust(_BLOCK, b"\0")).hex() for pad in (0x36, 0x5C))
    place = plan.fault(field.map.column, REASON)
    ids = (
        Query("SELECT raw, ") + hidden(typed.text("raw"), plan, "user") + f" AS id FROM {distinct(writer, field.name)}"
    )
    hashed = "sha256(from_hex(?) || from_hex(sha256(from_hex(?) || encode(id))))"
    writer.run(
        Query(
            f"INSERT INTO load_faults SELECT s.rowid, {place}, NULL FROM load_stage s "
            f"WHERE s.{field.name} IN (SELECT raw FROM ("
        )
        + ids
        + Query(f") WHERE id IS NOT NULL AND {hashed} IN (SELECT id_hash FROM erased))", (outer, inner))
    )
    # what else is wrong with such a row would be told with its text
    erased = f"SELECT rid FROM load_faults WHERE fault = {place}"
    writer.run(f"DELETE FROM load_faults WHERE fault <> {place} AND rid IN ({erased})")


def clean_rejects(writer: Writer, batch_no: int) -> None:
    """Empty `raw` of a load's rejected rows that mention an erased user; nothing where nobody was erased.

    Rows that could not be taken apart are among them: which of their cells is the user is not known, so all are tried.
    """
    key = _key(writer) if erased_users(writer) else None
    if key is None:
        return
    hashes = {str(row["id_hash"]) for row in writer.rows(Query("SELECT id_hash FROM erased"))}
    rows = writer.rows(
        Query("SELECT rowid AS rid, raw FROM rejects WHERE batch_no = ? AND raw IS NOT NULL", (batch_no,))
    )
    for row in rows:
        if any(_hash(key, cell) in hashes for cell in cells_of(str(row["raw"]))):
            forget_row(writer, Query("rowid = ?", (int(str(row["rid"])),)))


def forget_row(writer: Writer, where: Query) -> int:
    """Empty `raw` of the rejected rows that meet `where`, and the cells that their messages quote; how many rows."""
    quoted = "(?s)''.*''|\".*\""
    return writer.run(
        Query(f"UPDATE rejects SET raw = NULL, message = regexp_replace(message, '{quoted}', 'The value') WHERE ")
        + where
    )


def _key(writer: Writer) -> bytes | None:
    found = writer.rows(Query("SELECT value FROM meta WHERE key = ?", (_KEY,)))
    return bytes.fromhex(str(found[0]["value"])) if found else None


def _hash(key: bytes, user_id: str) -> str:
    return hmac.new(key, user_id.encode(), "sha256").hexdigest()
