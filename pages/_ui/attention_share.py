"""Attention, the view "Who gets the attention"."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from core.attention import (
    COUNT_DEFINITIONS,
    COUNT_WORDS,
    COUNTS,
    Area,
    Concentrated,
    Counts,
    Share,
    ShareSpec,
    areas,
    concentration,
    counts_there,
    share,
    share_users,
)
from core.figures import SHARE_INTERVAL, share_change_figure, share_figure
from core.store import Store, write_rows
from pages._ui import attention_share_spread as spread
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart, unit_of, when
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain, unbroken

BY, IS, TOP = "divided_by", "attention_is", "named"
_NAMES: dict[Counts, str] = {
    "views": "Views",
    "looks": "All looks",
    "dwell": "Dwell time",
    "users": "Users",
    "events": "Any event",
}
_WHOLE = "The whole period"


def draw(store: Store, shown: Shown) -> None:
    """The whole view."""
    known = ask(store, areas)
    if not known:
        st.info("Nothing to divide attention by: load events that name items, channels or users with attributes.")
        return
    held = ask(store, counts_there)
    if not held:
        st.info("No event here counts as attention. Load views, clicks, searches, dwell times or any other events.")
        return
    spec = _choose(known, held)
    found = ask(store, share, spec, unit_of(store, shown), shown.window)
    if found.problem:
        st.info(found.problem)
        return
    even = ask(store, concentration, spec.area, found.spec.counts, found.unit, shown.window)
    _key_figures(found, even)
    if "views" not in held:
        st.caption("**No views in these data**: events are counted in their place, as a proxy for attention.")
    if found.note:
        st.info(found.note)
    else:
        _over_time(store, shown, found)
    tabs = st.tabs(["Change", "Concentration", "Table"], key="share_tab", bind="query-params")
    for tab, part in zip(tabs, (_change, None, _table), strict=True):
        if tab.open:
            with tab:
                if part is None:
                    spread.draw(store, shown, even, csv_of)
                else:
                    part(store, shown, found)


def by_label(known: tuple[Area, ...]) -> dict[str, Area]:
    """Areas by what the page calls them: their name, or where two share one, their key."""
    made: dict[str, Area] = {}
    for area in known:
        label = area.name.capitalize()
        made[area.key if label in made else label] = area
    return made


def _choose(known: tuple[Area, ...], held: tuple[Counts, ...]) -> ShareSpec:
    by_name = by_label(known)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        name = st.selectbox(
            "Divided by", list(by_name), key=BY, bind="query-params", width=200,
            help="Items, a column of theirs, a column of the events (channel, your own), an attribute of users.",
        )  # fmt: skip
        counts = st.segmented_control(
            "Attention is", held, default=held[0], required=True, key=IS, bind="query-params",
            format_func=_NAMES.__getitem__,
            help="All looks: views, clicks, searches and favourites. Click data are a proxy for attention.",
        )  # fmt: skip
        top = st.segmented_control(
            "Named", ["5", "7", "12"], default="7", required=True, key=TOP, bind="query-params",
            help="How many are named; the rest are “all others”.",
        )  # fmt: skip
    return ShareSpec(by_name[str(name)], next(c for c in COUNTS if c == counts), int(top))


def _key_figures(found: Share, even: Concentrated) -> None:
    first = found.areas.iloc[0]
    name = found.spec.area.name
    counts = found.spec.counts or "views"
    plural = "items" if found.spec.area.of == "item" else f"values of {name}"
    moved = found.changes[found.changes["code"] == first["code"]].to_dict("records") if found.changed else []
    cards = [
        ("Attention" if counts != "users" else "Users", fmt.number(found.total), None, COUNT_DEFINITIONS[counts]),
        (
            f"Most: {first['label']}", fmt.percent(first["share"]),
            f"{moved[0]['change']:+.1%}".replace("%", " points") if moved else None,
            f"Share of all attention in the period. The change is that of the last whole {found.unit} against the one"
            " before it.",
        ),
        ("Half of it is on", f"{fmt.number(even.seen.half)} of {fmt.number(even.seen.things)}", None,
         f"The fewest {plural} that have half of the attention, of {fmt.number(even.seen.things)} with any."),
        ("Top tenth gets", fmt.percent(even.seen.top10), None,
         f"Share of the attention on the most watched tenth ({fmt.number(even.seen.in_top10)}) of all with any."),
    ]  # fmt: skip
    with st.container(horizontal=True, gap="small"):
        for label, value, change, definition in cards:
            with st.container(border=True, gap="xxsmall", width=232, height="stretch"):
                st.metric(plain(label), value, change, help=unbroken(plain(definition)))


def _over_time(store: Store, shown: Shown, found: Share) -> None:
    counts = found.spec.counts or "views"
    alt = f"Share of {COUNT_WORDS[counts]} by {found.spec.area.name} per {found.unit}, {shown.words}"
    picked = chart(share_figure(found), "fig_share", alt)
    with st.container(horizontal=True, wrap=False, gap="medium"):
        rest = " Shares add up to over 100 %, since a user may come to several." if counts == "users" else ""
        st.caption(
            "**Definition.** " + plain(COUNT_DEFINITIONS[counts] + rest + " " + _left_out(found)), width="stretch"
        )
        _see(store, shown, found, "share", [int(picked[0]), date.fromisoformat(picked[1])] if picked else None)


def _left_out(found: Share) -> str:
    said = []
    if found.spec.area.of in ("item", "items"):
        said.append("Events that name no item are left out.")
    if found.spec.area.lists:
        said.append("What has several values counts in each of them.")
    if found.unnamed:
        said.append(f"{fmt.number(found.unnamed)} of it names no user: counted, but nobody stands behind it.")
    return " ".join(said)


def _see(store: Store, shown: Shown, found: Share, key: str, picked: list[object] | None) -> None:
    codes = {str(r["label"]): int(r["code"]) for r in found.areas.to_dict("records")}
    starts = [] if found.table.empty else sorted(set(found.table["start"]), reverse=True)
    periods: dict[str, date | None] = {_WHOLE: None, **{when(start, found.unit): start for start in starts}}
    choices = [Choice(found.spec.area.name.capitalize(), codes), Choice("When", periods)]
    see_users(store, key, partial(_behind, store, shown, found), choices, picked=picked)


def _behind(store: Store, shown: Shown, found: Share, code: int, start: date | None) -> Behind:
    label = next(r["label"] for r in found.areas.to_dict("records") if r["code"] == code)
    did = {"views": "who viewed", "looks": "who looked at", "dwell": "who dwelt on"}.get(
        found.spec.counts or "", "active with"
    )
    time = shown.words if start is None else when(start, found.unit)
    return Behind(f"{did} {found.spec.area.name} “{label}”, {time}", share_users(store, found, code, start))


def _change(store: Store, shown: Shown, found: Share) -> None:
    if not found.changed:
        st.info(f"A change needs two whole {found.unit}s that follow each other. Choose a longer period, or days.")
        return
    picked = chart(share_change_figure(found), "fig_share_change", "Points: change of each share, with intervals")
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption(
            "**Definition.** "
            + unbroken(plain(
                f"Share of the attention in the {found.unit} less that in the {found.unit} before it, in percentage"
                f" points. {SHARE_INTERVAL} All that one user does counts as one (users in up to 200 groups drawn by"
                " chance, whose spread gives the interval). A bar across zero: no change that chance could not make."
            )),
            width="stretch",
        )  # fmt: skip
        start = found.changed[1]
        _see(store, shown, found, "share_change", [int(picked[0]), start] if picked else None)


def _table(store: Store, shown: Shown, found: Share) -> None:
    st.dataframe(
        found.areas, hide_index=True, height="content", column_order=["label", "value", "share"],
        column_config={
            "label": found.spec.area.name.capitalize(),
            "value": st.column_config.NumberColumn(_NAMES[found.spec.counts or "views"], format="localized"),
            "share": st.column_config.NumberColumn("Share", format="percent", help="Of all attention in the period"),
        },
    )  # fmt: skip
    rows = (found.areas if found.table.empty else found.table).drop(columns="key", errors="ignore")
    st.caption(f"The file has each {found.unit} with intervals.")
    csv_button(
        "CSV of shares over time",
        csv_of(rows),
        "share-of-attention.csv",
        "csv_share",
    )


def csv_of(frame: pd.DataFrame) -> Callable[[Path], object]:
    """What writes the table as a CSV; what is not known is an empty cell."""
    rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    return partial(write_rows, list(frame.columns), rows)
