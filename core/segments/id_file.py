"""Lists of user ids from a file: a column of a CSV, or one id a line, kept as a group."""

from __future__ import annotations

import csv
import hmac
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.errors import Refusal
from core.segments.groups import write_group
from core.store import Query, Store, Writer
from core.store.keys import FINGERPRINT, fingerprint, pads, pseudonym_key

ID_COLUMNS = (
    "user_id", "userid", "user", "customer_id", "customerid", "customer", "client_id", "client", "member_id", "member",
    "visitor_id", "visitor", "id", "email", "e-mail", "mail",
)  # fmt: skip
"""Names of a column that holds the ids, upper and lower case alike, the surest first."""

LARGEST = 256 * 1024 * 1024
_SHOWN = 20
_ERASE_KEY = "erase_key"  # as core.ingest.erased keeps it
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class ListReport:
    """What was read of a list, in lines: lines = known + unknown + repeated + blank + erased.

    Attributes:
        name: of the group.
        column: the file's column that was read; None where the file has no header.
        lines: rows of the file, its header apart.
        known: ids of users in the workspace; unknown: ids kept all the same, which count once such users are loaded.
        repeated: ids that stood further up; blank: rows without an id; erased: ids of erased users, left out.
        unknown_ids: the first 20 unknown, as the file has them.
    """

    name: str
    column: str | None
    lines: int
    known: int
    unknown: int
    repeated: int
    blank: int
    erased: int
    unknown_ids: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The attributes as a dict."""
        return asdict(self)


def list_from_file(
    store: Store, name: str, path: Path, *, column: str | None = None, replace: bool = False
) -> ListReport:
    """Keep the users that a file names as a group of kind "list". See `list_from_text`.

    Raises Refusal `no_such_file`, `file_too_large`, `not_text`, and as list_from_text does.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise Refusal(
                "file_too_large",
                f"{path.name} has more than {LARGEST // 1024**2:,} MB.",
                "A list needs the ids alone: take the other columns away.",
            )
        data = path.read_bytes()
    except OSError as error:
        raise Refusal("no_such_file", f"{path} cannot be read: {error.strerror}.", "Name another file.") from None
    return list_from_text(store, name, decoded(data), column=column, replace=replace, file=path.name)


def list_from_text(
    store: Store, name: str, text: str, *, column: str | None = None, replace: bool = False, file: str = ""
) -> ListReport:
    """Keep the users that a text names as a group of kind "list"; `file` is what it is called.

    One id a line, or a table parted by comma, semicolon, tab or bar whose column of ids is `column`, else the first of
    ID_COLUMNS that it has. White space around ids goes. Where the workspace keeps users as pseudonyms and the key is
    here, raw ids are put as their pseudonyms; pseudonyms are taken as they are.

    Raises Refusal `no_id_column`, `no_ids`, `group_exists`, `bad_name`; BadRule for a name that cannot be one.
    """
    found, ids = _ids(text, column)
    with store.atomic(data=False) as writer:
        raw = pa.array([given.strip() for given in ids], pa.string())
        rows = pa.table({"place": pa.array(range(len(raw)), pa.int64()), "raw": raw})
        with writer.table("ids_given", rows.append_column("id", _as_kept(writer, raw))):
            counts, members = _sorted_out(writer)
        if not members.num_rows:
            raise Refusal("no_ids", "The list has no id that can be kept.", "Give one user id a line.")
        users = "1 id" if members.num_rows == 1 else f"{members.num_rows:,} ids"
        words = f"list of {users}" + (f" from {file}" if file else "")
        spec = {"file": file, "column": found}
        write_group(writer, name, "list", members, words=words, spec=spec, version=store.version, replace=replace)
    return ListReport(name, found, len(raw), **counts)


