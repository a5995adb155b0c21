"""Campaigns, the answer: both numbers, the gates, the notes, a look at the list, and what to do with it."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import Any, cast

import streamlit as st

from core.campaigns import StageName, TargetList, users_query
from core.figures import CONTACTED, STAGE_NAMES, waterfall_figure
from core.store import Store
from pages._ui import campaigns_backtest as backtest
from pages._ui import campaigns_files as files
from pages._ui import campaigns_jobs as jobs
from pages._ui import campaigns_save as save
from pages._ui import format as fmt
from pages._ui.campaigns_jobs import Made
from pages._ui.home_figures import chart
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_LEFT_OUT: dict[StageName, str] = {
    "candidates": "who could be chosen",
    "consent": "left out for want of consent",
    "suppressed": "left out by the suppression list",
    "bought": "left out because they bought it already",
    "size": "who rank below the size",
    "holdout": "held out as the control group",
}


def draw(store: Store) -> None:
    """The list that was made last; nothing where there is none."""
    made = jobs.current(store)
    if made is None:
        return
    target = made.target
    stale = target.facts.get("version") not in (None, store.version)
    if stale:
        st.warning("The data have changed since this list was made. Make it again, above.")
    elif jobs.changed(store, made):
        st.info("The question above has changed since this list was made. Press “Make the list” for a new one.")
    st.subheader(plain(headline(target)), anchor=False)
    if not len(target.contacted) and not len(target.control):
        st.info("Nobody passes all gates. The figure shows which one leaves most out: ask less of it.")
    picked = chart(
        waterfall_figure(target),
        f"fig_waterfall_{_short(made)}",
        "Bars: users who could be chosen, users left out at each gate, users to contact; the same numbers below.",
    )
    _stages(store, made, target, None if stale else picked, users=not stale)
    if target.notes:
        st.markdown("\n".join(f"- {plain(note)}" for note in target.notes))
    if not len(target.contacted) and not len(target.control):
        return
    if target.campaign.ask in ("item", "category"):
        st.divider()
        backtest.draw(store, made)
    st.divider()
    if stale:
        st.caption("Files are made from the data as they are: make the list again to download it.")
        return
    files.draw(store, made)
    st.divider()
    save.draw(store, made)


def headline(target: TargetList) -> str:
    """Both numbers in a sentence.

    A size counts those who are contacted; the control group comes on top of it.
    """
    people = f"{fmt.number(len(target.contacted))} {'person' if len(target.contacted) == 1 else 'people'} to contact"
    if not target.campaign.holdout:
        return f"{people}, without a control group."
    return f"{people}, {fmt.number(len(target.control))} held out as a control group."


def _stages(store: Store, made: Made, target: TargetList, picked: list[Any] | None, *, users: bool) -> None:
    """What each gate did, in words, and the users behind it."""
    with st.expander("Each gate in words", key="c_stages_open"):
        st.dataframe(
            {
                "Gate": [STAGE_NAMES[stage.stage] for stage in target.stages],
                "Came": [fmt.number(stage.before) for stage in target.stages],
                "Left out": [fmt.number(stage.before - stage.after) for stage in target.stages],
                "Passed": [fmt.number(stage.after) for stage in target.stages],
                "What it did": [stage.words for stage in target.stages],
            },
            hide_index=True,
            height="content",
            column_config={
                name: st.column_config.TextColumn(alignment="right") for name in ("Came", "Left out", "Passed")
            },
        )
    if not users:
        return
    kinds: dict[str, Any] = {"To contact": CONTACTED}
    kinds |= {STAGE_NAMES[name]: name for name, gone in target.dropped.items() if len(gone)}
    kinds["Could be chosen"] = "candidates"
    see_users(
        store,
        f"stage_{_short(made)}",
        partial(_behind, target),
        [Choice("Who", kinds)],
        picked=picked and [picked[0]],
    )


def _behind(target: TargetList, stage: StageName | str) -> Behind:
    """The users of one bar."""
    if stage == CONTACTED:
        return Behind("to contact", users_query(target.contacted.user_no))
    if stage == "candidates":
        return Behind(_LEFT_OUT["candidates"], users_query(everyone(target)))
    name = cast(StageName, stage)
    return Behind(_LEFT_OUT[name], users_query(target.dropped[name]))


def everyone(target: TargetList) -> list[int]:
    """All who came to the first gate: each is contacted, or was left out at one gate."""
    dropped = (gone for name, gone in target.dropped.items() if name != "candidates")
    return list(chain(target.contacted.user_no, *dropped))


def _short(made: Made) -> str:
    return made.token[-12:]
