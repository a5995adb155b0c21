"""Cells of a CSV that a spreadsheet would run as formulas, made harmless. Every file for download goes through here."""

from __future__ import annotations

import re

# One pattern for Python and for DuckDB (RE2): only syntax that both read alike, whole-cell matches only.
# Spreadsheets look past blanks and control characters before the first sign, and read full-width signs as plain ones.
_BLANK = r"[\x00-\x20\x{A0}]"
_RUNS = rf"(?s:{_BLANK}*[=+\-@＝＋－＠].*|[\t\r\n].*)"
_NUMBER = r"[+-]?[0-9]+(?:[.,][0-9]+)*(?:[eE][+-]?[0-9]+)?%?"
_PHONE = r"\+[0-9(][0-9 ().\-/]*"
_HARMLESS = rf"{_NUMBER}|{_PHONE}"

_runs = re.compile(_RUNS.replace(r"\x{A0}", r"\xa0"))
_harmless = re.compile(_HARMLESS)


def defuse(text: str) -> str:
    """`text` with an apostrophe before it if a spreadsheet would run it as a formula, else as it is.

    Plain numbers (`-12.50`) and telephone numbers (`+49 30 901820`) stay: they hold nothing that can be run.
    A text that was defused already stays too, so that defusing twice does no harm.

    >>> defuse("=HYPERLINK(A1)"), defuse("-12.50"), defuse("+49 30 901820"), defuse("@SUM(A1)"), defuse("plain")
    ("'=HYPERLINK(A1)", '-12.50', '+49 30 901820', "'@SUM(A1)", 'plain')
    """
    return "'" + text if _runs.fullmatch(text) and not _harmless.fullmatch(text) else text


def defuse_sql(expression: str) -> str:
    """The SQL expression that does to a VARCHAR expression what `defuse` does to a text; NULL stays NULL.

    `expression` is SQL text of ours (a column through `ident`), never a person's.
    """
    runs = f"regexp_full_match({expression}, '{_RUNS}') AND NOT regexp_full_match({expression}, '{_HARMLESS}')"
    return f"CASE WHEN {runs} THEN '''' || {expression} ELSE {expression} END"
