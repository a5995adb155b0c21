"""Results, the readout of one list: what may be concluded, the key figures, the figures, and how it was read."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.experiments import Arm, Readout
from core.figures import difference_figure, rates_figure
from core.figures.experiments import DIFFERENCE, RATE
from pages._ui import format as fmt
from pages._ui import results_words as words
from pages._ui.home_figures import chart
from pages._ui.models_details import card
from pages._ui.text import plain

VALUE = (
    "Net value per user in the window (purchases less returns), all users of the group counted, also those who bought "
    "nothing: in the file's currency."
)

_EVERYBODY = (
    "Everybody on the list counts, whether they opened the message or not: that is what keeps the groups alike."
)


def draw(read: Readout) -> None:
    """Everything the readout says. Where results are withheld, no rate and no difference stands anywhere."""
    first, rest = words.headline(read)
    st.subheader(plain(first), anchor=False)
    if rest:
        st.markdown(plain(rest))
    if words.withheld(read):
        _key_sizes(read)
        _how(read)
        return
    if read.effect.problem and read.effect.problem not in read.note:
        st.warning(plain(read.effect.problem))
    if not read.complete:
        st.warning(plain(words.window(read)))
    _key_figures(read)
    _figures(read)
    _table(read)
    _how(read)


def _key_sizes(read: Readout) -> None:
    """How many users each group holds: all that may be said of a list whose groups are not what was planned."""
    with st.container(horizontal=True, gap="small"):
        for arm in read.arms:
            with card():
                st.metric(words.arm_name(arm.arm), fmt.count(arm.users, "user"))
    st.warning("No response rate and no difference is shown, since none could be trusted.")


def _key_figures(read: Readout) -> None:
    with st.container(horizontal=True, gap="small"):
        for arm in read.arms:
            with card():
                st.metric(f"{words.arm_name(arm.arm)}: response rate", fmt.percent(arm.rate), help=RATE)
                st.caption(plain(words.rate_words(arm)))
        with card():
            shown, spread = words.difference_words(read.effect)
            st.metric("Difference", shown, help=DIFFERENCE)
            st.caption(f"95 % interval {spread}" if spread else "no estimate")
        with card():
            shown, spread = words.value_words(read.effect)
            st.metric("Value per head, difference", shown, help=VALUE)
            none = "responses carry no value" if _no_value(read) else "no estimate"
            st.caption(f"95 % interval {spread}" if spread else none)


def _no_value(read: Readout) -> bool:
    return all(arm.value is None for arm in read.arms)


def _figures(read: Readout) -> None:
    if any(arm.rate is not None for arm in read.arms):
        said = "Response rates of both groups with their intervals; the same numbers stand in the table below."
        chart(rates_figure(read, words.intervals(read)), "fig_rates", said)
    if read.effect.estimate is not None:
        said = "The difference between the groups with its interval, against no difference."
        chart(difference_figure(read), "fig_difference", said)
        st.caption(
            f"**Definition.** {DIFFERENCE} Where its interval holds 0, chance alone may have made it; where it does "
            "not, there is a difference, and the interval says how large it may be."
        )


def _table(read: Readout) -> None:
    effect = read.effect
    rate, value = words.difference_words(effect), words.value_words(effect)
    rows = [*(_line(read, arm) for arm in read.arms), ("Difference", "", "", *rate, value[0], value[1])]
    names = ["Group", "Users", "Responded", "Response rate", "95 % interval", "Value per head", "95 % interval of it"]
    if _no_value(read):
        rows, names = [row[:5] for row in rows], names[:5]
    helps = {"Response rate": RATE, "Value per head": VALUE}
    st.dataframe(
        pd.DataFrame(rows, columns=names),
        hide_index=True,
        height="content",
        column_config={
            "Group": st.column_config.TextColumn(pinned=True),
            **{name: st.column_config.TextColumn(help=helps.get(name), alignment="right") for name in names[1:]},
        },
    )


def _line(read: Readout, arm: Arm) -> tuple[str, ...]:
    low, high = words.intervals(read).get(arm.arm, (None, None))
    return (
        words.arm_name(arm.arm),
        fmt.number(arm.users),
        fmt.number(arm.responses),
        fmt.percent(arm.rate),
        fmt.NONE if low is None else f"{fmt.percent(low)} to {fmt.percent(high)}",
        fmt.money(arm.value),
        "",
    )


def _how(read: Readout) -> None:
    """What counted, when, and whether the groups have the sizes that were planned."""
    lines = [
        words.window(read),
        words.counted(read.saved, read.source),
        words.sizes(read),
        None if words.withheld(read) else _EVERYBODY,
        words.test(read),
    ]
    st.markdown("**How this was read**")
    st.markdown("\n".join(f"- {plain(line)}" for line in lines if line))
