"""JSON lines, or one JSON array of objects: flattened to a table of text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import Refusal
from core.ingest.copy import RejectsCopy, TextCopy, unique_names
from core.ingest.records import physical_lines

_SPACE = re.compile(r"[\s,]*")
_FIRST = 1000
_LONGEST = 64 << 20


@dataclass(frozen=True)
class JsonTable:
    """A JSON file as text: the Parquet copy, its columns, rows kept, rows refused and where they are noted."""

    path: Path
    columns: tuple[str, ...]
    rows: int
    rejects: Path | None
    rejected: int


@dataclass(frozen=True)
class _Found:
    line: int
    raw: str
    value: object = None
    problem: str = ""


def looks_like_json(head: bytes) -> bool:
    """The text begins with a JSON object, or with an array of objects."""
    text = head.lstrip()
    if text.startswith(b"["):
        return text[1:].lstrip()[:1] in (b"{", b"]")
    return bool(re.match(rb'\{\s*(?:"|\})', text))


def load_json(pieces: Iterable[bytes], again: Iterable[bytes], *, name: str, spool: Path, head: bytes) -> JsonTable:
    """The table in a JSON file, whose UTF-8 pieces are given twice: one pass finds the columns, one writes the rows.

    Nested objects become columns with dots in their names, lists of plain values are parted by bars. A list of objects
    (an order with its lines) becomes a column for each of their keys, `lines.sku`, whose cells hold a part for each
    object, parted by bars (by semicolons where a value of the file has a bar), so that they can be split as a basket;
    other lists stay JSON text. Numbers keep their digits as written. A line that is not a JSON object is refused, with
    its line.
    Raises Refusal `not_json_lines` when most of the first lines are.
    """
    array = head.lstrip().startswith(b"[")
    pretty = not array and _first_line_is_open(head)
    find = _values if array or pretty else _lines
    keys: dict[str, None] = {}
    marks = _Marks()
    looked = bad = rows = 0
    lone: object = None
    for found in find(pieces):
        looked += 1
        if isinstance(found.value, dict):
            rows, lone = rows + 1, found.value
            keys.update(dict.fromkeys(_flat(found.value, marks)))
        else:
            bad += 1
        if looked == _FIRST and bad > looked / 2:
            raise _not_lines(name, bad, looked)
    if looked == rows == 1 and not array and _holds_rows(lone):
        raise _one_object(name, lone)
    if bad > looked / 2 or not looked:
        raise _not_lines(name, bad, looked)
    columns, order = unique_names(keys), list(keys)
    rejects = RejectsCopy()
    with TextCopy(spool, columns) as copy:
        for found in find(again):
            if isinstance(found.value, dict):
                flat = _flat(found.value, marks)
                copy.add([flat.get(key) for key in order], found.line)
            else:
                rejects.add(found.line, "bad_json", found.problem, found.raw)
    return JsonTable(copy.path, columns, copy.rows, rejects.write(spool), len(rejects))


def _lines(pieces: Iterable[bytes]) -> Iterator[_Found]:
    for number, line in enumerate(physical_lines(pieces), start=1):
        if line.strip():
            yield _parsed(number, line)


def _parsed(number: int, line: bytes) -> _Found:
    raw = line.decode("utf-8", "replace").rstrip("\r\n")
    try:
        value = json.loads(line.decode("utf-8"), parse_float=str, parse_int=str, parse_constant=_nothing)
    except UnicodeDecodeError:
        return _Found(number, raw, problem=f"Line {number:,} has bytes that are not UTF-8.")
    except (json.JSONDecodeError, RecursionError) as error:
        what = error.msg if isinstance(error, json.JSONDecodeError) else "too deeply nested"
        return _Found(number, raw, problem=f"Line {number:,} is not valid JSON ({what}).")
    if not isinstance(value, dict):
        return _Found(number, raw, problem=f"Line {number:,} is JSON, but not an object of columns and values.")
    return _Found(number, raw, value)


def _values(pieces: Iterable[bytes]) -> Iterator[_Found]:
    """The elements of an array, or objects one after another over several lines."""
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_nothing)
    stream = iter(pieces)
    text, line, started = "", 1, False
    while True:
        at = _SPACE.match(text).end()  # type: ignore[union-attr]  # matches the empty string
        if not started and text[at : at + 1] == "[":
            at, started = at + 1, True
            at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        line += text.count("\n", 0, at)
        text = text[at:]
        try:
            value, end = decoder.raw_decode(text) if text and text[0] != "]" else (None, 0)
        except (json.JSONDecodeError, RecursionError) as error:
            end, value = 0, error
        if end and (end < len(text) or isinstance(value, dict)):
            ok = isinstance(value, dict)
            yield _Found(line, text[:end], value, "" if ok else f"Line {line:,}: an element is not an object.")
            line += text.count("\n", 0, end)
            text = text[end:]
            continue
        more = next(stream, None)
        if more is not None and len(text) < _LONGEST:
            text += more.decode("utf-8", "replace")
            continue
        if text.strip(" \t\r\n],"):
            yield _Found(
                line, text[:1000], problem=f"Line {line:,}: what follows is not valid JSON; nothing after it was read."
            )
        return


class _Marks:
    """What parts the cells made of lists of objects: the first mark that no value in such a list has."""

    def __init__(self) -> None:
        self._left = ["|", ";", "\x1f"]

    @property
    def mark(self) -> str:
        return self._left[0]

    def avoid(self, text: str) -> None:
        while len(self._left) > 1 and self._left[0] in text:
            del self._left[0]


def _flat(value: dict[str, object], marks: _Marks, prefix: str = "") -> dict[str, str | None]:
    out: dict[str, str | None] = {}
    for key, inner in value.items():
        name = prefix + key
        if isinstance(inner, dict):
            out.update(_flat(inner, marks, f"{name}.") or {name: None})
        elif isinstance(inner, list) and inner and all(isinstance(v, dict) for v in inner):
            out.update(_side_by_side(inner, marks, name) or {name: None})
        elif isinstance(inner, list):
            out[name] = _list(inner)
        else:
            out[name] = _text(inner)
    return out


def _side_by_side(objects: list[dict[str, object]], marks: _Marks, name: str) -> dict[str, str | None]:
    """A cell for each key of a list of objects, with a part for each object, blank where it has no such key."""
    flat = [_flat(one, marks, f"{name}.") for one in objects]
    keys = dict.fromkeys(key for one in flat for key in one)
    for one in flat:
        for text in one.values():
            marks.avoid(text or "")
    return {key: marks.mark.join(one.get(key) or "" for one in flat) for key in keys}


def _list(values: list[object]) -> str | None:
    plain = [_text(v) or "" for v in values if not isinstance(v, dict | list)]
    if len(plain) == len(values) and not any("|" in v for v in plain):
        return "|".join(plain) or None
    return json.dumps(values, ensure_ascii=False)


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _nothing(_: str) -> None:
    """NaN and the infinities are not JSON; they say that there is no value."""


def _first_line_is_open(head: bytes) -> bool:
    line = head.lstrip().splitlines()[0]
    try:
        json.loads(line)
    except ValueError:
        return len(head.lstrip().splitlines()) > 1 and not line.rstrip().endswith(b"}")
    return False


def _not_lines(name: str, bad: int, looked: int) -> Refusal:
    return Refusal(
        "not_json_lines",
        f"{name} looks like JSON, but {bad:,} of its first {looked:,} lines or elements are not objects.",
        "Give one object a line, or one array of objects.",
    )


def _holds_rows(value: object) -> bool:
    inner = value.values() if isinstance(value, dict) else ()
    return any(isinstance(v, list) and v and isinstance(v[0], dict) for v in inner)


def _one_object(name: str, value: object) -> Refusal:
    lists = [k for k, v in value.items() if isinstance(v, list)] if isinstance(value, dict) else []
    inside = f" The rows seem to be under {lists[0]!r}." if lists else ""
    return Refusal(
        "one_json_object",
        f"{name} is one JSON object, not a table.{inside}",
        "Save the list of rows by itself, as JSON lines or as an array of objects.",
    )
