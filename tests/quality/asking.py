"""Putting a question to a small workspace of its own, and the rows that stand behind what is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.quality import Asked, Finding, Selection
from core.quality.ask import ask
from core.quality.kinds import chosen
from core.store import Query, Store
from tests.prepared import copied

Detector = Callable[[Asked], list[Finding]]


@contextmanager
def copy_of(prepared: Path, folder: Path) -> Iterator[Asked]:
    """A prepared workspace, asked."""
    with Store(copied(prepared, folder)) as store:
        yield ask(store, store.as_of())


def keys(asked: Asked, selection: Selection | None) -> list[int]:
    """The numbers that a selection chooses, each once, in order."""
    assert selection is not None
    found = chosen(asked, selection)
    array = asked.reader.read(found).column(0) if isinstance(found, Query) else found
    return sorted(set(array.to_pylist()))


def found(asked: Asked, detect: Detector, code: str, column: str | None = None) -> list[Finding]:
    """The findings of a detector with this code; each must count what its selection chooses."""
    out = [f for f in detect(asked) if f.code == code and (column is None or f.column == column)]
    for finding in out:
        if finding.selection:
            assert len(keys(asked, finding.selection)) == finding.count
            assert finding.examples
    return out


def one(asked: Asked, detect: Detector, code: str, column: str | None = None) -> Finding:
    """The only finding of a detector with this code."""
    (only,) = found(asked, detect, code, column)
    return only


def by_ids(asked: Asked, numbers: Sequence[int]) -> list[tuple[Any, ...]]:
    """(user, item, event) of events by their numbers, in order of the file."""
    query = Query(
        "SELECT user_id, item_id, event FROM events LEFT JOIN users USING (user_no) LEFT JOIN items USING (item_no) "
        f"WHERE event_no IN ({', '.join('?' * len(numbers))}) ORDER BY event_no",
        tuple(numbers),
    )
    return [tuple(row.values()) for row in asked.reader.rows(query)]
