"""Campaigns, the files: a look at the list with why, the list to send, the control group, the manifest."""

from __future__ import annotations

import csv
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from core.campaigns import Members, TargetList, Written, contact_columns, manifest, write_list, write_manifest
from core.explain import reasons
from core.store import Store
from pages._ui import campaigns_backtest as backtest
from pages._ui import format as fmt
from pages._ui.campaigns_jobs import Made
from pages._ui.downloads import csv_button
from pages._ui.text import plain

Arm = Literal["contacted", "control"]
EXCEL, WHY = "c_excel", "c_why"
_SHOWN = 20
_SLOW = 20_000


@dataclass(frozen=True)
class Form:
    """How the files are written: the same options for the list and the control group."""

    excel: bool = False
    why: bool = False


def form(made: Made) -> Form:
    """What the switches say."""
    return Form(bool(st.session_state.get(EXCEL)), bool(st.session_state.get(WHY)) and has_offers(made))


def draw(store: Store, made: Made) -> None:
    """The look at the list, then the files."""
    target = made.target
    st.markdown("**The list**")
    _look(store, made)
    with st.container(horizontal=True, gap="medium"):
        st.toggle(
            "For Excel",
            key=EXCEL,
            help="The files then begin with a byte order mark, without which Excel misreads accents. Campaign tools "
            "rarely want it.",
        )
        if has_offers(made):
            st.toggle(
                "With reasons",
                value=len(target.contacted) <= _SLOW,
                key=WHY,
                help="A sentence for each row why this user gets this (first) item. It names no other user."
                + (" In a list of this length it takes some minutes." if len(target.contacted) > _SLOW else ""),
            )
    asked, name = form(made), file_name(target)
    with st.container(horizontal=True):
        csv_button(
            f"List to send ({fmt.count(len(target.contacted), 'row')})",
            partial(write, store, made, asked, "contacted"),
            f"{name}.csv",
            "c_list",
            rows=len(target.contacted),
            help="CSV in UTF-8: user, rank, items, reasons, and how to reach them where the data say so.",
            disabled=not len(target.contacted),
        )
        csv_button(
            f"Control group ({fmt.count(len(target.control), 'row')})",
            partial(write, store, made, asked, "control"),
            f"{name}-control.csv",
            "c_control",
            rows=len(target.control),
            help="Not to be contacted. Keep it: the effect is read against it. It holds no addresses.",
            disabled=not len(target.control),
        )
        st.download_button(
            "Manifest",
            partial(_manifest_bytes, store, made, asked),
            f"{name}.json",
            "application/json",
            key="c_manifest",
            on_click="ignore",
            help="All that this list was made from, and the sha256 of both files as the switches above make them.",
        )
    if contact_columns(store):
        st.caption("Addresses stand in the list to send only where the user's own consent allows. The files are yours.")


def has_offers(made: Made) -> bool:
    """Whether rows carry an item that a model chose, so that there is a reason to give."""
    return made.model is not None and made.target.contacted.offers.shape[1] > 0


def file_name(target: TargetList) -> str:
    """A file name that is one everywhere: what the list is about."""
    campaign = target.campaign
    segment = campaign.segment.name if campaign.segment else ""
    about = {"item": " ".join(campaign.items), "category": campaign.category or "", "segment": segment}.get(
        campaign.ask, "ids"
    )
    return "list-" + (re.sub(r"[^A-Za-z0-9]+", "-", about).strip("-").lower()[:60] or "users")


def write(store: Store, made: Made, asked: Form, arm: Arm, path: Path) -> Written:
    """Write one arm; what was written is kept for the manifest."""
    members = made.target.contacted if arm == "contacted" else made.target.control
    why = _reasons(store, made, members, arm) if asked.why else None
    done = write_list(store, made.target, path, arm=arm, excel=asked.excel, why=why)
    made.kept[(arm, asked)] = done
    return done


def told(store: Store, made: Made, asked: Form) -> dict[str, Any]:
    """The manifest, with both files as `asked`; a file that has not been written yet is written and thrown away."""
    files: dict[str, Written] = {}
    for arm in _arms(made):
        done = made.kept.get((arm, asked))
        files[arm] = done if isinstance(done, Written) else _thrown_away(store, partial(write, store, made, asked, arm))
    found = backtest.result(store, made) if made.target.campaign.ask in ("item", "category") else None
    return manifest(store, made.target, files, backtest=None if found is None else backtest.told(found))


def _arms(made: Made) -> list[Arm]:
    arms: list[Arm] = ["contacted", "control"]
    return [arm for arm in arms if len(made.target.contacted if arm == "contacted" else made.target.control)]


def _thrown_away(store: Store, make: Callable[[Path], Written]) -> Written:
    path = store.exports / f"{uuid.uuid4().hex}.csv"
    try:
        return make(path)
    finally:
        path.unlink(missing_ok=True)


def _manifest_bytes(store: Store, made: Made, asked: Form) -> bytes:
    path = store.exports / f"{uuid.uuid4().hex}.json"
    try:
        write_manifest(told(store, made, asked), path)
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)


def _reasons(store: Store, made: Made, members: Members, arm: Arm) -> list[str] | None:
    """A sentence for each member about the first item offered; kept, since the manifest needs it again."""
    if made.model is None or not members.offers.shape[1]:
        return None
    kept = made.kept.get((arm, "why"))
    if kept is None:
        kept = made.kept[(arm, "why")] = reasons(store, made.model, members.user_no, members.offers[:, 0])
    return list(kept)


def _look(store: Store, made: Made) -> None:
    """The first rows, exactly as the file has them."""
    rows = made.kept.get("look")
    if rows is None:
        rows = made.kept["look"] = _first_rows(store, made)
    if not rows:
        st.caption("Nobody is contacted: all who pass the gates are in the control group.")
        return
    st.dataframe(
        {_heading(name): [row[name] for row in rows] for name in rows[0]},
        hide_index=True,
        height="content" if len(rows) <= 8 else 320,
        placeholder=fmt.NONE,
        column_config={
            "Rank": st.column_config.TextColumn(width="small", help="Contacted and control share one ranking."),
            "Why": st.column_config.TextColumn(width="large"),
        },
    )
    total = len(made.target.contacted)
    first = f"The first {len(rows)} of {fmt.number(total)}" if total > len(rows) else "All"
    st.caption(f"{first}, as they stand in the file to send.")
    scores = made.target.campaign.ask in ("item", "category")
    if scores and not has_offers(made):
        st.caption(plain("Ranked by the sum of the model's scores over the items, so that no single item is the why."))


def _first_rows(store: Store, made: Made) -> list[dict[str, str]]:
    members = made.target.contacted
    some = Members(*(array[:_SHOWN] for array in (members.user_no, members.ranks, members.scores, members.offers)))
    why = None
    if made.model is not None and has_offers(made):
        why = reasons(store, made.model, some.user_no, some.offers[:, 0])
    path = store.exports / f"{uuid.uuid4().hex}.csv"
    try:
        write_list(store, replace(made.target, contacted=some), path, why=why)
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    finally:
        path.unlink(missing_ok=True)


def _heading(name: str) -> str:
    known = {"user_id": "User", "rank": "Rank", "item": "Item", "item_title": "Title", "why": "Why"}
    if name in known:
        return known[name]
    part = re.fullmatch(r"item_(\d+)(_title)?", name)
    return f"{'Title' if part[2] else 'Item'} {part[1]}" if part else name
