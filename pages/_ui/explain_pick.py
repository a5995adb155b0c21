"""Explain: finding a user or an item by typing, and drawing a user by chance."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import streamlit as st

from core.errors import Refusal
from core.explain import Found, draw_user, find_items, find_users
from core.segments import compile_rule, get_segment, list_segments, read_schema, saved_segments
from core.store import Query, Store
from pages._ui import explain_address as address
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.segments_words import segment_labels
from pages._ui.shell import refuse
from pages._ui.text import label

_MOST = 12
_EVERYONE = ""
_NOBODY, _FROM = "_explain_nobody", "explain_draw_from"


def user(store: Store) -> None:
    """Find a user by id, or draw one."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        typed = _typed("Find a user", "explain_find_user", "part of a user id", 320)
        _draw(store)
    _matches(store, find_users, typed, "user", "explain_find_user")
    if refusal := st.session_state.pop(_NOBODY, None):
        refuse(refusal)


def item(store: Store, name: address.Name, text: str, *, key: str) -> None:
    """Find an item by title or id; `name` is what the choice is called in the address."""
    typed = _typed(text, key, "part of a title, or of an item id", 420)
    _matches(store, find_items, typed, name, key)


def _typed(text: str, key: str, hint: str, width: int) -> str:
    said = st.text_input(
        text, key=key, type="search", live=True, placeholder=hint, width=width, icon=":material/search:"
    )
    return (said or "").strip()


def _matches(
    store: Store, find: Callable[[Store, str, int], list[Found]], typed: str, name: address.Name, key: str
) -> None:
    """What was found, to choose from; before anything is typed or chosen, some with much behaviour."""
    if not typed and (name == "why" or address.chosen(name)):
        return
    found = ask(store, find, typed, _MOST + 1)
    shown = {match.id: match for match in found[:_MOST]}
    if not shown:
        st.caption("Nothing is called so. Any part of it will do, in capitals or not.")
        return
    chosen = f"{key}_found"
    st.session_state.pop(chosen, None)
    more = f"The first {len(shown)} that fit: choose one, or type on" if len(found) > _MOST else "Choose one"
    st.pills(
        more if typed else "Some with much behaviour: choose one, or type",
        [*shown],
        key=chosen,
        format_func=lambda id_: _said(shown[id_]) if id_ in shown else "",
        on_change=_take,
        args=(name, chosen, key),
    )


def _said(match: Found) -> str:
    own = f"{match.label} ({match.id})" if match.label != match.id else match.id
    short = own if len(own) <= 60 else own[:59] + "…"
    return label(f"{short} · {fmt.count(match.events, 'event')}")


def _take(name: address.Name, chosen: str, key: str) -> None:
    address.choose(name, st.session_state[chosen])
    st.session_state[key] = ""


def _draw(store: Store) -> None:
    names = segment_labels(list_segments(store))
    if names:
        if st.session_state.get(_FROM) not in (_EVERYONE, *names):
            st.session_state.pop(_FROM, None)
        st.selectbox(
            "or one drawn by chance from",
            [_EVERYONE, *names],
            key=_FROM,
            format_func=lambda name: names.get(name, "everyone with events"),
            width=260,
        )
    st.button(
        "Draw one at random",
        key="explain_draw",
        icon=":material/casino:",
        on_click=_drawn,
        args=(store,),
        help="A user with events, each as likely as any other.",
    )


def _drawn(store: Store) -> None:
    name = st.session_state.get(_FROM) or None
    try:
        drawn = draw_user(store, members(store, name) if name else None, seed=secrets.randbelow(2**31))
    except Refusal as refusal:
        st.session_state[_NOBODY] = refusal
        return
    if drawn is None:
        where = f"Nobody in “{name}” has any events." if name else "No known user has any events."
        st.session_state[_NOBODY] = Refusal("nobody", where, "Choose another segment, or load data with users.")
    else:
        address.choose("user", drawn)


def members(store: Store, name: str) -> Query:
    """The query for the members of a saved segment, as of the day it keeps."""
    segment = get_segment(store, name)
    return compile_rule(segment.rule, read_schema(store, saved=saved_segments(store)), segment.as_of or store.as_of())
