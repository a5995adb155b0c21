"""What a load is told and what it tells: files, mappings, evidence, reports. All frozen, all JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal["events", "items", "users"]
Format = Literal["csv", "parquet", "excel", "jsonl"]
Role = Literal[
    # an events file
    "user", "item", "event", "time", "clock", "order", "quantity", "price", "value", "rating", "session", "channel",
    "dwell", "device", "campaign",
    # "clock" is the time of day of a file that has date and time in two columns
    "count",      # a number of events of one kind in one cell ("clicks"): becomes events of its own
    "context",    # the analyst's own column of an event (weather, store, query)
    # an items or users file (beside "item" / "user" and "price")
    "title", "category",  # also in an events file: an item's most frequent non-empty value becomes the item's
    "attribute", "contact", "consent",
    "ignore",
]  # fmt: skip
Type = Literal["text", "number", "date", "boolean", "list"]
Repeats = Literal["keep", "drop"]
Mode = Literal["append", "replace"]
Personal = Literal["email", "phone", "name", "address", "card", "iban", "ip", "birth date"]


@dataclass(frozen=True)
class Source:
    """One file, recognised and ready to be read by DuckDB.

    Attributes:
        path: the file as it was given (an upload in the spool, a file of the server folder or command line).
        name: what people call it (the uploaded name).
        format: how its bytes are laid out.
        readable: what DuckDB reads: `path` itself, or a prepared UTF-8 CSV / Parquet copy of it in the spool.
        columns: header names, trimmed, made unique regardless of case; `column1...` where there is no header.
        rows: data rows, counted from the bytes apart from the loader that will read them.
        bytes, sha256: of `path`.
        encoding, delimiter, quote, escape, header: how the text in `path` is written (`readable` is UTF-8). Delimiters
            of several characters are parted by tabs in `readable`; two spaces stand for columns parted by any spaces.
        compression: "gzip" or None, of `path`; `readable` is never compressed.
        sheet: the sheet of a workbook.
        lines_before: physical lines above the first data row (1 for a header), to turn row numbers into lines.
        skip: what DuckDB's option of that name needs to start at the first data row of `readable` (it counts records
            and blank lines, so a header with a line break in it is one).
        rejects: a Parquet file (line BIGINT, column_name, reason, message, raw VARCHAR; the columns of the table
            `rejects`) of rows that recognising the file has refused already and that `readable` does not hold:
            rows with NUL bytes, lines that are not JSON. None where there are none.
        rejected: rows in `rejects`; part of `rows`.
        numbers: (column, style) of columns whose numbers are written `1.234,50` ("comma") or `$1,234.50` ("point");
            relation(source) gives them plain (core.ingest.numbers).
    """

    path: Path
    name: str
    format: Format
    readable: Path
    columns: tuple[str, ...]
    rows: int
    bytes: int
    sha256: str
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    header: bool = True
    compression: str | None = None
    sheet: str | None = None
    lines_before: int = 1
    skip: int = 1
    rejects: Path | None = None
    rejected: int = 0
    numbers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ColumnMap:
    """What one column of a file means.

    Attributes:
        column: its name in the file (Source.columns).
        role: what it is to Limelight.
        type: how a context or attribute column is read; ignored for the canonical roles, whose types are fixed.
        time_format: for role time and type date: a strptime pattern, or "iso", "epoch_s", "epoch_ms", "epoch_us".
        event: for role count, the event word its numbers count; for role consent, the channel.
        split: for a basket, what parts the values of one cell ("A|B|C"): the row gives an event for each part. Every
            split column of a row has as many parts as its item column, or the row is rejected (`parts_differ`). The
            order's value, where its column is not split, is shared out evenly, what rounding leaves to the first.
        pseudonym: every value is replaced, before anything is stored, by its keyed HMAC-SHA-256
            (core.ingest.pseudonym); for roles user, item, order, session and text columns of the analyst's own.
    """

    column: str
    role: Role
    type: Type = "text"
    time_format: str | None = None
    event: str | None = None
    split: str | None = None
    pseudonym: bool = False


@dataclass(frozen=True)
class Mapping:
    """How the rows of one or more files of the same shape become canonical rows.

    Attributes:
        kind: which table the files feed.
        columns: one entry per column of the file; a column without an entry is ignored.
        event: the event of every row where no column says it ("purchase"), or None.
        events: value in the event column -> word of the vocabulary; values not named are kept, lower case.
        returns: "negative" (rows of negative quantity are returns), "none", or "pattern:REGEX" on the order id.
        repeats: what to do with rows that repeat another row of the same load exactly.
        overlap: what to do with rows that say nothing but what earlier loads say already (see core.ingest.overlap):
            "keep", or "drop", which counts them as duplicates.
        key: file columns that tell a row of this shape from any other (an order line's number): with overlap "drop", a
            row is there already when an earlier load has its key. Empty: when all that it says is there already.
        zone: IANA name of the zone of times without an offset ("Europe/Berlin"); None = UTC.
    """

    kind: Kind
    columns: tuple[ColumnMap, ...]
    event: str | None = None
    events: dict[str, str] = field(default_factory=dict)
    returns: str = "negative"
    repeats: Repeats = "keep"
    overlap: Repeats = "keep"
    key: tuple[str, ...] = ()
    zone: str | None = None

    def column(self, role: Role) -> ColumnMap | None:
        """The first column with this role, or None."""
        return next((c for c in self.columns if c.role == role), None)

    def all(self, role: Role) -> tuple[ColumnMap, ...]:
        """Every column with this role."""
        return tuple(c for c in self.columns if c.role == role)

    def to_json(self) -> str:
        """The mapping as JSON text; `from_json` gives an equal mapping back."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Mapping:
        """The mapping that `to_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        columns = tuple(ColumnMap(**c) for c in raw["columns"])
        return cls(**{**raw, "columns": columns, "key": tuple(raw.get("key", ()))})


@dataclass(frozen=True)
class Evidence:
    """Why a column was given its role, in words with counts, for the analyst to check.

    Attributes:
        column: its name in the file.
        why: one sentence ("month first, since 541,909 of 541,909 rows parse so, and 57 % fail day first").
        filled: rows of the file with a value in this column.
        distinct: distinct values (exact up to a million rows, else estimated).
        examples: up to five values as they stand.
        sure: False where the analyst should look (an ambiguous date, two candidates for one role).
        personal: what kind of personal data the values seem to be, for the analyst to decide on; None = none.
    """

    column: str
    why: str
    filled: int
    distinct: int
    examples: tuple[str, ...]
    sure: bool = True
    personal: Personal | None = None


@dataclass(frozen=True)
class Proposal:
    """A mapping proposed for a file, with the evidence for each column (same order as Source.columns).

    `from_batch` is the earlier load of a file of the same shape whose mapping this is; None where it was worked out.
    """

    mapping: Mapping
    evidence: tuple[Evidence, ...]
    from_batch: int | None = None


@dataclass(frozen=True)
class LoadReport:
    """What one load did. rows_read == rows_loaded + rows_rejected + rows_duplicate, always.

    Attributes:
        batch_no: the batch, for undo.
        kind: events, items or users.
        rows_read: data rows in the files, counted apart from the loader.
        rows_loaded: rows kept.
        rows_rejected: rows refused, each with line, column and reason in `rejects`.
        rows_duplicate: rows dropped because they repeat another exactly (repeats="drop"), or because earlier loads
            have them already (overlap="drop").
        rows_overlap: the latter; part of rows_duplicate.
        rows_repeated: rows kept that repeat another exactly; part of rows_loaded.
        rows_anonymous: rows kept that name no user.
        users, items: distinct users and items in the rows kept.
        events: event word -> events made (a row may make several).
        reasons: reject code -> rows.
        seconds: wall time.
        notes: what a person should know, in sentences.
        mode: whether the load was added to what was there, or took its place.
        replaced: the batches whose place it took (they count again when this one is undone).
        changes: for items and users files, what became of `users` or `items`: {"new": n, "changed": n, "same": n,
            "columns": {column: values changed}}; {} for events.
    """

    batch_no: int
    kind: Kind
    rows_read: int
    rows_loaded: int
    rows_rejected: int
    rows_duplicate: int
    rows_repeated: int
    rows_anonymous: int
    users: int
    items: int
    events: dict[str, int]
    reasons: dict[str, int]
    seconds: float
    notes: tuple[str, ...] = ()
    rows_overlap: int = 0
    mode: Mode = "append"
    replaced: tuple[int, ...] = ()
    changes: dict[str, Any] = field(default_factory=dict)
