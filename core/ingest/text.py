"""Recognising a file of text: its encoding, CSV or JSON, its rows; and the clean UTF-8 copy where DuckDB needs one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import Refusal
from core.ingest.copy import RejectsCopy, unique_names
from core.ingest.count import Counter, Counts
from core.ingest.dialect import LINE, Dialect, sniff, unquoted, values
from core.ingest.encoding import Utf8Check, decide, known_encoding, marked, to_utf8
from core.ingest.jsonl import load_json, looks_like_json
from core.ingest.numbers import style
from core.ingest.records import physical_lines, without_mark
from core.ingest.rewrite import rewriting
from core.ingest.shapes import RowShape
from core.ingest.spool import chunks, hashed, write
from core.ingest.types import Source
from core.progress import Step

_HEAD = 1 << 20
_SAMPLE = 128 << 10
_CONTROLS = bytes(c for c in range(32) if c not in (1, 9, 10, 12, 13, 30, 31)) + b"\x7f"


@dataclass(frozen=True)
class Said:
    """What a person said about a file where its bytes do not say enough; None = find out."""

    header: bool | None = None
    delimiter: str | None = None
    encoding: str | None = None


def open_text(source: Source, head: bytes, *, digest: hashlib._Hash, spool: Path, said: Said, step: Step) -> Source:
    """`source` completed from the text in `source.readable`, whose first megabyte is `head`.

    `digest` holds the hash of the original when that was packed; else it is fed here, in the same pass as the count.
    """
    hasher = digest if source.compression is None else None
    encoding, start = _encoding(head, said)
    if encoding != "utf-8":
        pieces = chunks(source.readable, step.part(0, 0.5), f"Reading {source.name} as {encoding}")
        text = without_mark(to_utf8(hashed(pieces, hasher) if hasher else pieces, encoding))
        source = replace(source, readable=write(spool, text, ".utf8"), encoding=encoding)
        with source.readable.open("rb") as file:
            head = file.read(_HEAD)
        hasher, start, step = None, 0, step.part(0.5, 1)
    as_utf8 = source.readable if encoding != "utf-8" else None
    _refuse_binary(head, source.name)
    if looks_like_json(head[start:]):
        source = _json(source, head[start:], spool, hasher, step)
    else:
        source = _csv(source, head[start:], spool, said, hasher, step)
    if as_utf8 and as_utf8 != source.readable:  # another copy was made of it
        as_utf8.unlink(missing_ok=True)
    return replace(source, sha256=digest.hexdigest())


def _encoding(head: bytes, said: Said) -> tuple[str, int]:
    """(encoding, length of the byte order mark)."""
    mark = marked(head)
    if said.encoding:
        named = known_encoding(said.encoding)
        if named == "utf-16":
            return mark or ("utf-16-le", 0)
        return (
            ("utf-8", 3 if head.startswith(b"\xef\xbb\xbf") else 0) if named in ("utf-8", "utf-8-sig") else (named, 0)
        )
    if mark:
        return ("utf-8" if mark[0] == "utf-8-sig" else mark[0]), mark[1]
    check = Utf8Check()
    check.feed(head[: head.rfind(b"\n") + 1] or head)
    check.finish()
    return decide(check), 0


def _json(source: Source, head: bytes, spool: Path, hasher: hashlib._Hash | None, step: Step) -> Source:
    def pieces(part: Step, digest: hashlib._Hash | None = None) -> Iterator[bytes]:
        raw = chunks(source.readable, part, f"Reading {source.name}")
        return without_mark(hashed(raw, digest) if digest else raw)

    table = load_json(
        pieces(step.part(0, 0.4), hasher), pieces(step.part(0.4, 1)), name=source.name, spool=spool, head=head
    )
    return replace(
        source,
        format="jsonl",
        readable=table.path,
        columns=table.columns,
        rows=table.rows + table.rejected,
        lines_before=0,
        skip=0,
        rejects=table.rejects,
        rejected=table.rejected,
    )


def _csv(source: Source, head: bytes, spool: Path, said: Said, hasher: hashlib._Hash | None, step: Step) -> Source:
    sample = head[:_SAMPLE] if b"\n" in head[:_SAMPLE] or b"\r" in head[:_SAMPLE] else head
    whole = len(sample) == len(head) < _HEAD - 3
    dialect = sniff(sample.decode("utf-8", "replace"), whole=whole, delimiter=said.delimiter, header=said.header)
    if not dialect.fields:
        raise Refusal("empty_file", f"{source.name} has nothing but blank lines.", "Choose a file with data.")
    check = Utf8Check()
    counts = _scan(source.readable, source.name, dialect, check, hasher, step.part(0, 0.6))
    if source.encoding == "utf-8" and said.encoding is None and (better := decide(check)) != "utf-8":
        again = replace(said, encoding=better)
        pieces = to_utf8(chunks(source.readable, step.part(0.6, 0.8), f"Reading {source.name} as {better}"), better)
        source = replace(source, readable=write(spool, without_mark(pieces), ".utf8"), encoding=better)
        as_utf8 = source.readable
        with as_utf8.open("rb") as file:
            source = _csv(source, file.read(_HEAD), spool, again, None, step.part(0.8, 1))
        if as_utf8 != source.readable:
            as_utf8.unlink(missing_ok=True)
        return source
    source = _with_numbers(_described(source, dialect, counts), dialect)
    rewrite = rewriting(dialect, counts)
    if rewrite is None:
        return source
    rejects = RejectsCopy()
    pieces = without_mark(chunks(source.readable, step.part(0.6, 1), f"Preparing {source.name}"))
    source = replace(source, readable=write(spool, rewrite(pieces, source, rejects), ".csv"))
    return replace(source, rejects=rejects.write(spool), rejected=len(rejects))


def _described(source: Source, dialect: Dialect, counts: Counts) -> Source:
    above = dialect.above_rows + (dialect.header is not None)
    blank = counts.blank - dialect.above_blank if dialect.fields == 1 and not unquoted(dialect.delimiter) else 0
    skip = dialect.above + (dialect.header is not None)
    names = list(dialect.header or ())
    if len(names) == dialect.fields - 1 and dialect.header is not None:
        names.insert(0, "")
    return replace(
        source,
        columns=(LINE,) if dialect.delimiter == LINE else unique_names(names + [""] * (dialect.fields - len(names))),
        rows=counts.rows - above + blank,
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        escape=dialect.escape,
        header=dialect.header is not None,
        lines_before=skip + sum(cell.count("\n") for cell in dialect.header or ()),
        skip=skip,
    )


def _with_numbers(source: Source, dialect: Dialect) -> Source:
    """The source with the columns whose numbers are not written plainly."""
    full = [row for row in dialect.rows if len(row) == len(source.columns)]
    styles = {name: style([row[k] for row in full]) for k, name in enumerate(source.columns)}
    return replace(source, numbers=tuple((name, found) for name, found in styles.items() if found))


def _scan(
    path: Path, name: str, dialect: Dialect, check: Utf8Check, hasher: hashlib._Hash | None, step: Step
) -> Counts:
    """Count, check the encoding and hash in one pass; the hash in a thread of its own."""
    if unquoted(dialect.delimiter):
        return _scan_lines(path, name, dialect.delimiter, check, hasher, step)
    shape = RowShape.of(_sample_lines(path, 2000), dialect.delimiter, dialect.fields)
    counter = Counter(delimiter=dialect.delimiter, quote=dialect.quote, escape=dialect.escape, shape=shape)
    with ThreadPoolExecutor(1) as thread:
        hashing: Future[None] | None = None
        first = True
        for piece in chunks(path, step, f"Counting the rows of {name}"):
            if hasher:
                if hashing:
                    hashing.result()
                hashing = thread.submit(hasher.update, piece)
            check.feed(piece)
            counter.feed(piece.removeprefix(b"\xef\xbb\xbf") if first else piece)
            first = False
    check.finish()
    return counter.finish()


def _scan_lines(
    path: Path, name: str, delimiter: str, check: Utf8Check, hasher: hashlib._Hash | None, step: Step
) -> Counts:
    """The same for a file in which quotes mean nothing."""
    counts = Counts()
    pieces = chunks(path, step, f"Counting the rows of {name}")
    for line in physical_lines(without_mark(_watched(pieces, check, hasher))):
        filled = bool(values(line, delimiter))
        counts.rows += filled
        counts.blank += not filled
        counts.nul = counts.nul or b"\0" in line
    check.finish()
    return counts


def _watched(pieces: Iterable[bytes], check: Utf8Check, hasher: hashlib._Hash | None) -> Iterator[bytes]:
    for piece in pieces:
        check.feed(piece)
        if hasher:
            hasher.update(piece)
        yield piece


def _sample_lines(path: Path, most: int) -> list[str]:
    with path.open("rb") as file:
        return [line.decode("utf-8", "replace") for line in file.read(_SAMPLE).splitlines()[1 : most + 1]]


def _refuse_binary(head: bytes, name: str) -> None:
    strange = len(head) - len(head.translate(None, _CONTROLS))
    if strange > 0.02 * len(head) + 16:
        raise Refusal(
            "not_a_table",
            f"{name} is not text: {strange / len(head):.0%} of its first bytes are control characters.",
            "Limelight loads CSV (also .gz), Parquet, Excel and JSON lines.",
        )
