"""Whether a regular expression is one that DuckDB can run (RE2), asked before the workspace is."""

from __future__ import annotations

from functools import cache, lru_cache

import duckdb

from core.store.connect import base_config


@lru_cache(maxsize=1_000)
def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a regular expression, in RE2's words ("missing ): a("); None where it is one.

    RE2 takes a time that grows with the text alone, so there is no pattern that hangs.

    >>> pattern_problem("^a+$"), pattern_problem("a(")
    (None, 'missing ): a(')
    """
    try:
        _connection().cursor().execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        return str(error).strip().split("Error: ", 1)[-1].splitlines()[0][:200]
    return None


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    """A connection without data: it takes longer to open than a pattern to read."""
    return duckdb.connect(":memory:", config=base_config())
