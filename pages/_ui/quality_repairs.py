"""Quality, repairs: those that count in their order, those taken back, and one made by hand."""

from __future__ import annotations

import streamlit as st

from core.quality import Stored, repairs
from core.store import Store
from pages._ui import format as fmt
from pages._ui import quality_add
from pages._ui import quality_jobs as jobs
from pages._ui import quality_words as words
from pages._ui.cache import ask
from pages._ui.text import plain


def draw(store: Store) -> None:
    """The whole tab."""
    kept = ask(store, repairs)
    counting = [one for one in kept if one.ended_at is None]
    ended = [one for one in kept if one.ended_at is not None]
    if counting:
        st.markdown(
            "They are carried out in this order, each on what the one before it leaves, and again after every load. "
            "The loaded rows stay as they are."
        )
        for one in counting:
            _one(store, one, len(counting))
        if len(counting) > 1 and st.button("Take all back ...", key="quality_all_back"):
            _confirm_all(store, len(counting))
    else:
        st.info("No repair is applied. Open a finding to accept one that it offers, or make one by hand below.")
    if ended:
        with st.expander(f"Taken back ({len(ended)})"):
            for one in ended:
                when = f"accepted {fmt.moment(one.created_at)}, taken back {fmt.moment(one.ended_at)} (UTC)"
                st.markdown(f"{plain(one.words)}: {when}")
    quality_add.draw(store)


def _one(store: Store, one: Stored, of: int) -> None:
    number, busy = one.repair_no, jobs.changing(store)
    with st.container(border=True, key=f"repair_{number}"):
        st.markdown(f"**{one.place}. {plain(one.words)}**")
        done = one.done
        if done is not None:
            st.markdown(f"{words.touched(done)}.")
            if done.problem:
                st.warning(plain(done.problem))
        said = [f"accepted {fmt.moment(one.created_at)} UTC", f"repair {number}"]
        said += [f"“{plain(one.repair.note)}”"] if one.repair.note else []
        st.caption(" · ".join(said))
        if done is not None and done.before and done.after:
            with st.expander("Figures before and after"):
                told = words.compared(done.before, done.after, ("Before it", "After it"))
                st.table(told, border="horizontal", hide_index=True, width="content")
        with st.container(horizontal=True):
            st.button(
                "Take back", key=f"repair_back_{number}", disabled=busy, on_click=jobs.take_back, args=(store, number),
                help=f"The data show as if repair {number} had never been.",
            )  # fmt: skip
            if of > 1:
                _move(store, "Move up", number, one.place - 1, one.place == 1 or busy)
                _move(store, "Move down", number, one.place + 1, one.place == of or busy)


def _move(store: Store, text: str, number: int, place: int, disabled: bool) -> None:
    st.button(
        text,
        key=f"repair_{text.split()[1]}_{number}",
        type="tertiary",
        disabled=disabled,
        on_click=jobs.move,
        args=(store, number, place),
    )


@st.dialog("Take all repairs back?")
def _confirm_all(store: Store, n: int) -> None:
    st.markdown(f"The data then show as they were loaded, without these {fmt.count(n, 'repair')}. Each stays listed.")
    with st.container(horizontal=True):
        if st.button("Take them back", type="primary", key="quality_all_yes"):
            jobs.take_back_all(store)
            st.rerun()
        if st.button("Keep them", key="quality_all_no"):
            st.rerun()
