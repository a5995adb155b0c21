"""Segments by value: the answer, and one of its groups opened: who is in it, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import streamlit as st

from core.ingest import batches
from core.progress import Step
from core.segments import Rule, describe
from core.store import Store
from pages._ui import features_jobs, state
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.segments_members import csv_of, edit, sample_table, save_form
from pages._ui.text import plain

T = TypeVar("T")

_LARGE = 2_000_000
"""Events from which an answer may take over a second, and is worked out beside the page."""


def answer(store: Store, title: str, fn: Callable[..., T], *args: Any) -> T | None:
    """`fn(store, *args)`; on large data worked out beside the page, and None until it is there (the page says so)."""
    events = sum(int(b["events_added"]) for b in ask(store, batches) if b["live"])
    if events < _LARGE:
        return ask(store, fn, *args)
    params = {"of": fn.__qualname__, "asked": repr(args)}

    def make(step: Step) -> tuple[T, int]:
        return fn(store, *args, step=step), 100_000

    return features_jobs.beside(store, "by_value", title, params, make)


def many(value: float | None, one: str) -> str:
    """A median with what it counts: "1 order", "30 days"."""
    said = fmt.number(value)
    return f"{said} {one if said == '1' else one + 's'}"


def problem(text: str, key: str) -> None:
    """Why there is nothing to show, with the way to the data."""
    st.info(plain(text))
    if st.button("Load purchases", key=f"{key}_to_data"):
        state.go("data")


def opened(
    store: Store, rule: Rule, as_of: datetime | None, users: int, *, title: str, facts: str, saved_as: str, key: str
) -> None:
    """A group of users: what it is, its file, keeping it, using it in a rule, and some of its members.

    `title` is plain text, `facts` Markdown; `key` begins the keys of the widgets (`rfm` gives `rfm_csv`).
    """
    with st.container(border=True):
        st.subheader(plain(title), anchor=False)
        st.markdown(facts)
        with st.container(horizontal=True):
            csv_of(store, rule, as_of, saved_as, users, f"{key}_csv")
            save_form(store, rule, as_of, saved_as, f"{key}_save")
            st.button("Use in a rule", key=f"{key}_edit", on_click=edit, args=(store, rule), help=plain(describe(rule)))
        sample_table(store, rule, as_of, users)
