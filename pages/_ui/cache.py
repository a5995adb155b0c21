"""Answers of core, kept while the data stay as they are."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

import streamlit as st

from core.segments import groups_stamp
from core.store import Store

P = ParamSpec("P")
T = TypeVar("T")

_openings: WeakKeyDictionary[Store, int] = WeakKeyDictionary()
_numbers = itertools.count()


def ask(store: Store, fn: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`fn(store, *args)`, computed once for each version of the data and shared by everyone who looks.

    `fn` is a function of a module (not a lambda). Arguments are plain values, dates, enums, paths, dataclasses,
    and lists, tuples, sets or dicts of them: anything else is a TypeError, since a key made of a whole table would
    be slow, and one made of its shortened text wrong. Callers get a copy and may change it. Errors are not kept.
    The 300 answers last used are kept, at most half a gigabyte of them.
    """
    name = f"{fn.__module__}.{fn.__qualname__}"
    if "<" in name:
        raise TypeError(f"{name} has no name of its own; give ask() a function of a module")
    key = json.dumps(
        [name, str(store.path), opening(store), store.version, _plain(args), _plain(kwargs)], sort_keys=True
    )
    if '["InGroup"' in key:  # members of a kept group may change while the data stay as they are
        key += groups_stamp(store)
    return cast(T, _kept(key, lambda: fn(store, *args, **kwargs)))


def opening(store: Store) -> int:
    """Which opening of a workspace this is: part of every key, since a file made again starts at version 0 again."""
    return _openings.setdefault(store, next(_numbers))


@st.cache_data(max_entries=300, max_size="512MB", show_spinner=False)
def _kept(key: str, _compute: Callable[[], object]) -> object:
    return _compute()


def _plain(value: object) -> object:
    """`value` as JSON that no other value shares."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return [type(value).__qualname__, fields]
    if isinstance(value, Mapping):
        return ["map", sorted((json.dumps(_plain(k), sort_keys=True), _plain(v)) for k, v in value.items())]
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, set | frozenset):
        return ["set", sorted(json.dumps(_plain(v), sort_keys=True) for v in value)]
    if isinstance(value, date | Decimal | Enum | Path):
        return [type(value).__name__, str(value)]
    raise TypeError(f"a {type(value).__name__} cannot be part of a cache key")
