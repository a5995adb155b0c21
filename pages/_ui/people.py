"""These users: the people behind a number or a bar, how many they are, a look at some, and the file of all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.behaviour import count_people, sample_people, write_people
from core.errors import Refusal
from core.segments import InGroup, Rule, keep_users
from core.store import Query, Store
from pages._ui import format as fmt
from pages._ui import state
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.segments_members import RULES, VIEW, set_draft
from pages._ui.shell import refuse
from pages._ui.text import plain

_SAMPLE = 20


@dataclass(frozen=True)
class Behind:
    """Who stands behind a number.

    Attributes:
        words: who they are, as the rest of "Users ..." ("who bought on 3 Mar 2025").
        users: the query that yields them.
        rule: the rule that chooses the same users, where a segment can say it; None where it cannot.
    """

    words: str
    users: Query
    rule: Rule | None = None


@dataclass(frozen=True)
class Choice:
    """One thing to choose in the window of these users (which bar, which kind), as label -> value."""

    label: str
    options: dict[str, Any]


def see_users(
    store: Store,
    key: str,
    behind: Callable[..., Behind],
    choices: Sequence[Choice] = (),
    *,
    label: str = "See these users",
    picked: Sequence[Any] | None = None,
) -> None:
    """A button that opens these users; `behind` is given the value of each choice.

    With `picked` (a value for each choice, from a click on the figure) they are opened at once.
    """
    pressed = st.button(
        label,
        key=f"see_{key}",
        type="tertiary",
        icon=":material/group:",
        help="Who stands behind this: count, sample, file.",
    )
    if pressed or picked is not None:
        for n, choice in enumerate(choices):
            wanted = picked[n] if picked is not None else None
            labels = [name for name, value in choice.options.items() if value == wanted]
            st.session_state[f"see_{key}_{n}"] = labels[0] if labels else next(iter(choice.options))
        _window(store, key, behind, tuple(choices))


@st.dialog("These users", width="large")
def _window(store: Store, key: str, behind: Callable[..., Behind], choices: tuple[Choice, ...]) -> None:
    try:
        values = []
        for column, (n, choice) in zip(st.columns(max(len(choices), 1)), enumerate(choices), strict=False):
            name = column.selectbox(choice.label, choice.options, key=f"see_{key}_{n}")
            values.append(choice.options[name])
        _people(store, key, behind(*values))
    except Refusal as refusal:
        refuse(refusal)


def _people(store: Store, key: str, who: Behind) -> None:
    number = ask(store, count_people, who.users)
    st.markdown(f"**{fmt.count(number, 'user')}** {plain(who.words)}")
    if not number:
        st.info("Nobody. Events that name no user have nobody behind them; otherwise choose another period or bar.")
        return
    shown = ask(store, sample_people, who.users, _SAMPLE)
    st.dataframe(
        shown,
        hide_index=True,
        height="content" if len(shown) <= 8 else 320,
        column_order=["user_id", "orders", "net_revenue", "events", "last_seen", "filled"],
        column_config={
            "user_id": "User",
            "orders": st.column_config.NumberColumn("Orders", format="localized"),
            "net_revenue": st.column_config.NumberColumn(
                "Net revenue", format="localized", help="Purchases less returns, in the file's currency"
            ),
            "events": st.column_config.NumberColumn("Events", format="localized"),
            "last_seen": st.column_config.DatetimeColumn("Last seen (UTC)", format="D MMM YYYY, HH:mm"),
            "filled": st.column_config.TextColumn("Filled", help="Columns of this user whose value a repair filled"),
        },
    )
    drawn = (
        f"{len(shown)} of {fmt.number(number)}, drawn by chance but always the same" if number > len(shown) else "All"
    )
    st.caption(f"{drawn}. Orders, revenue and events are over all the data, up to their end.")
    with st.container(horizontal=True):
        csv_button(
            f"CSV of {fmt.count(number, 'user')}", writer(store, who), file_name(who.words), f"csv_{key}", rows=number
        )
        if who.rule is not None and st.button("Make it a segment", key=f"segment_{key}"):
            _open_segment(store, who.rule)
    if who.rule is None:
        _keep(store, key, who)


def _keep(store: Store, key: str, who: Behind) -> None:
    """Users whom no rule describes become a segment as those they are now, under a name."""
    with st.form(f"keep_{key}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Keep them as a group called", _name(who.words), max_chars=80, key=f"name_{key}")
        pressed = st.form_submit_button(
            "Make it a segment",
            help="These users, settled as they are now: later loads add nobody. Found again under Segments.",
        )
    if pressed:
        keep_users(store, name.strip(), who.users, f"Users {who.words}")
        _open_segment(store, InGroup(name.strip()))


def _name(words: str) -> str:
    """A name for a group, from what is said of it."""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in words)).strip()[:80].strip()


def _open_segment(store: Store, rule: Rule) -> None:
    set_draft(store, rule)
    st.switch_page(state.page_path("segments"), query_params={state.WS: state.workspace() or "", VIEW: RULES})


def writer(store: Store, who: Behind) -> Callable[[Path], object]:
    """What writes the file of all these users."""
    return lambda path: write_people(store, who.users, path)


def file_name(words: str) -> str:
    """A file name that is one everywhere, from whatever stands in `words`."""
    return re.sub(r"[^A-Za-z0-9]+", "-", f"users {words}").strip("-").lower()[:80] + ".csv"
