"""Quality, one finding: what it means, examples, what its rows change, who and what is behind it, and its repairs."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.quality import Effect, Finding, Selection, stream_rows_csv, users_behind
from core.store import Store
from pages._ui import format as fmt
from pages._ui import quality_address as address
from pages._ui import quality_repair
from pages._ui import quality_words as words
from pages._ui.downloads import csv_button
from pages._ui.people import Behind, see_users
from pages._ui.text import plain

_EFFECT = ("events", "users", "orders", "buyers", "revenue")
_NARROW = 7  # columns of a table that still fit a narrow window


def draw(store: Store, name: str, finding: Finding) -> None:
    """The whole view of a finding."""
    st.button("All findings", key="quality_back", icon=":material/arrow_back:", on_click=address.choose, args=(None,))
    st.caption(f"{words.LEVELS[finding.level]} · {words.counted(finding)} · {fmt.percent(finding.share)}")
    st.subheader(plain(finding.title), anchor=False)
    st.markdown(f"**How it was told.** {plain(finding.meaning)}")
    if finding.effect is not None:
        _effect(finding.effect)
    if finding.examples:
        _examples(finding)
    if finding.selection is not None:
        _behind(store, name, finding, finding.selection)
    _repair(store, name, finding)


def _effect(effect: Effect) -> None:
    st.markdown("**What these rows change**")
    told = words.compared(effect.with_, effect.without, ("With them", "Without them"), _EFFECT)
    st.table(told, border="horizontal", hide_index=True, width="content")
    if effect.leave or effect.enter:
        st.markdown(
            "Among the ten items with the most net revenue, without them: "
            + "; ".join(
                f"{word} {plain(', '.join(items))}"
                for word, items in (("out goes", effect.leave), ("in comes", effect.enter))
                if items
            )
            + "."
        )


def _examples(finding: Finding) -> None:
    st.markdown(f"**Examples** ({len(finding.examples)} of {fmt.number(finding.count)}, the plainest first)")
    shown = words.table_of(finding.examples)
    if len(shown) <= _NARROW:
        st.table(
            {plain(k): [plain(v) for v in column] for k, column in shown.items()}, border="horizontal", hide_index=True
        )
    else:
        st.dataframe(shown, hide_index=True, height="content")


def _behind(store: Store, name: str, finding: Finding, chosen: Selection) -> None:
    def who() -> Behind:
        return Behind(f"behind: {finding.title.rstrip('.')}", users_behind(store, chosen))

    def rows(path: Path) -> object:
        return stream_rows_csv(store, chosen, path)

    def events(path: Path) -> object:
        return stream_rows_csv(store, chosen, path, table="events")

    with st.container(horizontal=True, vertical_alignment="center"):
        see_users(store, f"quality_{name}", who)
        csv_button(
            f"CSV of {words.counted(finding)}",
            rows,
            f"{name}.csv",
            f"quality_csv_{name}",
            rows=finding.count,
            help="Every row behind this finding, as the data now show.",
        )
        if finding.scope != "events":
            csv_button(
                "CSV of their events",
                events,
                f"{name}-events.csv",
                f"quality_events_{name}",
                help=f"All events of these {finding.scope}.",
            )


def _repair(store: Store, name: str, finding: Finding) -> None:
    with st.container(border=True, key="quality_repair"):
        st.markdown("**Repair**")
        if not finding.repairs:
            st.markdown(
                "No repair is offered for this: it is either no fault, or only you can tell. You can still make one by "
                "hand under Repairs."
            )
            return
        quality_repair.draw(store, f"offer_{name}", finding.repairs)
