"""From entry to purchase: the first steps of visits as bands, and the commonest ways with what comes of them."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core.attention import PathQuestion, Paths, paths, paths_users
from core.figures import paths_figure, step_label
from core.store import Store
from pages._ui import format as fmt
from pages._ui.attention_fading_cards import VISIT, cards, definition, next_view, table_file
from pages._ui.cache import ask
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users

_OF = {"event": "What users do", "category": "Categories they see"}
_ENTRY = {"auto": "Channel, if known", "none": "First step"}
_WAY = (
    "A visit's first steps, from left to right. {visit}; a step that repeats the one before is not counted again; "
    "impressions and returns are none. A way ends at the first purchase, or where the visit ends. "
    "Bands are visits; visits that go on beyond the last place are not followed further. Users without an id are not "
    "among them."
)
_LISTED = (
    "What came before the purchase, or before the end of a visit without one; “…” = more steps than are shown. Bought: "
    "visits with exactly this way that went on to a purchase (95 % Wilson interval). Time: median, from the first "
    "event to the purchase or the last event."
)


def draw(store: Store, shown: Shown) -> None:
    """The part of the view."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        of = st.segmented_control("Steps are", list(_OF), default="event", required=True, key="steps_of",
                                  bind="query-params", format_func=_OF.__getitem__)  # fmt: skip
        entry = st.segmented_control("Begins with", list(_ENTRY), default="auto", required=True, key="ways_entry",
                                     bind="query-params", format_func=_ENTRY.__getitem__)  # fmt: skip
        depth = st.number_input("Steps", 3, 6, 4, key="ways_depth", bind="query-params", width=110)
        most = st.number_input("Named at each", 2, 12, 6, key="ways_most", bind="query-params", width=120)
    question = PathQuestion(
        of="category" if of == "category" else "event", entry="none" if entry == "none" else None,
        depth=int(depth), most=int(most),
    )  # fmt: skip
    found = ask(store, paths, question, shown.window)
    if found.problem:
        st.info(found.problem)
        return
    _key_figures(found)
    chart(paths_figure(found), "fig_ways", f"Bands: the first steps of visits, {shown.words}")
    with st.container(horizontal=True, wrap=False, gap="medium"):
        definition(_WAY.format(visit=VISIT[found.question.by]))
        see_users(store, "ways", partial(_of_band, store, shown, found), [Choice("Band", _bands(found))])
    table_file(found.bands.to_dict("records"), "bands-of-visits", "CSV of the bands")
    _ways(store, shown, found)
    next_view("Next: a funnel of chosen steps", "ways_next", "look_at", "Funnel")


def _key_figures(found: Paths) -> None:
    goal = found.question.goal
    figures = [
        (
            "Visits",
            fmt.number(found.visits),
            f"Visits of known users that begin in the period. {VISIT[found.question.by]}.",
        ),
        ("Users", fmt.number(found.users), "Known users with such a visit."),
    ]
    if goal is not None:
        share = f"{fmt.percent(found.bought / found.visits)}"
        figures.append(("Visits that bought", share, f"{found.bought:,} visits with a {goal}, of all these visits."))
    top = found.table.iloc[0]
    figures.append(("Commonest way", fmt.percent(top["visits"] / found.visits), f"{_named(found, top['path'])}: "
                    f"{top['visits']:,} visits took exactly this way."))  # fmt: skip
    cards(figures)
    said = "" if goal else "These data hold no purchases, so where ways lead is not known: they end with the visit. "
    said += f"{found.empty:,} visits without any such step are left out." if found.empty else ""
    if said:
        st.caption(said)


def _bands(found: Paths) -> dict[str, Any]:
    """Every band, the widest first at each place."""
    options: dict[str, Any] = {"All these visits": None}
    rows = found.bands.sort_values(["step", "visits"], ascending=[True, False], kind="stable")
    for row in rows.to_dict("records"):
        words = " to ".join(step_label(found.question, str(row[side])) for side in ("source", "target"))
        options[f"{row['step'] + 1}. {words} ({row['visits']:,} visits)"] = (row["step"], row["source"], row["target"])
    return options


def _of_band(store: Store, shown: Shown, found: Paths, band: tuple[int, str, str] | None) -> Behind:
    said = "with a visit"
    if band is not None:
        a, b = (step_label(found.question, name) for name in band[1:])
        said = f"with a visit that went from {a} to {b} (place {band[0] + 1})"
    return Behind(f"{said}, {shown.words}", paths_users(store, found.question, shown.window, band=band))


def _named(found: Paths, path: tuple[str, ...]) -> str:
    return " → ".join(step_label(found.question, name) for name in path) or "Straight to the purchase"


def _ways(store: Store, shown: Shown, found: Paths) -> None:
    st.markdown(f"**The {len(found.table)} commonest ways**")
    rows = found.table.assign(way=[_named(found, path) for path in found.table["path"]])
    picked = st.dataframe(
        rows, hide_index=True, height=320, on_select="rerun", selection_mode="single-row", key="ways_table",
        column_order=["way", "visits", "users", "bought", "share", "low", "high", "seconds"],
        column_config={
            "way": st.column_config.TextColumn("Way", width="large"),
            "visits": st.column_config.NumberColumn("Visits", format="localized"),
            "users": st.column_config.NumberColumn("Users", format="localized"),
            "bought": st.column_config.NumberColumn("Bought", format="localized", help="Visits that bought"),
            "share": st.column_config.NumberColumn("Share", format="percent"),
            "low": st.column_config.NumberColumn("95 % from", format="percent"),
            "high": st.column_config.NumberColumn("to", format="percent"),
            "seconds": st.column_config.NumberColumn("Time (s)", format="localized", help="Median, in seconds"),
        },
    )  # fmt: skip
    chosen = picked["selection"]["rows"]
    with st.container(horizontal=True, wrap=False, gap="medium"):
        definition(_LISTED + " Choose a row to see its users.")
        ways = {_named(found, path): path for path in found.table["path"]}
        who: dict[str, bool | None] = {"All of them": None, "Bought": True, "Did not buy": False}
        if chosen:
            name = rows["way"].iloc[chosen[0]]
            ways = {name: ways[name], **ways}
        see_users(
            store, "way", partial(_of_way, store, shown, found), [Choice("Way", ways), Choice("Who", who)],
        )  # fmt: skip
    records = [{**row, "path": " > ".join(row["path"])} for row in found.table.to_dict("records")]
    table_file(records, "commonest-ways", "CSV of the ways")


def _of_way(store: Store, shown: Shown, found: Paths, path: tuple[str, ...], bought: bool | None) -> Behind:
    did = {None: "", True: " and bought", False: " and did not buy"}[bought]
    users = paths_users(store, found.question, shown.window, path=path, bought=bought)
    return Behind(f"with a visit {_named(found, path)}{did}, {shown.words}", users)
