"""Bringing a workspace back from a backup, beside the page, with progress and a way to stop."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import Refusal
from core.jobs import runner_for
from core.progress import Cancelled, Step
from core.store import Store, home, list_workspaces, server_folder
from core.takeout import restore
from pages._ui import format as fmt
from pages._ui import shell, state
from pages._ui.draft import defect
from pages._ui.text import plain
from pages._ui.upload_box import upload_box

_GIVEN, _AT_WORK = "_restore_file", "_restore_work"


class Restoring(Step):
    """One restoring on a thread of its own. `result` or `refusal` stands when it is `over`."""

    def __init__(self, file: Path, shown: str, name: str, *, replace: bool, owned: bool) -> None:
        self.share, self.note = 0.0, ""
        self.name = name
        self.result: dict[str, Any] | None = None
        self.refusal: Refusal | None = None
        self.over = threading.Event()
        self._stop = threading.Event()
        self._file, self._shown, self._replace, self._owned = file, shown, replace, owned
        threading.Thread(target=self._run, name="limelight-restore", daemon=True).start()

    def stop(self) -> None:
        """Ask it to stop: nothing has happened then."""
        self._stop.set()

    def cancelled(self) -> bool:
        """Whether someone has asked it to stop."""
        return self._stop.is_set()

    def _tell(self, share: float, note: str) -> None:
        self.share, self.note = max(self.share, share), note or self.note

    def _run(self) -> None:
        try:
            self.result = restore(self._file, self.name, replace=self._replace, let_go=_let_go, step=self)
            if self._owned:
                self._file.unlink(missing_ok=True)
        except Refusal as refusal:
            message = refusal.message.replace(str(self._file), self._shown)  # not where the upload lies
            self.refusal = Refusal(refusal.code, message, refusal.hint)
        except Cancelled:
            self.refusal = Refusal("cancelled", "Stopped; nothing was changed.")
        except Exception as fault:  # noqa: BLE001  # a defect must end in words on the page, not in a silent thread
            self.refusal = defect(fault)
        finally:
            self.over.set()


def draw_restore() -> None:
    """Choose a backup, name the workspace, bring it back."""
    st.subheader("Bring a workspace back", anchor=False)
    st.markdown("From a backup: a file that the page Data, or the command `backup`, has made. It is checked first.")
    work = st.session_state.get(_AT_WORK)
    if isinstance(work, Restoring):
        if not work.over.wait(0.5):
            st.fragment(_progress, run_every=0.5)(work)
            return
        _said(work)
    given = st.session_state.get(_GIVEN)
    if given is None:
        _choose()
    else:
        _ask(*given)


def _choose() -> None:
    box = upload_box("Drop a backup here", "A file that ends in .duckdb", ("duckdb",), key="restore_upload")
    for arrived in box.take() if box.any_ready else ():
        _take(arrived.path, arrived.name, owned=True)
    folder = server_folder()
    there = sorted(folder.glob("*.duckdb")) if folder else []
    if there:
        chosen = st.selectbox(
            "Or take one from the server folder",
            there,
            index=None,
            format_func=lambda path: f"{path.name} ({fmt.size(path.stat().st_size)})",
            placeholder="Choose one",
            key="restore_server",
            width=420,
        )
        if chosen is not None and st.button("Take this file", key="restore_take"):
            _take(chosen, chosen.name, owned=False)


def _take(path: Path, name: str, *, owned: bool) -> None:
    st.session_state.pop(_AT_WORK, None)  # what came of the one before has been read
    st.session_state[_GIVEN] = (path, name, owned)
    st.rerun()


def _ask(path: Path, name: str, owned: bool) -> None:
    st.markdown(f"**{plain(name)}**, {fmt.size(path.stat().st_size)}")
    wanted = st.text_input("Name of the workspace", Path(name).stem, key="restore_name", width=320, max_chars=80)
    wanted = wanted.strip()
    exists = wanted in list_workspaces()
    replace = exists and st.checkbox(
        f"Put it in the place of the workspace {plain(wanted)} that is there, which is kept in the folder "
        f"{plain(str(home() / 'before-restore'))}",
        key="restore_replace",
    )
    if exists:
        st.caption("Whoever works in that workspace at this moment is interrupted.")
    with st.container(horizontal=True):
        if st.button(
            "Bring it back", type="primary", disabled=not wanted or (exists and not replace), key="restore_go"
        ):
            try:
                state.check_name(wanted)
            except Refusal as refusal:
                shell.refuse(refusal)
                return
            st.session_state[_AT_WORK] = Restoring(path, name, wanted, replace=replace, owned=owned)
            st.rerun()
        if st.button("Leave it", key="restore_away"):
            del st.session_state[_GIVEN]
            if owned:
                path.unlink(missing_ok=True)
            st.rerun()


def _said(work: Restoring) -> None:
    """What came of it: a refusal once, beside the file, which stays chosen; a success until the next file is chosen."""
    if work.refusal or work.result is None:
        del st.session_state[_AT_WORK]
        if work.refusal and work.refusal.code == "cancelled":
            st.info(work.refusal.message)
        elif work.refusal:
            shell.refuse(work.refusal)
        return
    st.session_state.pop(_GIVEN, None)
    rows, kept = work.result["rows"], work.result["kept"]
    st.success(
        f"The workspace {plain(work.name)} is back: {fmt.count(rows['events'], 'event')}, "
        f"{fmt.count(rows['users'], 'user')}, {fmt.count(rows['items'], 'item')}."
        + (f" The one that was there is kept as {plain(kept)}." if kept else "")
    )
    if st.button("Open it", type="primary", key="restore_open"):
        del st.session_state[_AT_WORK]
        state.choose(work.name)
        state.go("home")


def _progress(work: Restoring) -> None:
    if work.over.is_set():
        st.rerun()
    st.progress(work.share, text=plain(work.note or "Starting"))
    if st.button("Stop", key="restore_stop"):
        work.stop()


def _let_go(store: Store) -> None:
    """Stop the jobs of the workspace whose file is about to change."""
    runner_for(store).close()
