"""Recognising a file: what it is, how it is written, how many rows it has, and a form of it that DuckDB can read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import Refusal
from core.ingest import excel, numbers
from core.ingest.copy import unique_names
from core.ingest.spool import chunks, gunzipped, hashed, is_gzip, write
from core.ingest.text import Said, open_text
from core.ingest.types import Source
from core.progress import Step, no_step

_HEAD = 1 << 20
_OTHERS = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ\0", "packed with xz"),
    (b"7z\xbc\xaf\x27\x1c", "packed with 7-Zip"),
    (b"Rar!", "packed with RAR"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PK\x03\x04", "a zip archive"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)
_WHAT_WORKS = "Limelight loads CSV (also .gz), Parquet, Excel and JSON lines, also in a .zip."
_UNPACK = "The files inside are loaded one by one (core.ingest.unpack); a zip inside an archive has to be unpacked."


def open_source(
    path: Path,
    *,
    name: str | None = None,
    spool: Path,
    sheet: str | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    step: Step = no_step,
) -> Source:
    """Recognise a file by its bytes (its name counts for nothing) and count its rows.

    `sheet`, `header`, `delimiter` and `encoding` are a person's word where the file does not say enough. Copies that
    DuckDB needs (unpacked, as UTF-8, as a table of text) go into `spool`; `discard` removes them.

    Raises Refusal: `no_such_file`, `is_a_folder`, `unreadable_file`, `empty_file`, `no_rows`, `not_a_table`,
    `unterminated_quote`, `line_too_long`, `unknown_encoding`, `damaged_gzip`, `too_compressed`, `damaged_parquet`,
    `protected_workbook`, `damaged_workbook`, `no_such_sheet`, `empty_sheet`, `not_json_lines`, `one_json_object`,
    `too_many_columns`, `disk_full`.
    """
    name = name or path.name
    head = _head(path, name)
    digest = hashlib.sha256()
    before = set(spool.iterdir())
    source = Source(path, name, "csv", path, (), 0, path.stat().st_size, "")
    said = Said(header=header, delimiter=delimiter, encoding=encoding)
    unpacked: Path | None = None
    try:
        if is_gzip(head):
            pieces = gunzipped(hashed(chunks(path, step.part(0, 0.4), f"Unpacking {name}"), digest), name)
            unpacked = write(spool, pieces, ".unpacked")
            source = replace(source, readable=unpacked, compression="gzip")
            head, step = _head(unpacked, name), step.part(0.4, 1)
        source = _recognise(source, head, digest=digest, spool=spool, said=said, sheet=sheet, step=step)
        if not source.rows:
            raise Refusal("no_rows", f"{name} has column names, but no rows.", "Choose a file with data.")
    except BaseException as error:
        _remove(set(spool.glob("prepared-*")) - before)
        if isinstance(error, Refusal) and name not in error.message:  # one of many files: which
            raise Refusal(error.code, f"{name}: {error.message}", error.hint) from None
        raise
    if unpacked and unpacked != source.readable:
        _remove([unpacked])
    return _with_numbers(source)


def _with_numbers(source: Source) -> Source:
    """Numbers stored as text in a workbook, JSON or Parquet, as a CSV would have them (core.ingest.numbers)."""
    if source.format == "csv":
        return source
    file = pq.ParquetFile(source.readable)
    with file:
        first = next(file.iter_batches(batch_size=2000))
        found = []
        for k, name in enumerate(source.columns):
            if pa.types.is_string(first.schema.field(k).type) or pa.types.is_large_string(first.schema.field(k).type):
                style = numbers.style([v for v in first.column(k).to_pylist() if v])
                found += [(name, style)] if style else []
    return replace(source, numbers=tuple(found))


def discard(source: Source, spool: Path) -> None:
    """Remove the copies that `open_source` made of a file; the file itself stays."""
    made = [p for p in (source.readable, source.rejects) if p and p != source.path and p.parent == spool]
    _remove(made)


def _recognise(
    source: Source, head: bytes, *, digest: hashlib._Hash, spool: Path, said: Said, sheet: str | None, step: Step
) -> Source:
    if head.startswith(b"PAR1"):
        return _parquet(_digested(source, digest, step.part(0, 0.3)), step.part(0.3, 1))
    if _is_workbook(head):
        source = _digested(source, digest, step.part(0, 0.1))
        return _sheet(source, excel.load_sheet(
            source.readable, name=source.name, spool=spool, sheet=sheet, header=said.header, step=step.part(0.1, 1)
        ))  # fmt: skip
    for magic, what in _OTHERS:
        if head.startswith(magic):
            hint = _UNPACK if what == "a zip archive" else _WHAT_WORKS
            raise Refusal("not_a_table", f"{source.name} is {what}.", hint)
    return open_text(source, head, digest=digest, spool=spool, said=said, step=step)


def _parquet(source: Source, step: Step) -> Source:
    """Read through once by another reader than the one that will load it, so that rows are counted and damage found."""
    rows, said, names = 0, -1, []
    try:
        with pq.ParquetFile(source.readable) as file:
            said, names = file.metadata.num_rows, file.schema_arrow.names
            for batch in file.iter_batches(batch_size=100_000):
                rows += batch.num_rows
                step.report(rows / max(said, 1), f"Counting the rows of {source.name}")
    except (pa.ArrowException, OSError):
        rows = 0
    if rows != said:
        raise Refusal("damaged_parquet", f"{source.name} is damaged or cut off.", "Write the file again.") from None
    if not names:
        raise Refusal("no_columns", f"{source.name} has no columns.", "Choose a file with data.")
    return replace(source, format="parquet", columns=unique_names(names), rows=rows, lines_before=0, skip=0)


def _sheet(source: Source, sheet: excel.Sheet) -> Source:
    return replace(
        source,
        format="excel",
        readable=sheet.path,
        columns=sheet.columns,
        rows=sheet.rows,
        header=sheet.header,
        sheet=sheet.name,
        lines_before=sheet.above,
        skip=0,
    )


def _digested(source: Source, digest: hashlib._Hash, step: Step) -> Source:
    """The source with its sha256: of what was unpacked already, else of the file."""
    if source.compression is None:
        for piece in chunks(source.path, step, f"Reading {source.name}"):
            digest.update(piece)
    return replace(source, sha256=digest.hexdigest())


def _is_workbook(head: bytes) -> bool:
    """An OLE2 file (.xls, and any protected workbook), or a zip whose first entries are those of a workbook."""
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return True
    return head.startswith(b"PK\x03\x04") and any(
        mark in head for mark in (b"[Content_Types].xml", b"xl/", b"opendocument.spreadsheet")
    )


def _head(path: Path, name: str) -> bytes:
    if not path.exists():
        raise Refusal("no_such_file", f"There is no file {path}.", "Check the name and the folder.")
    if path.is_dir():
        raise Refusal("is_a_folder", f"{path} is a folder.", "Name the files in it.")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise Refusal("unreadable_file", f"{name} cannot be read: {error.strerror}.") from None
    if not head:
        raise Refusal("empty_file", f"{name} is empty.", "Choose a file with data.")
    return head


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
