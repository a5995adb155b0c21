"""Features, which of them tell something: of who buys next, or of another feature."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import streamlit as st

from core.features import FeatureTable
from core.figures import relevance_figure
from core.store import Store
from pages._ui import features_jobs
from pages._ui import format as fmt
from pages._ui.features_ask import Asked
from pages._ui.features_jobs import Question, Told
from pages._ui.text import plain

_BUYS, _FEATURE = "Who buys next", "One of the features"
BITS = (
    "One bit is what the answer to an even yes-or-no question tells. The target as a whole holds so many bits; a feature "
    "that tells 10 % of them narrows it down by a tenth."
)


def draw(store: Store, asked: Asked, table: FeatureTable) -> None:
    """The question, and its answer once it has been worked out."""
    question = _ask(asked, table)
    if question is None:
        return
    shown = features_jobs.told(store, asked.spec, question, start=False)
    if shown is None:
        pressed = st.button("Find out", type="primary", key="tell")
        shown = features_jobs.told(store, asked.spec, question, start=True) if pressed else None
    if shown is not None:
        _answer(asked, question, shown)


def _ask(asked: Asked, table: FeatureTable) -> Question | None:
    many = asked.spec.table
    buys = "Which are bought next" if many == "items" else _BUYS
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        of = st.segmented_control(
            "They should tell", (buys, _FEATURE), default=buys, required=True, key=f"tell_{many}", bind="query-params"
        )
        feature, days = None, 30
        if of == buys:
            days = int(
                st.number_input("Within how many days", 1, 3_650, 30, key="tell_days", bind="query-params", width=170)
            )
        else:
            names = [column.name for column in table.columns]
            if st.session_state.get("tell_feature") not in names:
                st.session_state.pop("tell_feature", None)
            feature = st.selectbox("Which feature", names, key="tell_feature", bind="query-params", width=280)
        most = int(st.number_input("How many to choose", 1, 50, 10, key="tell_most", bind="query-params", width=150))
    if of == buys:
        if asked.last is None:
            st.info("No event has a time, so nothing says who bought next. Choose one of the features instead.")
            return None
        if not table.made_of.get("words", {}).get("purchase"):
            st.info("The data have no purchases up to this day, so nobody bought. Choose one of the features instead.")
            return None
        st.caption(plain(_moved(asked, days)))
    else:
        st.caption("How much each other feature says about this one, on the same day. It is no forecast.")
    return Question(feature, days, most)


def _moved(asked: Asked, days: int) -> str:
    """Which days the features see, and which the answer."""
    assert asked.last is not None
    span = fmt.count(days, "day")
    if asked.spec.as_of is None:
        until = asked.last - timedelta(days=days)
        return (
            f"For this, the features are made anew as of the end of {fmt.day(until)}, {span} earlier: they must not see "
            f"what they should tell. What happened in the {span} after it is the answer that they are held against."
        )
    return (
        f"Features up to the end of {fmt.day(asked.last)}, held against what happened in the {span} after it. The data "
        "must go on for so long."
    )


def _answer(asked: Asked, question: Question, told: Told) -> None:
    choice, many = told.choice, asked.spec.table
    of = plain(choice.target)
    if told.rate is not None and told.spec.as_of is not None:
        did = "bought" if many == "users" else "were bought"
        last = told.spec.as_of - timedelta(microseconds=1)
        of = (
            f"{fmt.percent(told.rate)} of the {many} {did} in the {fmt.count(question.days, 'day')} after "
            f"{fmt.day(last)}."
        )
    if not choice.chosen:
        st.info(f"{of} No feature tells anything about it.")
        return
    best = choice.chosen[0]
    st.subheader(plain(f"{best.name} tells most"), anchor=False)
    firm = sum(c.stability >= 0.8 for c in choice.chosen)
    looked = (
        f"{fmt.number(choice.rows)} of {fmt.number(choice.of)}" if choice.rows < choice.of else fmt.number(choice.of)
    )
    st.markdown(
        f"{of} {plain(f'By itself it tells {fmt.percent(best.bits / choice.target_bits)} of that.')} "
        f"{firm} of the {fmt.count(len(choice.chosen), 'chosen feature')} would be chosen nearly always: in at least "
        f"80 % of {choice.rounds} rounds on rows drawn anew."
    )
    st.plotly_chart(
        relevance_figure(choice, told.definitions),
        theme="streamlit",
        key="fig_relevance",
        config={"displayModeBar": False},
        alt="What each chosen feature tells; the same numbers stand below.",
    )
    st.caption(
        f"**Definition.** Bits: {plain(BITS[:1].lower() + BITS[1:])} Here it holds {choice.target_bits:.2f} bits. Each "
        "next feature is the one that tells most beyond those above it. It tells, it need not cause."
    )
    _table(told)
    if choice.left_out:
        with st.expander(f"{fmt.count(len(choice.left_out), 'feature')} left out, and why"):
            st.dataframe(
                pd.DataFrame(choice.left_out, columns=["Feature", "Why it was left out"]),
                hide_index=True,
                height="content" if len(choice.left_out) < 12 else 420,
            )
    st.caption(
        f"Worked out on {looked} {many}, twenty classes at most a feature; missing counts as a class of its own."
    )


def _table(told: Told) -> None:
    choice = told.choice
    st.dataframe(
        pd.DataFrame(
            {
                "": range(1, len(choice.chosen) + 1),
                "Feature": [c.name for c in choice.chosen],
                "Tells (bits)": [f"{c.bits:.3f}" for c in choice.chosen],
                "Of all there is to tell": [fmt.percent(c.bits / choice.target_bits) for c in choice.chosen],
                "Told already (bits)": [f"{c.shared:.3f}" for c in choice.chosen],
                "Chosen again": [fmt.percent(c.stability, 0) for c in choice.chosen],
                "Definition": [told.definitions.get(c.name, "") for c in choice.chosen],
            }
        ),
        hide_index=True,
        height="content" if len(choice.chosen) <= 12 else 460,
        column_config={
            "": st.column_config.NumberColumn(width=40, help="The order in which they were chosen."),
            "Feature": st.column_config.TextColumn(pinned=True),
            "Tells (bits)": st.column_config.TextColumn(alignment="right", help=BITS),
            "Of all there is to tell": st.column_config.TextColumn(alignment="right"),
            "Told already (bits)": st.column_config.TextColumn(
                alignment="right", help="How much of it the features above tell too, on average."
            ),
            "Chosen again": st.column_config.TextColumn(
                alignment="right",
                help=f"Share of {choice.rounds} rounds, each on as many rows drawn anew (one may come twice), in which it "
                "is chosen too. Far below 100 %: another feature could stand in its place.",
            ),
            "Definition": st.column_config.TextColumn(width="large"),
        },
    )
