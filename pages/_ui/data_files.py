"""Choosing files, and saying what a file is where Limelight cannot tell or is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import streamlit as st

from core.errors import Refusal
from core.ingest import expand, sheet_names
from core.store import server_folder
from pages._ui import data_words as words
from pages._ui import format as fmt
from pages._ui import shell, state
from pages._ui.draft import ALL_SHEETS, Draft, Looked, Picked
from pages._ui.text import label, plain
from pages._ui.upload_box import upload_box

_ENDINGS = (
    "csv",
    "tsv",
    "txt",
    "gz",
    "parquet",
    "pq",
    "xlsx",
    "xlsm",
    "xlsb",
    "xls",
    "ods",
    "jsonl",
    "ndjson",
    "json",
    "zip",
)
_HINT = (
    "CSV, TSV or text (also gzipped), Parquet, Excel, JSON lines, or a zip of such files: what users did, and if you "
    "have them, lists of items and of users. What a file is, Limelight tells from its content. The files stay on this "
    "machine."
)
_MOST_LISTED = 500
_DELIMITERS = {None: "as found", ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_ENCODINGS = (None, "utf-8", "windows-1252", "latin-1", "utf-16", "gb18030")


def choose(start: Callable[[], Draft]) -> None:
    """Ways to begin a load: upload, the server's folder, the sample. `start` makes the draft when there is a file."""
    with st.container(border=True, key="choose"):
        st.subheader("Load files", anchor=False)
        _upload("Drop files or a folder here", start, "upload")
        _server_files(start)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Load the sample data", key="sample"):
                st.session_state[state.SAMPLE] = True
                st.rerun()
            st.caption("A year of a made-up shop: 8,000 users, 1,200 items, 300,000 events, in a workspace of its own.")


def add_more(draft: Draft) -> None:
    """An uploader for files to go into the same load: item and user files beside the events."""
    with st.expander("Add more files to this load: items, users, further months"):
        _upload("Drop more files here", lambda: draft, "upload_more")
        _server_files(lambda: draft)


def _upload(label: str, start: Callable[[], Draft], key: str) -> None:
    box = upload_box(label, _HINT, _ENDINGS, key=key)
    if not box.any_ready:
        return
    try:
        draft = start()
    except Refusal as refusal:
        shell.refuse(refusal)
        return
    for file in box.take():
        draft.add_arrived(file.path, file.name)
    st.rerun()


def _server_files(start: Callable[[], Draft]) -> None:
    folder = server_folder()
    if folder is None:
        return
    found = list_server_files(folder)
    if not found:
        st.caption(f"The server folder {plain(str(folder))} holds no file that could be loaded.")
        return
    names = st.multiselect(
        "Or take files from the server folder, without uploading",
        list(found),
        format_func=lambda name: f"{name} ({fmt.size(found[name].stat().st_size)})",
        key="server_files",
        placeholder="Choose files",
        help=f"The folder {plain(str(folder))}, set by whoever runs Limelight.",
    )
    pattern = st.text_input(
        "Or all whose names fit a pattern",
        key="server_pattern",
        placeholder="2026-*/orders_*.csv",
        help="A * stands for any letters. The name of a folder takes all that lies in it.",
    )
    if st.button("Look at these files", disabled=not (names or pattern.strip()), key="server_look"):
        try:
            chosen = {name: found[name] for name in names} | _fitting(folder, pattern.strip())
            draft = start()
        except Refusal as refusal:
            shell.refuse(refusal)
            return
        for name, path in chosen.items():
            draft.add(path, name)
        for key in ("server_files", "server_pattern"):
            st.session_state.pop(key, None)
        st.rerun()


def _fitting(folder: Path, pattern: str) -> dict[str, Path]:
    """Name below the folder -> file, for files that fit a pattern; nothing outside the folder ever does.

    Raises Refusal `no_file_found`, `too_many_files`, `outside_folder`.
    """
    if not pattern:
        return {}
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise Refusal("outside_folder", f"{pattern!r} leads out of the server folder.", "Name files inside it.")
    paths = [path.resolve() for path in expand([str(folder / pattern)])]
    inside = {str(path.relative_to(folder)): path for path in paths if path.is_relative_to(folder)}
    if not inside:
        raise Refusal("outside_folder", f"{pattern!r} leads out of the server folder.", "Name files inside it.")
    return inside


