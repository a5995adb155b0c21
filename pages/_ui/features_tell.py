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
from pages._ui.features_ask import Asked, said
from pages._ui.features_jobs import Question, Told
from pages._ui.text import plain

_BUYS, _BOUGHT, _FEATURE = "Who buys next", "What is bought next", "One of the features"


def draw(store: Store, asked: Asked, table: FeatureTable) -> None:
    """The question, and its answer once it has been worked out."""
    question = _ask(asked, table)
    if question is None:
        return
    shown = features_jobs.told(store, asked.spec, question, start=False)
    if shown is None and not features_jobs.asked(store, asked.spec, question):
        pressed = st.button("Find out", type="primary", key="tell")
        shown = features_jobs.told(store, asked.spec, question, start=True) if pressed else None
    if shown is not None:
        _answer(asked, question, shown)


def _ask(asked: Asked, table: FeatureTable) -> Question | None:
    many = asked.spec.table
    buys = _BOUGHT if many == "items" else _BUYS
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
    if of != buys:
        st.caption("How much each other feature says about this one, on the same day. It is no forecast.")
    elif not _possible(asked, table, days):
        return None
    return Question(feature, days, most)


def _possible(asked: Asked, table: FeatureTable, days: int) -> bool:
    """Whether the data can answer who bought within `days`; the page says what is meant, or what is lacking."""
    if asked.last is None or asked.end is None:
        st.info("No event has a time, so nothing says who bought next. Choose one of the features instead.")
        return False
    if not table.made_of.get("words", {}).get("purchase"):
        st.info("The data have no purchases up to this day, so nobody bought. Choose one of the features instead.")
        return False
    span = fmt.count(days, "day")
    if asked.spec.as_of is None:
        until = asked.last - timedelta(days=days)
        st.caption(
            f"For this, the features are made anew as of the end of {fmt.day(until)}, {span} earlier: they must not "
            f"see what they should tell. What happened in the {span} after it is the answer they are held against."
        )
        return True
    left = (asked.end - asked.last).days
    if left < days:
        st.info(
            f"After {fmt.day(asked.last)} there {'is' if left == 1 else 'are'} {fmt.count(left, 'day')} of data, but "
            f"{fmt.number(days)} are needed to see who bought. Let the data end on "
            f"{fmt.day(asked.end - timedelta(days=days))} or earlier, in the first row above, or ask for fewer days."
        )
        return False
    st.caption(f"Features up to the end of {fmt.day(asked.last)}, held against what happened in the {span} after it.")
    return True


def _answer(asked: Asked, question: Question, told: Told) -> None:
    choice, many, one = told.choice, asked.spec.table, asked.one
    of = _target(asked, question, told)
    if not choice.chosen:
        st.info(f"{of} No feature tells anything about it.")
        return
    best = choice.chosen[0]
    alone = fmt.percent(best.bits / choice.target_bits)
    st.subheader(plain(f"{best.name} tells most"), anchor=False)
    firm = sum(c.stability >= 0.8 for c in choice.chosen)
    st.markdown(
        f"{of} Knowing {plain(best.name)} alone tells {alone} of what there is to know about it. {firm} of "
        f"{fmt.count(len(choice.chosen), 'chosen feature')} are chosen nearly always: in at least 80 % of "
        f"{choice.rounds} rounds on {many} drawn anew."
    )
    _as_loaded(told)
    st.plotly_chart(
        relevance_figure(choice, {n: said(d, told.spec.as_of) for n, d in told.definitions.items()}, one),
        theme="streamlit",
        key="fig_relevance",
        config={"displayModeBar": False},
        alt="What each chosen feature tells; the same numbers stand below.",
    )
    st.caption(
        f"**Definition.** One bit is what the answer to an even yes-or-no question tells. Here there are "
        f"{choice.target_bits:.2f} bits to know of each {one}. Each next feature is the one that tells most beyond "
        "those above it. A feature that tells need not be a cause."
    )
    _table(told)
    _left_out(told)
    looked = fmt.number(choice.rows) + (f" of {fmt.number(choice.of)}" if choice.rows < choice.of else "")
    st.caption(
        f"Worked out on {looked} {many}. Numbers are cut into eight classes, words into the seven most frequent and "
        "the rest; “missing” is one more class."
    )


def _target(asked: Asked, question: Question, told: Told) -> str:
    """What is to be told, in a sentence."""
    if told.rate is None or told.spec.as_of is None:
        return plain(said(told.choice.target, told.spec.as_of))
    did = "bought" if asked.spec.table == "users" else "were bought"
    last = fmt.day(told.spec.as_of - timedelta(microseconds=1))
    days = fmt.count(question.days, "day")
    return f"{fmt.percent(told.rate)} of the {asked.spec.table} {did} in the {days} after {last}."


def _as_loaded(told: Told) -> None:
    """Warn of chosen features that are not of that day: what the files say today may come of what is to be told."""
    late = [c.name for c in told.choice.chosen if told.families[c.name] in ("demographic", "attribute")]
    if not late or told.rate is None:
        return
    names = ", ".join(late[:4]) + (" and others" if len(late) > 4 else "")
    is_, it = ("is", "it") if len(late) == 1 else ("are", "they")
    st.warning(
        plain(
            f"{names} {is_} as the file says today, not as on that day: {it} may be a result of what should be told. "
            f"To be sure, choose all families but “{told.families[late[0]]}” in the first row above."
        )
    )


def _table(told: Told) -> None:
    choice = told.choice
    meaning = {name: plain(said(text, told.spec.as_of)) for name, text in told.definitions.items()}
    st.table(
        pd.DataFrame(
            {
                "Feature": [f"{n}\\. **{plain(c.name)}** {meaning[c.name]}" for n, c in enumerate(choice.chosen, 1)],
                "Tells (bits)": [f"{c.bits:.3f}" for c in choice.chosen],
                "Of all there is": [fmt.percent(c.bits / choice.target_bits) for c in choice.chosen],
                "Told already (bits)": [f"{c.shared:.3f}" for c in choice.chosen],
                "Chosen again": [fmt.percent(c.stability, 0) for c in choice.chosen],
            }
        ),
        hide_index=True,
    )
    st.caption(
        "“Told already”: how much of it the features above tell too, on average. “Chosen again”: the share of "
        f"{choice.rounds} rounds, each on as many rows drawn anew (one may come twice), in which it is chosen too; far "
        "below 100 %, another feature could stand in its place."
    )


def _left_out(told: Told) -> None:
    if told.choice.left_out:
        with st.expander(f"{fmt.count(len(told.choice.left_out), 'feature')} left out, and why"):
            st.dataframe(
                pd.DataFrame(told.choice.left_out, columns=["Feature", "Why it was left out"]),
                hide_index=True,
                height="content" if len(told.choice.left_out) < 12 else 420,
            )
