"""Campaigns: lists of ids that people upload, read once, kept for the session."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.campaigns import ids_digest, read_ids
from core.errors import Refusal
from core.store import Store
from pages._ui import format as fmt
from pages._ui.shell import refuse
from pages._ui.text import plain


@dataclass(frozen=True)
class Uploaded:
    """A list as it was read: the ids, and the sha256 of the sorted ids."""

    file: str
    name: str
    ids: tuple[str, ...]
    digest: str


def ids(store: Store, key: str, text: str, help: str) -> Uploaded | None:
    """Draw the field, and say what was read; None where there is none, or where it was refused (and said)."""
    given = st.file_uploader(text, ["csv", "tsv", "txt"], key=f"{key}_file", help=help, width=420)
    if given is None:
        st.session_state.pop(key, None)
        return None
    known = held(key)
    if known is None or known.file != given.file_id:
        st.session_state.pop(key, None)
        folder = store.spool / f"ids-{uuid.uuid4().hex}"  # the file keeps its name there: refusals speak of it
        path = folder / (Path(given.name).name[-100:] or "ids.csv")
        try:
            folder.mkdir()
            path.write_bytes(given.getbuffer())
            read = tuple(read_ids(path))
        except Refusal as refusal:
            refuse(refusal)
            return None
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        known = st.session_state[key] = Uploaded(given.file_id, given.name, read, ids_digest(read))
    st.caption(f"{plain(known.name)}: **{fmt.count(len(known.ids), 'different id')}**, {plain(_some(known))}")
    return known


def held(key: str) -> Uploaded | None:
    """What was read last under this key; for callbacks."""
    found = st.session_state.get(key)
    return found if isinstance(found, Uploaded) else None


def _some(known: Uploaded) -> str:
    return "such as " + ", ".join(f"“{id_[:40]}”" for id_ in known.ids[:2]) + "."
