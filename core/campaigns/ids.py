"""Lists of raw ids: read from a file, told apart by a digest, and columns that say how to reach a user."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from core.errors import Refusal
from core.store import Query, Store, contact_columns, defuse

__all__ = ["consent_columns", "contact_columns", "ids_digest", "items_query", "read_ids", "users_query"]

MOST_IDS = 5_000_000
MOST_BYTES = 500_000_000
_DELIMITERS = "\t;,|"
_HEADERS: dict[str, tuple[str, ...]] = {
    "user": (
        *("userid", "user", "customerid", "customer", "clientid", "client", "memberid", "member", "visitorid"),
        *("accountid", "account", "externalid", "uid", "id", "email", "emailaddress", "mail", "phone", "phonenumber"),
    ),
    "item": ("itemid", "item", "productid", "product", "sku", "stockcode", "articleid", "article", "id"),
}
# spreadsheets and archives, by their first bytes
_BINARY = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"%PDF", b"PAR1")


def read_ids(path: Path | str, *, what: Literal["user", "item"] = "user") -> list[str]:
    """The ids of a file as texts, in its order, each once; leading zeros stay, blanks around an id do not.

    Either one id a line (a first line such as `user_id` is a heading), or CSV with commas, semicolons, tabs or bars
    and a heading that names the ids: user_id, customer_id, id, ..., else email, phone. UTF-8, UTF-16 with its mark,
    else Windows-1252. An apostrophe that Limelight put before a cell against formulas is taken away again.
    Raises Refusal `no_such_file`, `not_text`, `list_too_large` (above MOST_IDS ids or MOST_BYTES bytes), `empty_list`,
    `no_id_column`, `unreadable_list`.
    """
    path = Path(path)
    found = dict.fromkeys(_plain(cell) for cell in _cells(_text(path), path.name, what))
    found.pop("", None)
    if not found:
        raise Refusal("empty_list", f"{path.name} holds no {what} ids.", "Give a file with one id a line.")
    if len(found) > MOST_IDS:
        raise _too_large(path.name)
    return list(found)


def ids_digest(ids: Iterable[str]) -> str:
    """SHA-256 (hex) of the distinct ids in the order of their characters, each with a line end: `sort -u | sha256sum`.

    >>> ids_digest(["b", "a", "b"]) == hashlib.sha256(b"a" + bytes([10]) + b"b" + bytes([10])).hexdigest()
    True
    """
    digest = hashlib.sha256()
    for raw in sorted(set(ids)):
        digest.update(raw.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def consent_columns(store: Store) -> list[str]:
    """The columns of users that were loaded as consent, in the order of the table."""
    return _columns(store, "consent")


def users_query(numbers: Sequence[int] | Any) -> Query:
    """The query for user_no (INTEGER, each once) out of an array of numbers, however many: one text parameter."""
    return _listed(numbers, "user_no")


def items_query(numbers: Sequence[int] | Any) -> Query:
    """Likewise for item_no."""
    return _listed(numbers, "item_no")


def _listed(numbers: Sequence[int] | Any, name: str) -> Query:
    text = ",".join(str(int(number)) for number in numbers)
    if not text:
        return Query(f"SELECT NULL::INTEGER AS {name} WHERE false")
    return Query(f"SELECT DISTINCT unnest(string_split(?, ','))::INTEGER AS {name}", (text,))


def _columns(store: Store, role: str) -> list[str]:
    rows = store.rows(
        Query(
            "SELECT c.column_name FROM columns c JOIN duckdb_columns() d USING (table_name, column_name) "
            "WHERE d.schema_name = 'main' AND c.table_name = 'users' AND c.role = ? "
            "AND d.database_name = current_database() ORDER BY d.column_index",
            (role,),
        )
    )
    return [str(row["column_name"]) for row in rows]


def _text(path: Path) -> str:
    if not path.is_file():
        raise Refusal("no_such_file", f"There is no file {path}.", "Check the name and the folder.")
    if path.stat().st_size > MOST_BYTES:
        raise _too_large(path.name)
    data = path.read_bytes()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if data.startswith(_BINARY) or (b"\0" in data and not wide):
        raise Refusal("not_text", f"{path.name} is not a text file.", "Save the list as CSV, or as one id a line.")
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        if wide:
            raise Refusal("not_text", f"{path.name} is not a text file.", "Save the list as CSV in UTF-8.") from None
        return data.decode("cp1252", "replace")


def _cells(text: str, name: str, what: str) -> Iterator[str]:
    """The cells that hold ids, without the heading."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    if first.count(delimiter):
        yield from _of_table(text, delimiter, name, what)
        return
    lines = (line.strip() for line in re.split(r"\r\n|\n|\r", text))
    cells = (line[1:-1].replace('""', '"') if re.fullmatch(r'".*"', line) else line for line in lines)
    filled = (cell for cell in cells if cell.strip())
    head = next(filled, "")
    if _letters(head) not in _HEADERS[what]:
        yield head
    yield from filled


def _of_table(text: str, delimiter: str, name: str, what: str) -> Iterator[str]:
    # strict: a quote that never ends would swallow the rest of the list in silence
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        head = next(row for row in rows if any(cell.strip() for cell in row))
        place = _id_column(head, name, what)
        for row in rows:
            cell = row[place] if place < len(row) else ""
            if "\n" in cell or "\r" in cell:
                raise csv.Error("a quoted id goes on in the next line")
            yield cell
    except csv.Error as error:
        raise Refusal(
            "unreadable_list", f"{name} cannot be read at line {rows.line_num}: {error}.", "Mend its quotes."
        ) from None


def _id_column(head: list[str], name: str, what: str) -> int:
    named = [_letters(cell) for cell in head]
    for word in _HEADERS[what]:
        if word in named:
            return named.index(word)
    raise Refusal(
        "no_id_column",
        f"{name} has no column of {what} ids; it has: {', '.join(cell.strip() for cell in head)}.",
        f"Name the column {what}_id, or give one id a line.",
    )


def _letters(heading: str) -> str:
    return re.sub(r"[^a-z0-9]", "", heading.casefold())


def _plain(cell: str) -> str:
    cell = cell.strip()
    bare = cell[1:]
    return bare if cell.startswith("'") and defuse(bare) == cell else cell


def _too_large(name: str) -> Refusal:
    return Refusal(
        "list_too_large",
        f"{name} is too large for a list of ids.",
        f"Give at most {MOST_IDS:,} ids, in parts if need be.",
    )
