"""Whether people tire: the response to the nth exposure, of everybody and of the same people."""

from __future__ import annotations

import math
from functools import partial

import streamlit as st

from core.attention import Fatigue, FatigueQuestion, Per, exposure_events, fatigue, fatigue_users
from core.figures import event_name, fatigue_figure
from core.segments import EventStep
from core.store import Store
from pages._ui import format as fmt
from pages._ui import state
from pages._ui.attention_fading_cards import cards, definition, table_file
from pages._ui.cache import ask
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_PER: dict[str, Per | None] = {
    "auto": None, "campaign": "campaign", "item": "item", "user": "user",
}  # fmt: skip
_PER_WORDS = {
    "auto": "As suits the data", "campaign": "User and campaign", "item": "User and item", "user": "User, anything",
}  # fmt: skip
_DEFINITION = (
    "Bars: of all the times that somebody was shown something for the nth time, how often they responded, within the "
    "days allowed and before the next time (95 % Wilson intervals). Who is shown something for the eighth time is not "
    "everybody: bars of different n are of different people. The line follows the same people from the first time on."
)


def draw(store: Store, shown: Shown) -> None:
    """The part of the view."""
    kinds = ask(store, exposure_events)
    first = ask(store, fatigue, FatigueQuestion(), shown.window)
    if first.question.exposure is None or first.question.response is None:
        st.info(f"{first.problem} Choose below what counts as being shown something, if anything does."
                if len(kinds) > 1 else str(first.problem))  # fmt: skip
        if len(kinds) < 2:
            return
    suits = [step.event if step else None for step in (first.question.exposure, first.question.response)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        exposure = st.selectbox("Shown (exposure)", kinds, index=_place(kinds, suits[0], 0), key="exposure",
                                bind="query-params", format_func=event_name, width=170)  # fmt: skip
        answers = [kind for kind in kinds if kind != exposure]
        response = st.selectbox("Response", answers, index=_place(answers, suits[1], 0), key="response",
                                bind="query-params", format_func=event_name, width=170)  # fmt: skip
        per = st.selectbox("Counted for each", list(_PER), key="exposures_per", bind="query-params",
                           format_func=_PER_WORDS.__getitem__, width=190)  # fmt: skip
        days = st.number_input("Within (days)", 1, 60, 3, key="response_days", bind="query-params", width=130)
        same = st.number_input("Same people: at least", 2, 8, 5, key="same_people", bind="query-params", width=160,
                               help="The line follows those who were shown it at least so many times.")  # fmt: skip
    if not answers:
        return
    question = FatigueQuestion(EventStep(exposure), EventStep(response), _PER[per], int(days), same=int(same))
    found = ask(store, fatigue, question, shown.window)
    if found.problem:
        st.info(found.problem)
        return
    _key_figures(found)
    picked = chart(fatigue_figure(found), "fig_fatigue", f"Bars: response to the nth exposure, {shown.words}")
    with st.container(horizontal=True, wrap=False, gap="medium"):
        definition(_DEFINITION)
        numbers = {f"No. {n}": n for n in found.table["n"].tolist()}
        who: dict[str, bool | None] = {"All who were shown it": None, "Responded": True, "Did not respond": False}
        see_users(
            store, "fatigue", partial(_behind, store, shown, found),
            [Choice("Which", {"Any": None, **numbers}), Choice("Who", who)],
            picked=picked and [int(picked[0]), None],
        )  # fmt: skip
    _table(found)
    st.divider()
    st.markdown("**What next?** Choose whom to spare, or whom to reach: the users of a bar become a segment.")
    if st.button("Plan a list with a cap on contacts", type="primary", key="fatigue_next"):
        state.go("campaigns")


def _place(kinds: tuple[str, ...] | list[str], wanted: str | None, otherwise: int) -> int:
    return list(kinds).index(wanted) if wanted is not None and wanted in kinds else otherwise


def _key_figures(found: Fatigue) -> None:
    slope = found.slope
    odds = "–" if slope.slope is None else f"{math.exp(slope.slope):.2f} ×"
    first = found.table.iloc[0]
    cards(
        [
            (f"Response to no. {int(first['n'])}", fmt.percent(float(first["rate"])), "Of all shown it so often."),
            ("Odds from one to the next", odds, "The factor on the odds of a response at each further exposure, for "
             "the same user (conditional logistic slope over runs with some responses and some without). Below 1: "
             "people tire."),
            ("Halves at no.", "–" if found.halves is None or found.halves > 50 else f"{found.halves:.1f}",
             "The exposure at which the same people's response has fallen to half of the first, by that slope."),
            ("A reasonable cap", "–" if found.cap is None else f"{found.cap}", "The last exposure at which the "
             "response is still at least half of the first. Worth it or not depends on what a contact costs."),
        ]
    )  # fmt: skip
    st.caption(plain(" ".join(_said(found))))


def _said(found: Fatigue) -> list[str]:
    slope, said = found.slope, []
    if slope.slope is None or slope.low is None or slope.high is None:
        said.append("Whether people tire cannot be told: nobody responded to some exposures and not to others.")
    else:
        ends = f"95 %: {math.exp(slope.low):.2f} to {math.exp(slope.high):.2f}, from {slope.runs:,} runs"
        if slope.high < 0:
            said.append(f"People tire: the odds fall to {math.exp(slope.slope):.2f} of the last ({ends}).")
            if found.halves is not None and found.halves <= 50:
                high = "open" if found.halves_high is None else f"{found.halves_high:.1f}"
                said.append(f"Half of the first response at no. {found.halves:.1f} ({found.halves_low:.1f} to {high}).")
            else:
                said.append("But so slowly that no cap follows from it.")
        elif slope.low > 0:
            said.append(f"No tiring: the same people respond more the more often they are shown it ({ends}).")
        else:
            said.append(f"No tiring can be shown for the same people ({ends}).")
    per = {"campaign": "campaign", "item": "item", "user": "user"}[found.question.per or "user"]
    counted = f"{found.exposures:,} exposures, counted for each user{'' if per == 'user' else ' and ' + per}."
    left = (
        (found.waiting, "whose time to respond the data do not cover"),
        (found.nameless, f"that name no {per}"),
        (found.anonymous, "of unknown users"),
    )
    without = ", ".join(f"{many:,} {which}" for many, which in left if many)
    return [*said, counted + (f" Left out: {without}." if without else "")]


def _behind(store: Store, shown: Shown, found: Fatigue, n: int | None, answered: bool | None) -> Behind:
    what = event_name(found.question.exposure.event).lower() if found.question.exposure else ""
    which = f"no. {n} of the {what}" if n is not None else what
    did = {None: "", True: " and responded", False: " and did not respond"}[answered]
    users = fatigue_users(store, found.question, n, shown.window, answered=answered)
    return Behind(f"who were shown {which}{did}, {shown.words}", users)


def _table(found: Fatigue) -> None:
    percent = {
        name: st.column_config.NumberColumn(words, format="percent", help=help, width=80)
        for name, words, help in (
            ("rate", "Response", "All who were shown it for the nth time"),
            ("low", "95 % from", None), ("high", "to", None),
            ("first_rate", "Same at 1", "Those who came so far: their own response to the first"),
        )
    }  # fmt: skip
    numbers = {
        name: st.column_config.NumberColumn(words, format="localized", width=80)
        for name, words in (("n", "No."), ("exposures", "Exposures"), ("responses", "Responses"), ("users", "Users"))
    }
    ratios = {
        name: st.column_config.NumberColumn(words, format="%.2f", help=help)
        for name, words, help in (
            ("ratio", "nth / first", "For the same people; 95 % interval of matched pairs"),
            ("ratio_low", "95 % from ", None), ("ratio_high", "to ", None),
        )
    }  # fmt: skip
    st.dataframe(
        found.table, hide_index=True, height="content", column_config=percent | numbers | ratios,
        column_order=["n", "exposures", "responses", "users", "rate", "low", "high", "first_rate", "ratio",
                      "ratio_low", "ratio_high"],
    )  # fmt: skip
    table_file(found.table.to_dict("records"), "response-by-exposure")
