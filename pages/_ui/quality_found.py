"""Quality, what was found: the findings by level, each a row, and the one that is open."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.quality import Finding, Report, compare
from core.store import Store
from pages._ui import format as fmt
from pages._ui import quality_address as address
from pages._ui import quality_finding
from pages._ui import quality_words as words
from pages._ui.text import label

_MANY = 8
_WIDTHS = (3, 2)
# Streamlit cuts a button's text at the end of its line; a finding's title must be read whole.
_WHOLE = """<style>
[class*="st-key-finding_"] button { text-align: left; height: auto; }
[class*="st-key-finding_"] button * { white-space: normal !important; overflow: visible !important; text-align: left; }
</style>"""
_TABLES = {
    "Everything": None,
    "Events": "events",
    "Users": "users",
    "Items": "items",
    "Days": "days",
    "Columns": "columns",
    "Files": "rows",
}


def draw(store: Store, report: Report) -> None:
    """The list, or the finding that the address names."""
    found = address.named(report)
    name = address.chosen()
    if name is not None and name in found:
        quality_finding.draw(store, name, found[name])
        return
    if name is not None:
        st.info("That finding is no longer there: it was repaired, or the data have changed.")
    if not found:
        st.success("Nothing was found that needs a look.")
        return
    shown = _filtered(found) if len(found) > _MANY else found
    if not shown:
        st.info("No finding fits the filter. Take a part of it away.")
    st.html(_WHOLE)
    for level, title in words.LEVELS.items():
        rows = {key: one for key, one in shown.items() if one.level == level}
        if rows:
            _level(title, rows)


def _filtered(found: Mapping[str, Finding]) -> dict[str, Finding]:
    counts = {level: sum(one.level == level for one in found.values()) for level in words.LEVELS}
    tables = {name: scope for name, scope in _TABLES.items() if not scope or scope in {f.scope for f in found.values()}}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        levels = st.pills(
            "Level",
            list(words.LEVELS),
            selection_mode="multi",
            format_func=lambda level: f"{words.LEVELS[level]} ({counts[level]})",
            key="quality_levels",
            persist_state="page",
        )
        about = st.selectbox("About", list(tables), key="quality_about", width=170, persist_state="page")
        text = st.text_input("With the word", key="quality_text", width=220, persist_state="page")
    wanted = text.strip().lower()
    return {
        name: one
        for name, one in found.items()
        if (not levels or one.level in levels)
        and (tables[about] in (None, one.scope))
        and wanted in f"{one.title} {one.meaning} {one.column or ''}".lower()
    }


def _level(title: str, rows: Mapping[str, Finding]) -> None:
    st.subheader(f"{title} ({len(rows)})", anchor=False)
    for name, finding in rows.items():
        left, right = st.columns(_WIDTHS, gap="small", vertical_alignment="center")
        left.button(
            label(finding.title),
            key=f"finding_{name}",
            type="tertiary",
            on_click=address.choose,
            args=(name,),
            help="Opens examples, what it changes, and what can be done.",
        )
        right.caption(_counts(finding))


def _counts(finding: Finding) -> str:
    """Count, share, and what the figures are without the rows."""
    said = f"**{words.counted(finding)}** ({fmt.percent(finding.share)})"
    if finding.effect is None:
        return said
    told = {one.name: one for one in compare(finding.effect.with_, finding.effect.without)}
    money, users = told["revenue"], told["users"]
    if not money.change and not users.change:
        return f"{said}. Net revenue and users are the same without them."
    parts = [f"net revenue {words.change(money)}" if money.change else "net revenue the same"]
    parts += [f"users {words.change(users)}" if users.change else "users the same"]
    return f"{said}. Without them: {', '.join(parts)}."
