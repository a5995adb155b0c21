"""Segments, one band of a movement: chosen, opened, kept; and what each part gained and lost."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.figures import part_name
from core.segments import NOT_SEEN, Flows, Movement
from core.store import Store
from pages._ui import format as fmt
from pages._ui.segments_pick import group_box
from pages._ui.text import plain

PARTS = ("was", "now")
"""Keys of the chosen band's two ends, in session state and in the address."""

Titles = dict[str, str | None]
End = tuple[str | None, str | None]


def titles(found: Movement) -> Titles:
    """What the page calls each part -> the part; users in none have a name that no part has."""
    none = part_name(None)
    while none in found.parts:
        none = f"{none} of them"
    return {**{part: part for part in (NOT_SEEN, *found.parts)}, none: None}


def chosen(found: Movement) -> End | None:
    """Draw two choosers; the band that they name, None while they name none."""
    named = titles(found)
    with_users = {"was": {one.was for one in found.bands}, "now": {one.now for one in found.bands}}
    labels = (f"Were in, on {fmt.last_day(found.start)}", f"Are in, on {fmt.last_day(found.end)}")
    ends: list[str] = []
    for column, key, label in zip(st.columns(2), PARTS, labels, strict=True):
        options = [title for title, part in named.items() if part in with_users[key]]
        if st.session_state.get(key) not in options:
            st.session_state.pop(key, None)
        end = column.selectbox(label, options, index=None, key=key, bind="query-params", placeholder="Choose a part")
        ends += [] if end is None else [end]
    return (named[ends[0]], named[ends[1]]) if len(ends) == 2 else None


def clicked(chart: str, found: Movement) -> None:
    """A cell of the figure was clicked: open its users."""
    points = st.session_state[chart].selection.points
    if points:
        named = {part: title for title, part in titles(found).items()}
        for key, part in zip(PARTS, points[0]["customdata"], strict=False):
            st.session_state[key] = named[part]


def band(store: Store, found: Movement, ends: End | None) -> None:
    """The users of a band."""
    if ends is None:
        st.caption("Choose both, or click a cell of the table, to see the users behind it.")
        return
    named = {part: title for title, part in titles(found).items()}
    was, now = (named[end] for end in ends)
    users = sum(one.users for one in found.bands if (one.was, one.now) == ends)
    words = (
        f"**{fmt.count(users, 'user')}**: {plain(was)} on {fmt.last_day(found.start)}, {plain(now)} on "
        f"{fmt.last_day(found.end)}. Both dates are part of the rule: it chooses the same users whenever it is used."
    )
    group_box(store, found.rule(*ends), None, f"{was} to {now}", users, "band", words)


def gains_table(sums: Flows, found: Movement) -> None:
    """Gains and losses of each part, in users."""
    st.subheader("What each part gained and lost", anchor=False)
    named = {part: title for title, part in titles(found).items()}
    rows = sums.parts
    meaning = {
        f"On {fmt.last_day(found.start)}": "Users in the part at the end of that date, of those seen by then.",
        "Stayed": "In it at both dates.",
        "Left": "Went to another part, or to none.",
        "Came": "Were in another part, or in none.",
        "New": "Were not yet seen at the first date.",
        f"On {fmt.last_day(found.end)}": "Stayed, came and new together.",
    }
    columns = (
        [row.was for row in rows],
        [row.stayed for row in rows],
        [row.lost for row in rows],
        [row.gained for row in rows],
        [row.new for row in rows],
        [row.now for row in rows],
    )
    table = {"Part": [named[row.part] for row in rows]}
    table |= {name: [fmt.number(n) for n in values] for name, values in zip(meaning, columns, strict=True)}
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        height="content" if len(rows) < 14 else 460,
        column_config={
            name: st.column_config.TextColumn(help=text, alignment="right") for name, text in meaning.items()
        },
    )
    st.caption("Users. “Not yet seen”: no event of any kind before the end of the first date.")
