"""Answers are kept while the data stay as they are, and never mixed up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from core.errors import Refusal
from core.store import Store, close_workspace, open_workspace
from pages._ui.cache import ask

calls: list[object] = []


@dataclass(frozen=True)
class Window:
    start: date
    words: tuple[str, ...] = ()


def answer(store: Store, /, *args: object, **named: object) -> list[object]:
    calls.append(args)
    return [*args, named]


def refusing(store: Store) -> None:
    calls.append("refusing")
    raise Refusal("no", "Not this.")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    calls.clear()
    opened = open_workspace(str(tmp_path / "shop.duckdb"))
    yield opened
    close_workspace(opened)


def test_the_same_question_is_computed_once(store: Store) -> None:
    assert ask(store, answer, 1, "a") == ask(store, answer, 1, "a") == [1, "a", {}]
    assert len(calls) == 1


@pytest.mark.parametrize(
    "other", [(2,), ("1",), (1.5,), (True,), (None,), ((1, 2),), ({"a": 1},), (Window(date(2024, 1, 1)),), (1, 1)]
)
def test_another_question_is_computed_apart(store: Store, other: tuple[object, ...]) -> None:
    ask(store, answer, 1)
    assert ask(store, answer, *other) == [*other, {}]
    assert len(calls) == 2


def test_fields_of_a_question_count(store: Store) -> None:
    ask(store, answer, Window(date(2024, 1, 1), ("a",)))
    ask(store, answer, Window(date(2024, 1, 1), ("b",)))
    ask(store, answer, Window(date(2024, 1, 1), ("a",)))
    assert len(calls) == 2


def test_named_arguments_count(store: Store) -> None:
    assert ask(store, answer, k=1) == [{"k": 1}]
    assert ask(store, answer, k=2) == [{"k": 2}]


def test_a_set_is_the_same_in_any_order(store: Store) -> None:
    ask(store, answer, frozenset({"a", "b", "c"}))
    ask(store, answer, frozenset({"c", "b", "a"}))
    assert len(calls) == 1


def test_new_data_are_asked_anew(store: Store) -> None:
    ask(store, answer, 1)
    with store.atomic():
        pass
    ask(store, answer, 1)
    assert len(calls) == 2


def test_a_workspace_deleted_and_made_again_is_another(tmp_path: Path) -> None:
    path = tmp_path / "again.duckdb"
    first = open_workspace(str(path))
    calls.clear()
    ask(first, answer, 1)
    close_workspace(first)
    path.unlink()
    second = open_workspace(str(path))
    assert second.version == first.version
    ask(second, answer, 1)
    assert len(calls) == 2
    close_workspace(second)


def test_a_refusal_is_not_kept(store: Store) -> None:
    for _ in range(2):
        with pytest.raises(Refusal):
            ask(store, refusing)
    assert len(calls) == 2


def test_what_is_changed_by_one_caller_is_whole_for_the_next(store: Store) -> None:
    ask(store, answer, 1).append("mine")
    assert ask(store, answer, 1) == [1, {}]


def test_a_question_that_cannot_be_named_is_refused(store: Store) -> None:
    with pytest.raises(TypeError, match="cache key"):
        ask(store, answer, np.zeros(10_000))
    with pytest.raises(TypeError, match="no name"):
        ask(store, lambda store: 1)
