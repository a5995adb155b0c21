"""Queries as values: parameters stay parameters, names stay names."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.store import Query, ident, joined

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)


@given(names)
def test_any_name_survives_quoting(name: str) -> None:
    with duckdb.connect() as connection:
        described = connection.execute(f"SELECT 1 AS {ident(name)}").description
    assert described[0][0] == name


@given(names)
def test_marks_inside_names_and_literals_are_not_parameters(name: str) -> None:
    literal = "'" + name.replace("'", "''") + "'"
    assert Query(f"SELECT {literal} AS {ident(name)}, ?", (1,)).params == (1,)


def test_marks_in_comments_do_not_count() -> None:
    assert Query("SELECT 1 -- what?\n, ?", (1,)).params == (1,)
    assert Query("SELECT 1 -- what?").params == ()


def test_too_few_and_too_many_parameters_are_refused() -> None:
    for params in ((), (1, 2)):
        with pytest.raises(ValueError, match="1 parameter marks"):
            Query("SELECT ?", params)


def test_putting_together_keeps_the_order() -> None:
    whole = Query("SELECT ?", (1,)) + " + " + Query("?", (2,))
    assert (whole.sql, whole.params) == ("SELECT ? + ?", (1, 2))
    assert joined(", ", []) == Query("")


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        ident(name)
