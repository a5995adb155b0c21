"""A sample of members with the reason why each belongs, and one of them looked at condition by condition."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.segments import (
    MOST_TOLD,
    Member,
    Reason,
    Rule,
    count_conditions,
    reasons,
    rule_to_text,
    sample,
    saved_segments,
    short_reasons,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.text import plain

_SAMPLE = 20
_TOLD = "_why_told"
_COLUMNS: dict[str, Any] = {
    "User": st.column_config.TextColumn(width=90),
    "Why": st.column_config.TextColumn(width=420, help="What shows the conditions by which this user belongs."),
    "Orders": st.column_config.NumberColumn(format="localized", width=70),
    "Net value": st.column_config.TextColumn(alignment="right", width=90, help="Purchases minus returns."),
    "Last order": st.column_config.DatetimeColumn(format="D MMM YYYY", help="UTC", width=105),
    "Last seen": st.column_config.DatetimeColumn(
        format="D MMM YYYY", help="Last event of any kind but impressions, UTC", width=105
    ),
}


def draw(store: Store, rule: Rule, as_of: datetime | None, users: int) -> None:
    """Up to 20 members, each with its reason; the table stands at once, the reasons come when they are known."""
    saved = saved_segments(store)
    shown = ask(store, sample, rule, _SAMPLE, as_of, saved)
    asked = count_conditions(rule)
    told = 0 < asked <= MOST_TOLD
    drawn = f"{fmt.count(len(shown), 'member')} of {fmt.number(users)}, drawn by a hash of the id: always the same."
    more = " Choose a row to see all conditions." if told else ""
    if asked > MOST_TOLD:
        more = f" No reasons: the rule has {fmt.number(asked)} conditions, and they are told of {MOST_TOLD} at most."
    st.caption(drawn + more)
    place = st.empty()
    if not told:
        place.dataframe(_table(shown, None), **_looks(shown))
        return
    key = sample_key(store, rule, as_of)
    seen: set[str] = st.session_state.setdefault(_TOLD, set())
    if key not in seen:  # drawn again once they are known; where they are kept, that would only flicker
        place.dataframe(_table(shown, ["…"] * len(shown)), **_looks(shown))
    try:
        why = ask(store, reasons, rule, tuple(member.user_id for member in shown), as_of, saved)
    except Refusal:  # the sample itself could be drawn: better without reasons than without members
        place.dataframe(_table(shown, None), **_looks(shown))
        return
    seen.add(key)
    lines = [short_reasons(rule, why.get(member.user_id, ())) for member in shown]
    picked = place.dataframe(
        _table(shown, lines), **_looks(shown), key=key, on_select="rerun", selection_mode="single-row"
    ).selection.rows
    if picked and picked[0] < len(shown):
        member = shown[picked[0]]
        _one(member, why.get(member.user_id, ()))


def _looks(shown: tuple[Member, ...]) -> dict[str, Any]:
    return {
        "hide_index": True,
        "placeholder": fmt.NONE,
        "height": "content" if len(shown) < 10 else 390,
        "column_config": _COLUMNS,
    }


def _table(shown: tuple[Member, ...], why: list[str] | None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "User": [m.user_id for m in shown],
            **({} if why is None else {"Why": why}),
            "Orders": [m.orders for m in shown],
            "Net value": [fmt.money(m.net_value) for m in shown],
            "Last order": [m.last_order for m in shown],
            "Last seen": [m.last_seen for m in shown],
        }
    )


def _one(member: Member, why: tuple[Reason, ...]) -> None:
    """Every condition of the rule, asked of this member."""
    st.markdown(f"**Why {plain(member.user_id)} belongs**: each condition of the rule, asked of this user alone.")
    table = pd.DataFrame(
        {
            "Holds": ["✓ yes" if reason.holds else "✗ no" for reason in why],
            "Condition": [f"{reason.words} (must not hold)" if reason.negated else reason.words for reason in why],
            "What shows it": [reason.evidence for reason in why],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(why) < 10 else 390,
        column_config={
            "Holds": st.column_config.TextColumn(width="small"),
            "Condition": st.column_config.TextColumn(width="medium"),
            "What shows it": st.column_config.TextColumn(width="large"),
        },
    )


def sample_key(store: Store, rule: Rule, as_of: datetime | None) -> str:
    """Another rule, or another moment, is another table: a row chosen in the one is none in the other."""
    text = f"{store.path}\n{store.version}\n{as_of}\n{rule_to_text(rule)}"
    return f"sample_{hashlib.sha256(text.encode()).hexdigest()[:12]}"
