"""Models: finding one user or one item by typing; what was found stays in the address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from core.explain import Found, find_items, find_users
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.text import label

_MOST = 8
_FIND: dict[str, Callable[[Store, str, int], list[Found]]] = {"user": find_users, "item": find_items}
_HINT = {"user": "part of a user id", "item": "part of a title, or of an item id"}
_NOBODY_YET = {"user": "Some with much behaviour: choose one, or type", "item": "Some often taken: choose one, or type"}


def find(store: Store, what: Literal["user", "item"], name: str, text: str) -> str | None:
    """The raw id that was chosen, None before. `name` is the key of the choice, in session state and in the address."""
    box, typing = f"{name}_id", f"{name}_typed"
    linked = st.query_params.get(name)
    if linked and linked != st.session_state.get(f"_{name}_shown"):
        st.session_state[box] = linked
    typed = (
        st.text_input(
            text, key=typing, type="search", live=True, placeholder=_HINT[what], width=320, icon=":material/search:"
        )
        or ""
    ).strip()
    chosen = st.session_state.get(box)
    _offer(store, what, box, typing, typed, chosen)
    st.session_state[f"_{name}_shown"] = chosen
    if chosen and st.query_params.get(name) != chosen:
        st.query_params[name] = chosen
    if chosen:
        known = next((match for match in ask(store, _FIND[what], str(chosen), 1) if match.id == chosen), None)
        st.caption(f"Chosen: {_said(known)}" if known else f"These data have no {what} {label(str(chosen))}.")
    return str(chosen) if chosen else None


def _offer(store: Store, what: Literal["user", "item"], box: str, typing: str, typed: str, chosen: str | None) -> None:
    """What fits what is typed; some known ones before anything is typed or chosen."""
    if not typed and chosen:
        return
    found = {match.id: match for match in ask(store, _FIND[what], typed, _MOST)}
    if not found:
        st.caption("Nothing is called so. Any part of it will do, in capitals or not.")
        return
    pills = f"{box}_pills"
    st.session_state.pop(pills, None)
    st.pills(
        "Choose one, or type on" if typed else _NOBODY_YET[what],
        [*found],
        key=pills,
        format_func=lambda id_: _said(found[id_]) if id_ in found else "",
        on_change=_take,
        args=(box, pills, typing),
        wrap=True,
    )


def _said(match: Found) -> str:
    own = f"{match.label} ({match.id})" if match.label != match.id else match.id
    short = own if len(own) <= 48 else own[:47] + "…"
    return label(f"{short} · {fmt.count(match.events, 'event')}")


def _take(box: str, pills: str, typing: str) -> None:
    st.session_state[box] = st.session_state[pills]
    st.session_state[typing] = ""
