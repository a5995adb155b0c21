"""Rows as they may be kept among the rejects: without the cells that the analyst leaves out, hides or keeps apart."""

from __future__ import annotations

import csv
import io
from typing import Any

from core.ingest.dialect import split, unquoted
from core.ingest.types import Mapping, Source

HIDDEN = "***"
"""Stands for a cell that is not kept."""


def hidden_columns(mapping: Mapping, columns: tuple[str, ...]) -> frozenset[str]:
    """The columns whose cells never stand among the rejects: contact, pseudonyms, and all that is left out.

    A load does not know which of the columns left out hold personal data, so it hides all of them.
    """
    kept = {c.column for c in mapping.columns if c.role not in ("ignore", "contact") and not c.pseudonym}
    return frozenset(columns) - kept


def masked(source: Source, hidden: frozenset[str], raw: str | None) -> str | None:
    """A row of the file as it may be kept: the cells of `hidden` are `***`; None where it cannot be taken apart."""
    if not hidden or raw is None:
        return raw
    prepared = source.format != "csv"  # core.ingest.lines writes their rows parted by tabs
    cells = raw.split("\t") if prepared else _cells(raw, source)
    if len(cells) != len(source.columns):
        return None
    shown = [HIDDEN if name in hidden else cell for name, cell in zip(source.columns, cells, strict=True)]
    if prepared or unquoted(source.delimiter):
        return ("\t" if prepared else source.delimiter).join(shown)
    return _written(shown, source)


def _cells(raw: str, source: Source) -> list[str]:
    """The cells of one record; none where its quotes are not in order: a cell in the wrong place would be shown."""
    if unquoted(source.delimiter):
        records = split(raw, source.delimiter, source.quote, source.escape)
    else:
        try:
            records = list(csv.reader(raw.splitlines(keepends=True), strict=True, **_rules(source)))
        except csv.Error:
            return []
    return records[0] if len(records) == 1 else []


def _written(cells: list[str], source: Source) -> str | None:
    out = io.StringIO()
    try:
        csv.writer(out, lineterminator="", **_rules(source)).writerow(cells)
    except csv.Error:
        return None
    return out.getvalue()


def _rules(source: Source) -> dict[str, Any]:
    return {
        "delimiter": source.delimiter,
        "quotechar": source.quote or None,
        "quoting": csv.QUOTE_MINIMAL if source.quote else csv.QUOTE_NONE,
        "doublequote": source.escape != "\\",
        "escapechar": "\\" if source.escape == "\\" else None,
        "skipinitialspace": True,
    }
