"""Attention, the view "Over- and under-watched"."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.attention import (
    MARGIN,
    NO_VIEWS,
    Area,
    Attention,
    Outcome,
    OutcomeSpec,
    Who,
    areas,
    attention_there,
    counts_there,
    outcome,
    outcome_users,
)
from core.figures import (
    RATES,
    WATCHED,
    called_rows,
    drawn,
    rates_called_figure,
    watched_figure,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui.attention_share import by_label, csv_of
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain, unbroken

_MARGINS = {"0": "Any", "0.1": "10 %", "0.25": "A quarter", "0.5": "Half"}
_ATTENTION: dict[Attention, str] = {"views": "Views", "looks": "All looks", "dwell": "Dwell time", "orders": "Orders"}
_WHO: dict[str, Who] = {
    "looked and did not buy": "missed",
    "looked and bought": "buyers",
    "looked": "viewers",
    "bought or returned it": "traders",
}
_FIRST = 300


def draw(store: Store, shown: Shown) -> None:
    """The whole view."""
    known = ask(store, areas)
    if not known:
        st.info("Load events that name items, with views and purchases, to see what attention turns into.")
        return
    spec = _choose(store, known)
    found = ask(store, outcome, spec, shown.window)
    if found.problem:
        st.info(found.problem)
        return
    if found.note == NO_VIEWS:
        st.info(NO_VIEWS.replace("No views:", "**No views**:"))
    _key_figures(found)
    if found.note and found.note != NO_VIEWS:
        st.caption(plain(found.note))
    _main(store, shown, found)
    names = ["Over-watched", "Under-watched", "Table"] if found.judged else ["Table"]
    tabs = st.tabs(names, key="outcome_tab", bind="query-params")
    for tab, name in zip(tabs, names, strict=True):
        if tab.open:
            with tab:
                _table(found, shown) if name == "Table" else _called(store, shown, found, name)


def _choose(store: Store, known: tuple[Area, ...]) -> OutcomeSpec:
    by_name = by_label(known)
    held = ask(store, counts_there)
    kinds: list[Attention] = [ask(store, attention_there)]
    kinds += [kind for kind in _ATTENTION if kind in held and kind not in kinds and kinds[0] != "orders"]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        name = st.selectbox(
            "Compare", list(by_name), key="compare_by", bind="query-params", width=180,
        )  # fmt: skip
        attention = st.segmented_control(
            "Attention is", kinds, default=kinds[0], required=True, key="looked_by", bind="query-params",
            format_func=_ATTENTION.__getitem__,
        )  # fmt: skip
        area = by_name[str(name)]
        against, margin = "category", str(MARGIN)
        if kinds[0] != "orders" and area.of == "item":
            against = st.segmented_control(
                "Held against", ["category", "all"], default="category", required=True, key="held_against",
                bind="query-params", format_func={"category": "Its category", "all": "All items"}.__getitem__,
                help="Whose usual rate counts as expected. Categories with few viewed items go by all items.",
            )  # fmt: skip
        if kinds[0] != "orders" and area.of in ("item", "items"):
            margin = st.segmented_control(
                "How far off counts", list(_MARGINS), default=str(MARGIN), required=True, key="far_off",
                bind="query-params", format_func=_MARGINS.__getitem__,
                help="The whole interval must lie so far from the usual rate, as a part of it.",
            )  # fmt: skip
    kind = next(k for k in kinds if k == attention)
    return OutcomeSpec(area, kind, "all" if against == "all" else "category", float(margin))


_MEANINGS = {
    "attention": "All attention of the period that names one of them, events without a user included.",
    "revenue": "Net revenue: purchases less returns, in the currency of the file.",
    "usual": (
        "Buyers among viewers: users who looked and bought that same thing then or later, and did not return all of it."
        " For items the mean over all of them, one with very many viewers counting little more than others."
    ),
    "over": "Clearly fewer of those who look buy than is usual.",
    "under": "Clearly more of those who look buy than is usual: more attention may pay.",
    "missed": "Of the over-watched: buyers at the usual rate, less those there were.",
    "money": (
        "Missed buyers times the mean price paid for a unit (the catalogue's where nobody bought). What it would bring"
        " if viewers bought at the usual rate: no forecast."
    ),
}


def _key_figures(found: Outcome) -> None:
    kind = found.spec.attention or "views"
    cards = [("Net revenue", fmt.money(found.revenue), "revenue")]
    if kind != "orders":
        cards.insert(0, (_ATTENTION[kind], fmt.number(found.total), "attention"))
    if found.judged:
        cards = [
            ("Usual rate", fmt.percent(found.usual[None]), "usual"),
            ("Over-watched", fmt.number(found.calls["over-watched"]), "over"),
            ("Missed buyers", fmt.number(found.missed), "missed"),
            ("Missed, in money", fmt.money(found.missed_value), "money"),
            ("Under-watched", fmt.number(found.calls["under-watched"]), "under"),
        ]
    with st.container(horizontal=True, gap="small"):
        for label, value, meaning in cards:
            with st.container(border=True, gap="xxsmall", width=182, height="stretch"):
                st.metric(label, value, help=unbroken(plain(_MEANINGS[meaning])))


def _main(store: Store, shown: Shown, found: Outcome) -> None:
    points = drawn(found)
    if points.empty:
        st.info("Nothing has both attention and revenue in this period. Choose a longer one.")
        return
    picked = chart(
        watched_figure(found), "fig_watched", f"Points: attention share against revenue share, {shown.words}"
    )
    with st.container(horizontal=True, wrap=False, gap="medium"):
        said = WATCHED if found.judged else "On the line a thing has the same share of both."
        said += (
            f" {fmt.number(len(points))} of {fmt.number(len(found.table))} are drawn: those with both shares above 0"
        )
        said += ", the called ones and then those with most attention." if found.judged else "."
        st.caption("**Definition.** " + unbroken(plain(said + _certainty(found))), width="stretch")
        first = found.table.head(_FIRST)
        labels = {f"{r['label']} ({r['id']})" if r["id"] != r["label"] else str(r["label"]): r["key"]
                  for r in (*points.to_dict("records")[:_FIRST], *first.to_dict("records"))}  # fmt: skip
        key = None if picked is None else picked[0]
        if key is not None and key not in labels.values():
            row = found.table[found.table["key"] == key].to_dict("records")[0]
            labels = {f"{row['label']} ({row['id']})": key, **labels}
        _see(store, shown, found, "watched", labels, key)


def _certainty(found: Outcome) -> str:
    if not found.judged:
        return ""
    return (
        " Called only where the 95 % interval lies wholly beyond the chosen distance, and so that of all calls together"
        f" at most 5 % are expected to be wrong (here {fmt.percent(found.expected_wrong)}). Small ones do not shine by"
        " luck: their rates are drawn towards the usual one."
    )


def _see(
    store: Store, shown: Shown, found: Outcome, key: str, labels: dict[str, int | str], picked: int | str | None
) -> None:
    who = dict(_WHO) if found.judged else {"bought or returned it": _WHO["bought or returned it"]}
    first = next(iter(who.values()))
    see_users(
        store,
        key,
        partial(_behind, store, shown, found, {value: name for name, value in labels.items()}),
        [Choice(found.spec.area.name.capitalize(), dict(labels)), Choice("Who", who)],
        picked=None if picked is None else [picked, first],
    )


def _behind(
    store: Store, shown: Shown, found: Outcome, labels: dict[int | str, str], key: int | str, who: Who
) -> Behind:
    did = next(name for name, value in _WHO.items() if value == who)
    return Behind(f"who {did}: “{labels[key]}”, {shown.words}", outcome_users(store, found, key, who))


def _called(store: Store, shown: Shown, found: Outcome, name: str) -> None:
    verdict = "over-watched" if name == "Over-watched" else "under-watched"
    rows = called_rows(found, "over-watched" if name == "Over-watched" else "under-watched")
    if rows.empty:
        st.info(
            f"Nothing is {verdict}: no rate differs from the usual one by so much more than chance would make."
            " A smaller “How far off counts”, or a longer period, may find some."
        )
        return
    figure = rates_called_figure(found, "over-watched" if name == "Over-watched" else "under-watched")
    picked = chart(figure, f"fig_{verdict}", f"Points: rates of what is {verdict}, with intervals")
    labels = {f"{r['label']} ({r['id']})" if r["id"] != r["label"] else str(r["label"]): r["key"]
              for r in rows.to_dict("records")}  # fmt: skip
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption("**Definition.** " + unbroken(plain(RATES)), width="stretch")
        _see(store, shown, found, verdict, labels, picked[0] if picked else None)
    st.caption(
        f"The {fmt.number(len(rows))} with most buyers {'missed' if name == 'Over-watched' else 'beyond the expected'};"
        f" all {fmt.number(found.calls[verdict])} are in the table."
        + (" Those who looked and did not buy are a campaign's audience: open them, and make them a segment."
           if name == "Over-watched" else "")
    )  # fmt: skip


_PLAIN = ["label", "attention", "attention_share", "revenue", "revenue_share"]
_JUDGED = [
    "label",
    "verdict",
    "viewers",
    "buyers",
    "shrunk",
    "low",
    "high",
    "usual",
    "missed",
    "missed_value",
    *_PLAIN[1:],
]


def _table(found: Outcome, shown: Shown) -> None:
    number, money = partial(st.column_config.NumberColumn, format="localized"), st.column_config.NumberColumn
    share = partial(st.column_config.NumberColumn, format="percent")
    st.dataframe(
        found.table,
        hide_index=True,
        height=380,
        column_order=[*_JUDGED, *_PLAIN[1:]] if found.judged else _PLAIN,
        column_config={
            "label": st.column_config.TextColumn(found.spec.area.name.capitalize(), pinned=True, width="medium"),
            "verdict": "Verdict",
            "viewers": number("Viewers", help="Users who looked"),
            "buyers": number("Buyers", help="Of them, who bought then or later and did not return all"),
            "shrunk": share("Rate", help="Buyers among viewers, drawn towards the usual rate where data are few"),
            "low": share("from", help="95 % interval"),
            "high": share("to", help="95 % interval"),
            "usual": share("Usual rate"),
            "missed": money("Missed buyers", format="%.1f", help="At the usual rate, less those there were"),
            "missed_value": number("in money"),
            "attention": number(_ATTENTION[found.spec.attention or "views"]),
            "attention_share": share("of these"),
            "revenue": number("Net revenue"),
            "revenue_share": share("of revenue"),
        },
    )  # fmt: skip
    rows = found.table.drop(columns="key")
    csv_button(
        f"CSV of {fmt.count(len(rows), 'row')}", csv_of(rows), "attention-against-outcome.csv",
        "csv_outcome", rows=len(rows),
    )  # fmt: skip