def decoded(data: bytes) -> str:
    """The text of a file: by its byte order mark, else UTF-8, else Windows-1252. Raises Refusal `not_text`."""
    marks = (("utf-8-sig", b"\xef\xbb\xbf"), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff"))
    encoding = next((name for name, mark in marks if data.startswith(mark)), None)
    for way in (encoding,) if encoding else ("utf-8", "cp1252"):
        try:
            text = data.decode(way)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Refusal("not_text", "The file is not a text.", "Save it as CSV or as plain text (UTF-8).")


# ---- inside


def _ids(text: str, column: str | None) -> tuple[str | None, list[str]]:
    """The column read (None without header), and its cells, row by row."""
    lines = io.StringIO(text.removeprefix("\ufeff"), newline=None)
    head = next((line for line in lines if line.strip()), "").rstrip("\n")
    if not head:
        raise Refusal("no_ids", "The list is empty.", "Give one user id a line.")
    cells, delimiter = _head(head)
    if delimiter is None:
        named = cells[0].strip().casefold()
        if named in ID_COLUMNS or (column is not None and named == column.strip().casefold()):
            return cells[0].strip(), [_unquoted(line) for line in lines]
        if column is not None:
            raise _no_column(column, cells)
        return None, [_unquoted(line) for line in chain([head], lines)]
    place = _place(cells, column)
    try:
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        return cells[place].strip(), [row[place] if len(row) > place else "" for row in rows]
    except csv.Error as error:
        raise Refusal("no_ids", f"The table cannot be read: {error}.", "Save it as CSV anew.") from None


def _head(line: str) -> tuple[list[str], str | None]:
    """The cells of the first row and what parts them; None where it is one cell."""
    best = max(_DELIMITERS, key=lambda mark: len(next(csv.reader([line], delimiter=mark))))
    cells = next(csv.reader([line], delimiter=best))
    return (cells, best) if len(cells) > 1 else ([_unquoted(line)], None)


def _place(cells: Sequence[str], column: str | None) -> int:
    names = [cell.strip().casefold() for cell in cells]
    for wanted in ID_COLUMNS if column is None else (column.strip().casefold(),):
        if wanted in names:
            return names.index(wanted)
    raise _no_column(column, cells)


def _no_column(column: str | None, cells: Sequence[str]) -> Refusal:
    what = "no column of user ids that can be told by its name" if column is None else f"no column {column!r}"
    shown = ", ".join(repr(cell.strip()) for cell in islice(cells, 20))
    return Refusal("no_id_column", f"The list has {what}.", f"Its first row has: {shown}. Say which column has the ids.")


def _unquoted(line: str) -> str:
    line = line.strip()
    return line[1:-1].replace('""', '"') if len(line) > 1 and line[0] == line[-1] == '"' else line


def _as_kept(writer: Writer, raw: pa.Array) -> pa.Array:
    """The ids as the workspace keeps them: what it knows already as it is, else by their pseudonyms, if it has such."""
    known = writer.rows(Query("SELECT value FROM meta WHERE key = ?", (FINGERPRINT,)))
    key = pseudonym_key() if known else None
    if key is None or not hmac.compare_digest(fingerprint(key), str(known[0]["value"])):
        return raw
    outer, inner = pads(key)
    made = "sha256(unhex(?) || unhex(sha256(unhex(?) || encode(raw))))"
    with writer.table("ids_raw", pa.table({"place": pa.array(range(len(raw)), pa.int64()), "raw": raw})):
        query = f"SELECT CASE WHEN raw = '' OR raw IN (SELECT user_id FROM users) THEN raw ELSE {made} END AS id "
        return writer.read(Query(query + "FROM ids_raw ORDER BY place", (outer, inner)))["id"].combine_chunks()


def _sorted_out(writer: Writer) -> tuple[dict[str, Any], pa.Table]:
    """Each line of `ids_given` counted once, and the ids to keep, in the file's order."""
    key = writer.rows(Query("SELECT value FROM meta WHERE key = ?", (_ERASE_KEY,)))
    gone = Query("false")
    if key:
        outer, inner = pads(bytes.fromhex(str(key[0]["value"])))
        made = "sha256(unhex(?) || unhex(sha256(unhex(?) || encode(g.id))))"
        gone = Query(f"coalesce({made} IN (SELECT id_hash FROM erased), false)", (outer, inner))
    sorted_out = (
        Query(
            "SELECT g.place, g.raw, g.id, CASE WHEN g.id = '' THEN 'blank' WHEN row_number() OVER "
            "(PARTITION BY g.id ORDER BY g.place) > 1 THEN 'repeated' WHEN "
        )
        + gone
        + " THEN 'erased' WHEN g.id IN (SELECT user_id FROM users) THEN 'known' ELSE 'unknown' END AS fate "
        "FROM ids_given g"
    )
    found = writer.read(sorted_out + " ORDER BY place")
    with writer.table("ids_sorted", found):
        rows = writer.rows(Query("SELECT fate, count(*) AS n FROM ids_sorted GROUP BY fate"))
        kept = "SELECT id AS user_id FROM ids_sorted WHERE fate IN ('known', 'unknown') ORDER BY place"
        members = writer.read(Query(kept))
        unknown = writer.rows(Query(f"SELECT raw FROM ids_sorted WHERE fate = 'unknown' ORDER BY place LIMIT {_SHOWN}"))
    n = {str(row["fate"]): int(row["n"]) for row in rows}
    counts: dict[str, Any] = {k: n.get(k, 0) for k in ("known", "unknown", "repeated", "blank", "erased")}
    return counts | {"unknown_ids": tuple(str(row["raw"]) for row in unknown)}, members