def list_server_files(folder: Path) -> dict[str, Path]:
    """Name below the folder -> file, for files that could be loaded; links that lead out of the folder are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower().lstrip(".") in _ENDINGS and path.is_file() and path.resolve().is_relative_to(folder):
            found[str(path.relative_to(folder))] = path.resolve()
        if len(found) >= _MOST_LISTED:
            break
    return found


# ---- one file


def refused(draft: Draft, picked: Picked, refusal: Refusal) -> None:
    """A file that cannot be loaded as it stands: why, and what a person may say to change that."""
    st.subheader(plain(picked.name), anchor=False)
    shell.refuse(refusal)
    _reading(draft, picked, None, sheets=refusal.code in ("no_such_sheet", "empty_sheet"))
    if st.button("Leave this file out", key=f"drop-{picked.token}"):
        draft.drop(picked)
        st.rerun()


def file_line(draft: Draft, file: Looked, *, several: bool) -> None:
    """What a file is and how it is written, both to be corrected."""
    picked, token = file.picked, file.picked.token
    name = f"{plain(words.called(file.source))}: " if several else ""
    st.caption(name + plain(words.written(file.source)))
    left, right = st.columns((2, 1), vertical_alignment="bottom")
    with left:
        kind = st.selectbox(
            "What is in this file?" if not several else f"What is in {label(words.called(file.source))}?",
            list(words.KINDS),
            index=list(words.KINDS).index(file.kind),
            format_func=words.KINDS.__getitem__,
            key=f"kind-{token}",
        )
    if kind != file.kind:
        draft.correct(picked, replace(picked.choice, kind=kind))
        st.rerun()
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Leave out", key=f"drop-{token}", help=f"Do not load {plain(picked.name)}."):
            draft.drop(picked)
            st.rerun()
    _reading(draft, picked, file, sheets=file.source.format == "excel")


def _reading(draft: Draft, picked: Picked, file: Looked | None, *, sheets: bool) -> None:
    """Say how the file is written, where what was found is wrong."""
    names = _sheets(str(picked.path)) if sheets else []
    text = not sheets and (file is None or file.source.format == "csv")
    if not names and not text:
        return
    token, choice = picked.token, picked.choice
    title = f"Another sheet? ({len(names)} in this workbook)" if names else "Read wrongly? Say how it is written"
    with st.expander(title):
        changed = choice
        if names:
            at = names.index(file.source.sheet) if file and file.source.sheet in names else 0
            sheet = st.selectbox(
                "Sheet",
                [*names, ALL_SHEETS] if len(names) > 1 else names,
                index=at,
                format_func=lambda name: "All sheets that have rows" if name == ALL_SHEETS else name,
                key=f"sheet-{token}",
            )
            changed = replace(changed, sheet=sheet if file is None or sheet != file.source.sheet else choice.sheet)
        cells = st.columns(3)
        with cells[0]:
            header = st.selectbox(
                "First row",
                [None, True, False],
                index=[None, True, False].index(choice.header),
                format_func={None: "as found", True: "holds the column names", False: "is data"}.__getitem__,
                key=f"header-{token}",
            )
        if text:
            with cells[1]:
                delimiter = st.selectbox(
                    "Columns are parted by",
                    list(_DELIMITERS),
                    index=list(_DELIMITERS).index(choice.delimiter),
                    format_func=_DELIMITERS.__getitem__,
                    key=f"delimiter-{token}",
                )
            with cells[2]:
                encoding = st.selectbox(
                    "Letters are written in",
                    _ENCODINGS,
                    index=_ENCODINGS.index(choice.encoding),
                    format_func=lambda e: e or "as found",
                    key=f"encoding-{token}",
                )
            changed = replace(changed, delimiter=delimiter, encoding=encoding)
        changed = replace(changed, header=header)
        if st.button("Read it again so", disabled=changed == choice, key=f"reread-{token}"):
            draft.correct(picked, changed)
            st.rerun()


@st.cache_data(max_entries=50, show_spinner=False)
def _sheets(path: str) -> list[str]:
    """The sheets of a workbook in the spool, where every file has a name of its own."""
    try:
        return sheet_names(Path(path))
    except Refusal:
        return []
