"""Segments, RFM: the grid, its segments, what the scores mean, and the users behind each cell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from core.figures.segments import rfm_grid
from core.segments import CELLS, Band, Rfm, RfmGroup, RfmResult, RfmSettings, rfm
from core.store import Store
from pages._ui import format as fmt
from pages._ui.segments_opened import answer, many, opened, problem
from pages._ui.segments_rfm_settings import PARTS, edit_grid, grid_for, settings
from pages._ui.text import plain

CHOSEN = "rfm"
"""Key of the chosen segment or cell, in session state and in the address."""
_CHART = "rfm_chart"


def draw(store: Store, as_of: datetime | None) -> None:
    """The whole view."""
    made = settings()
    if made is None:
        return
    grid = grid_for(made)
    found = answer(store, "RFM", rfm, as_of, grid, made)
    if found is None:
        return
    if found.problem:
        problem(found.problem, "rfm")
        return
    _key_figures(found)
    figure = st.container()
    name = _chooser(found)
    with figure:
        st.plotly_chart(
            rfm_grid(found, chosen=name),
            key=_CHART,
            on_select=_clicked,
            selection_mode="points",
            config={"displayModeBar": False},
            alt="Buyers by recency score and frequency score; the same numbers stand in the tables below.",
        )
    if name is not None:
        _opened(store, found, as_of, name)
    _table(found)
    _scores(found)
    with st.expander("What the words mean"):
        st.markdown(_meaning(found.settings))
    with st.expander("Use other names for the cells"):
        edit_grid(grid)


def _key_figures(found: RfmResult) -> None:
    best = sorted(found.segments, key=lambda s: -(s.revenue_share or s.share))[:3]
    cells = st.columns(1 + len(best))
    cells[0].metric(
        "Buyers",
        fmt.number(found.buyers),
        help="Users with at least one order that has a time, returned or not.",
    )
    cells[0].caption(f"{fmt.percent(found.buyer_share)} of {fmt.number(found.users)} known users")
    for cell, segment in zip(cells[1:], best, strict=True):
        cell.metric(plain(segment.name), fmt.number(segment.users))
        money = "" if segment.revenue_share is None else f", {fmt.percent(segment.revenue_share)} of net value"
        cell.caption(f"{fmt.percent(segment.share)} of buyers{money}")
    if found.undated:
        st.caption(f"{fmt.count(found.undated, 'user')} whose purchases have no time are not among the buyers.")


def _scores(found: RfmResult) -> None:
    st.markdown("**What the scores mean**")
    columns = {"Last order": found.recency, "Orders": found.frequency, "Net value": found.monetary}
    if found.settings.monetary == "none":
        del columns["Net value"]
    scores = range(found.settings.scores, 0, -1)
    table = pd.DataFrame(
        {"Score": scores, **{name: [_band(name, bands, score) for score in scores] for name, bands in columns.items()}}
    )
    st.dataframe(table, hide_index=True, height="content")
    st.caption(f"In brackets: buyers. {_made(found.settings)}")


def _made(made: RfmSettings) -> str:
    """How the scores came, in sentences."""
    own = [name for name in ("recency", "frequency", "money") if getattr(made, name)]
    said = ""
    if len(own) < (2 if made.monetary == "none" else 3):
        of = "Each score" if not own else "Each score without own cuts"
        said = (
            f"{of} aims at a {PARTS[made.scores][:-1]} of them, but equal customers always get equal scores: where "
            "many are alike, a score holds more, and another may stay empty."
        )
    if own:
        said = f"By your own cuts: {', '.join(own)}. {said}"
    if made.monetary == "with_frequency":
        said += " The grid's second score is the mean of orders' and net value's, halves up."
    return said.strip()


def _band(name: str, bands: Sequence[Band], score: int) -> str:
    band = next((b for b in bands if b.score == score), None)
    if band is None:
        return fmt.NONE
    low, high = (fmt.money(v) if name == "Net value" else fmt.number(v) for v in (band.lowest, band.highest))
    unit = "" if name != "Last order" else " day ago" if high == "1" else " days ago"
    return f"{low if low == high else f'{low} to {high}'}{unit} ({fmt.number(band.users)})"


def _clicked() -> None:
    """A cell of the figure was clicked: open it."""
    points = st.session_state[_CHART].selection.points
    if points:
        st.session_state[CHOSEN] = points[0]["customdata"][0]


def _groups(found: RfmResult) -> dict[str, RfmGroup]:
    return {s.name: s for s in found.segments} | {c.cells[0]: c for c in found.cells}


def _chooser(found: RfmResult) -> str | None:
    groups = _groups(found)
    if st.session_state.get(CHOSEN) not in groups:
        st.session_state.pop(CHOSEN, None)
    return st.selectbox(
        "Open a segment, or a cell (or click it above)",
        [*groups],
        index=None,
        key=CHOSEN,
        bind="query-params",
        format_func=lambda option: _label(option, groups[option], found),
        placeholder="Choose a segment to see its users",
        width=420,
    )


def _opened(store: Store, found: RfmResult, as_of: datetime | None, name: str) -> None:
    group = _groups(found)[name]
    opened(
        store, Rfm((name,), found.grid, found.settings), as_of, group.users,
        title=_label(name, group, found), facts=_facts(group), saved_as=_short(name, found), key="rfm",
    )  # fmt: skip


def _label(name: str, group: RfmGroup, found: RfmResult) -> str:
    return name if name not in CELLS else f"{_short(name, found)} ({group.name})"


def _short(name: str, found: RfmResult) -> str:
    """The segment's name, or the cell's scores: "R5 F1"."""
    second = "FM" if found.settings.monetary == "with_frequency" else "F"
    return name if name not in CELLS else f"R{name[0]} {second}{name[1]}"


def _facts(group: RfmGroup) -> str:
    if not group.users:
        return "No buyer has these scores."
    parts = [f"**{fmt.count(group.users, 'buyer')}**, {fmt.percent(group.share)} of buyers"]
    if group.revenue_share is not None:
        parts.append(f"{fmt.percent(group.revenue_share)} of net value")
    typical = f"{many(group.recency, 'day')} since the last order, {many(group.frequency, 'order')}"
    money = "" if group.monetary is None else f", net value {fmt.money(group.monetary)}"
    return "; ".join(parts) + f". The typical one (medians): {typical}{money}."


def _table(found: RfmResult) -> None:
    st.markdown("**All segments**")
    rows = found.segments
    table = pd.DataFrame(
        {
            "Segment": [s.name for s in rows],
            "Buyers": [fmt.number(s.users) for s in rows],
            "Of buyers": [fmt.percent(s.share) for s in rows],
            "Of net value": [fmt.percent(s.revenue_share) for s in rows],
            "Last order": [fmt.number(s.recency) for s in rows],
            "Orders": [fmt.number(s.frequency) for s in rows],
            "Net value": [fmt.money(s.monetary) for s in rows],
        }
    )
    meaning = {
        "Buyers": "Users with at least one order that has a time.",
        "Of buyers": "Share of all buyers.",
        "Of net value": "Share of all buyers' purchases minus returns.",
        "Last order": "Days since the last order, median.",
        "Orders": "Median.",
        "Net value": "Purchases minus returns, median, in the currency of the data.",
    }
    columns = {name: st.column_config.TextColumn(help=text, alignment="right") for name, text in meaning.items()}
    st.dataframe(table, hide_index=True, height="content", column_config=columns)
    st.caption(
        "Last order (days ago), orders (number) and net value (purchases minus returns, in the currency of the data) "
        "are medians of the segment's buyers."
    )


def _meaning(made: RfmSettings) -> str:
    second = "R and FM" if made.monetary == "with_frequency" else "R and F"
    money = "It is not scored here." if made.monetary == "none" else f"The names go by {second}."
    return f"""
- **Recency (R)**: days since the last order, counted back from the end of the data; {made.scores} = most recent.
  “1 to 12 days ago” is the same as the rule “at least 1 order in the last 12 days”.
- **Frequency (F)**: orders, not lines of the file: order numbers, or days with a purchase where there are none.
  Returned orders count as placed.
- **Monetary (M)**: what they paid minus what was returned. {money}
- **Scores**: where you set no cuts of your own, each is cut where equal parts ({PARTS[made.scores]}) of the buyers lie
  below, at the nearest boundary between two different values. So equal customers get equal scores, and the order of
  rows in the file never matters.
- Anonymous purchases (no user) belong to nobody and are left out.
"""
