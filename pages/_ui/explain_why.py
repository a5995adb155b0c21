"""Explain, a user: the ranked list with why, and one score taken apart in two ways."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.explain import LabelledView, Recommended, Why, recommended, why
from core.figures import parts_are_shares, parts_figure
from core.recommend import StoredModel, info
from core.store import Store
from pages._ui import explain_address as address
from pages._ui import explain_counterfactual, explain_pick, fitted
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.explain_files import file_name, parts_file, recommended_file
from pages._ui.explain_words import exactness, score_words, views_words
from pages._ui.shell import refuse
from pages._ui.text import label, plain

_K = 10
_PARTS = 8
_LIST = "explain_list"


def list_of(store: Store, model_id: str, user: str, k: int) -> list[Recommended]:
    """The user's list by a stored model."""
    return recommended(store, fitted.load(store, model_id), user, k)


def why_of(store: Store, model_id: str, user: str, item: str, most: int | None) -> Why:
    """Why this item, by a stored model; `most` parts of each view."""
    return why(store, fitted.load(store, model_id), user, item, most=most)


def draw(store: Store, model: StoredModel, user: str) -> None:
    """List and explanation."""
    try:
        rows = ask(store, list_of, model.model_id, user, _K)
    except Refusal as refusal:
        refuse(refusal)
        return
    if not rows:
        st.info("This model has nothing to recommend to this user. “Most popular” serves users without history.")
    item = _chosen(rows)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if rows:
            csv_button(
                f"CSV of {fmt.count(len(rows), 'recommendation')}",
                recommended_file(user, info(model.fit.model.model).plain, rows),
                file_name("recommended to", user),
                "explain_list_csv",
                help="With the sentence on why; it names no other user.",
            )
        with st.popover("Ask about another item", key="explain_ask"):
            explain_pick.item(store, "why", "Why, or why not, this item?", key="explain_find_why")
    if item is not None:
        _explained(store, model, user, item, listed=item in {row.item for row in rows})


def _chosen(rows: list[Recommended]) -> str | None:
    """The list to choose from; the item to explain: the one asked about, else the first."""
    lines = {row.item: row for row in rows}
    asked = address.chosen("why")
    wanted = asked or next(iter(lines), None)
    if lines:
        st.session_state[_LIST] = wanted if wanted in lines else None
        st.radio(
            "Ranked, the best first; items this user has had to do with are left out. Choose one to see why:",
            [*lines],
            key=_LIST,
            index=None,
            format_func=lambda item: _line(lines[item]) if item in lines else "",
            captions=[plain(row.sentence) for row in rows],
            on_change=_take,
        )
    return wanted


def _take() -> None:
    address.choose("why", st.session_state[_LIST])


def _line(row: Recommended) -> str:
    category = f"  :small[:gray[{plain(row.category)}]]" if row.category else ""
    return f"{row.rank}\\. **{label(row.label)}**{category}"


def _explained(store: Store, model: StoredModel, user: str, item: str, *, listed: bool) -> None:
    with st.container(border=True):
        try:
            found = ask(store, why_of, model.model_id, user, item, _PARTS)
        except Refusal as refusal:
            refuse(refusal)
            return
        st.subheader(f"Why “{plain(found.label)}”?", anchor=False)
        if found.seen:
            st.caption("This user has had to do with it already, so it would not be recommended again.")
        elif not listed and found.rank is not None:
            st.caption(f"It is in place {fmt.number(found.rank)} of this user's list, behind the first {_K}.")
        st.markdown(plain(found.sentence))
        if found.spoke_words:
            st.markdown(plain(found.spoke_words))
        if not math.isfinite(found.score):
            return
        if found.spoke_words:
            st.markdown(plain(found.spoke_words))
        st.caption(views_words(found))
        with st.container(horizontal=True, gap="medium", key="explain_views"):
            for view in (found.items, found.users):
                with st.container(width=_WIDTH, gap="small"):
                    _view(found, view)
        st.caption(plain(score_words(found)))
        with st.expander("The parts as a table"):
            _table(found)
        explain_counterfactual.draw(store, model, user, found.item, _K, listed=listed)
        _files(store, model, found)


_WIDTH = 450  # of each view: two stand side by side in a window of 1,440 pixels, one below the other at 1,000


def _view(found: Why, view: LabelledView) -> None:
    if view.parts:
        st.plotly_chart(
            parts_figure(view, found.score, found.base),
            key=f"explain_parts_{view.of}",
            config={"displayModeBar": False},
            alt=f"Parts of the score by {view.of}; the same numbers stand in the table below.",
        )
        if not parts_are_shares(view, found.score, found.base):
            st.caption("Much speaks for it and much against, so the parts are shown as they are, not as shares.")
        st.caption(f"{exactness(view)} {plain(view.how)}")
    else:
        st.markdown("**Past items**" if view.of == "items" else "**Users who took it**")
        st.info(plain(view.how))


def _table(found: Why) -> None:
    for view in (found.items, found.users):
        if not view.parts:
            continue
        shares = parts_are_shares(view, found.score, found.base)
        rows = [(part.label, part.note, part.value, part.share) for part in view.parts]
        if view.others:
            rows.append((f"{fmt.number(view.others)} others together", "", view.others_value, None))
        if found.base:
            rows.append(("Where every score begins (base)", "", found.base, None))
        st.dataframe(
            pd.DataFrame(
                {
                    "Past item" if view.of == "items" else "Similar user": [row[0] for row in rows],
                    "What is known": [row[1] for row in rows],
                    "Adds to the score": [f"{row[2]:,.6g}" for row in rows],
                }
                | ({"Share": [fmt.percent(row[3]) for row in rows]} if shares else {})
            ),
            hide_index=True,
            height="content",
            column_config={
                "Adds to the score": st.column_config.TextColumn(alignment="right"),
                "Share": st.column_config.TextColumn(alignment="right", help="Of the score without its base."),
            },
        )


def _files(store: Store, model: StoredModel, found: Why) -> None:
    with st.container(horizontal=True):
        if found.items.parts:
            csv_button(
                "CSV of past items",
                _whole(store, model, found, of_users=False),
                file_name("why", found.item, "items"),
                "explain_items_csv",
                help="All parts with their values: base and parts add up to the score.",
            )
        if found.users.parts:
            csv_button(
                "CSV of similar users (internal)",
                _whole(store, model, found, of_users=True),
                file_name("internal why", found.item, "users"),
                "explain_users_csv",
                help="All parts with their values. It names other users: for internal use, not for a campaign.",
            )


def _whole(store: Store, model: StoredModel, found: Why, *, of_users: bool) -> Callable[[Path], object]:
    """What writes all parts, not only the largest."""

    def make(path: Path) -> None:
        whole = ask(store, why_of, model.model_id, found.user, found.item, None)
        parts_file(whole, of_users=of_users)(path)

    return make
