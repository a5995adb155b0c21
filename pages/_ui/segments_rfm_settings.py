"""Segments, RFM: how the scores are made, and the names of the grid's cells, both kept in the address."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.segments import BadRule, Grid, Rfm, RfmSettings, default_grid
from pages._ui.rule_builder_leaf import leaf
from pages._ui.rule_builder_parts import Condition
from pages._ui.segments_address import LONGEST, packed, unpacked
from pages._ui.shell import refuse
from pages._ui.text import plain

_SCORES = (5, 4, 3)
PARTS = {5: "fifths", 4: "quarters", 3: "thirds"}
_MONEY = {"apart": "shown beside the grid", "with_frequency": "scored with frequency", "none": "not used"}
_CUTS = {
    "recency": ("Recency, days", {5: "30, 90, 180, 365", 4: "30, 90, 365", 3: "30, 180"}),
    "frequency": ("Frequency, orders", {5: "1, 2, 4, 9", 4: "1, 2, 5", 3: "1, 4"}),
    "money": ("Money", {5: "20, 50, 200, 1000", 4: "20, 100, 500", 3: "50, 500"}),
}
_GRIDS, _LINKED, NAMES = "_rfm_grids", "_rfm_names_said", "rfm_names"


def settings() -> RfmSettings | None:
    """The choices; None where they cannot be used (and the page has said why)."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        scores = st.segmented_control(
            "Scores from 1 to", _SCORES, default=5, required=True, key="rfm_scores", bind="query-params",
            help="Fewer scores suit fewer buyers: with 5, each score aims at a fifth of them; with 3, at a third.",
        )  # fmt: skip
        monetary = st.selectbox(
            "Money is", tuple(_MONEY), format_func=lambda option: _MONEY[option], key="rfm_money", bind="query-params",
            width=220, help="Scored with frequency: the second score is the mean of both, halves up.",
        )  # fmt: skip
        with st.popover("Own cuts"):
            cuts = _cuts(scores, money=monetary != "none")
    values = {"groups": ["11"], "scores": scores, "monetary": monetary, **cuts}
    try:
        rule = leaf(Condition(values, kind="rfm"))
    except BadRule as bad:
        label = _CUTS.get(str(bad.path).removeprefix("settings."), ("", {}))[0]
        where = f" of {label.lower()}" if label else ""
        st.error(plain(f"Own cuts{where}: {bad.problem}. Change them under “Own cuts”, or empty the field."))
        return None
    assert isinstance(rule, Rfm)
    return rule.settings


def _cuts(scores: int, *, money: bool) -> dict[str, str]:
    st.caption(
        f"{scores - 1} rising numbers, with commas between; empty: cut into {PARTS[scores]}. A value on a cut counts "
        "to the side below it: with 30, 90, … days, an order 30 days ago gets the best score."
    )
    found = {}
    for name, (label, usual) in _CUTS.items():
        text = st.text_input(
            label,
            key=f"rfm_cut_{name}",
            bind="query-params",
            placeholder=f"such as {usual[scores]}",
            disabled=name == "money" and not money,
        )
        found[name] = text.strip() if money or name != "money" else ""
    return found


def grid_for(made: RfmSettings) -> Grid:
    """The names of the cells: those that the address newly brings, one's own for this size, else the usual ones."""
    grids: dict[int, Grid] = st.session_state.setdefault(_GRIDS, {})
    linked = st.query_params.get(NAMES)
    if linked and linked != st.session_state.get(_LINKED):
        st.session_state[_LINKED] = linked
        try:
            rule = unpacked(linked)
            if isinstance(rule, Rfm):
                grids[rule.grid.size] = rule.grid
        except Refusal as refusal:
            refuse(refusal)
    grid = grids.get(made.scores, default_grid(made.scores))
    _show(grid, made.scores)
    return grid


def _show(grid: Grid, scores: int) -> None:
    text = "" if grid == default_grid(scores) else packed(Rfm(("11",), grid, RfmSettings(scores)))
    if not text or len(text) > LONGEST:
        st.query_params.pop(NAMES, None)
    elif st.query_params.get(NAMES) != text:
        st.session_state[_LINKED] = text
        st.query_params[NAMES] = text


def edit_grid(grid: Grid) -> None:
    """The names, cell by cell, to be changed."""
    size = grid.size
    st.caption(
        "The usual names are a convention, not a standard. Every cell needs a name; cells may share one. Your names go "
        "with the segment, the rule and the address of this page."
    )
    rows = {f"R{r}": [grid.name(r, f) for f in range(1, size + 1)] for r in range(size, 0, -1)}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=[f"F{f}" for f in range(1, size + 1)])
    edited = st.data_editor(table, key=f"rfm_names_{hash(grid)}")
    with st.container(horizontal=True):
        if st.button("Use these names", key="rfm_names_use"):
            try:
                names = tuple(str(edited.loc[f"R{c[0]}", f"F{c[1]}"] or "").strip() for c in grid.all_cells())
                st.session_state[_GRIDS][size] = Grid(names)
                st.rerun()
            except Refusal as refusal:
                refuse(refusal)
        if grid != default_grid(size) and st.button("Back to the usual names", key="rfm_names_back"):
            st.session_state[_GRIDS].pop(size, None)
            st.rerun()
