"""Results, behind the readout: the users of each group, the manifest, and taking the list away."""

from __future__ import annotations

import uuid
from functools import partial

import streamlit as st

from core.campaigns import write_manifest
from core.experiments import ArmName, Readout, SavedList, responders, saved_users
from core.store import Store
from pages._ui import results_lists
from pages._ui import results_words as words
from pages._ui.people import Behind, Choice, see_users
from pages._ui.results_files import safe

_WHO = {"All of them": None, "Who responded": True, "Who did not respond": False}


def draw(store: Store, read: Readout) -> None:
    """The line of buttons below a readout."""
    saved = read.saved
    with st.container(horizontal=True, vertical_alignment="center"):
        _users(store, read)
        if saved.manifest:
            st.download_button(
                "Manifest",
                partial(_manifest, store, saved),
                f"{safe(saved.name)}.json",
                "application/json",
                key="list_manifest",
                on_click="ignore",
                help="All that it takes to make this list again: the data's digest, rule, model, seed, counts, gates.",
            )
        results_lists.delete(store, saved)
    if not saved.manifest:
        st.caption("This list was brought in: it has no manifest, since Limelight did not make it.")


def _users(store: Store, read: Readout) -> None:
    groups: dict[str, ArmName] = {words.arm_name("contacted"): "contacted", words.arm_name("control"): "control"}
    choices = [Choice("Group", groups)]
    if read.source == "events" and not words.withheld(read):
        choices.append(Choice("Which users", _WHO))
    see_users(store, "list", partial(_behind, read), choices)


def _behind(read: Readout, arm: ArmName, responded: bool | None = None) -> Behind:
    """The users of a group, all or by whether they responded; by the events, never by an uploaded file."""
    saved = read.saved
    group = {"contacted": "who were contacted", "control": "who were held back"}[arm]
    if responded is None:
        return Behind(f"{group} ({saved.name})", saved_users(saved.name, arm))
    said = "and responded" if responded else "and did not respond"
    return Behind(f"{group} {said} ({saved.name})", responders(read, arm, responded=responded))


def _manifest(store: Store, saved: SavedList) -> bytes:
    """The same bytes as the file beside the list."""
    path = store.exports / f"{uuid.uuid4().hex}.json"
    try:
        write_manifest(saved.manifest, path)
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)
