"""Loading: choose files, look at what was found, correct it, load, see what came of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from core.errors import Refusal
from core.experiments import bring_list
from core.ingest import Kind, Mapping, Mode, batches, load
from core.jobs import Job, JobSpec, runner_for
from core.progress import Step
from core.store import Store, Writer, open_workspace
from pages._ui import data_files, shell, state
from pages._ui import data_words as words
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.data_joining import draw_mode
from pages._ui.data_mapping import mapping_of
from pages._ui.draft import Draft, Group
from pages._ui.text import plain

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
SAMPLE_FILES = ("events.csv.gz", "items.csv", "users.csv")
SAMPLE_NAME = "sample"
SAMPLE_LIST = ("come-back-candles", "campaign.csv", 0.2)  # its past campaign: name, file, share held back by lot
_DRAFT = "_load_draft"
_MOST_FILES = 4  # of a group whose own choices are drawn: a folder of daily files is one table


def load_sample() -> None:
    """One click: the made-up shop's files into a workspace of their own, as proposed; only shown if it is there."""
    store = open_workspace(SAMPLE_NAME)
    state.choose(SAMPLE_NAME)
    if not any(b["live"] for b in ask(store, batches)):
        draft = Draft(store, as_proposed=True)
        for name in SAMPLE_FILES:
            with (SAMPLE / name).open("rb") as content:
                draft.add_upload(name, content)
        st.session_state[_DRAFT] = draft
    st.rerun()


def draft() -> Draft | None:
    """The load that this session is preparing."""
    found = st.session_state.get(_DRAFT)
    return found if isinstance(found, Draft) and not found.empty else None


def draw_load() -> None:
    """Choose files, or go on with those that were chosen."""
    current = draft()
    if current is None:
        data_files.choose(_start)
        return
    looking = current.look()
    if looking is not None and not looking.over.wait(0.8):
        st.fragment(_progress, run_every=0.5)(current)
        return
    if current.waiting:
        st.rerun()
    if current.as_proposed and not current.refused:
        _submit(current.store, [(g, g.lead.proposal.mapping) for g in current.groups()], again=False, sample=True)
        st.rerun()
    st.fragment(_prepare)(current)


def _start() -> Draft:
    store = state.store_to_load()
    state.choose(store.path.stem)
    found = st.session_state[_DRAFT] = Draft(store)
    return found


def _progress(current: Draft) -> None:
    looking = current.looking
    if looking is None:
        st.rerun()
    st.progress(looking.share, text=f"Looking at the files: {plain(looking.said())}")
    if st.button("Stop", key="look_stop"):
        looking.stop()
        del st.session_state[_DRAFT]
        st.rerun()


# ---- looked at: correct, then load


def _prepare(current: Draft) -> None:
    store = state.store()
    if store is None:
        return
    with st.container(border=True, key="draft"):
        for picked, refusal in current.refused:
            data_files.refused(current, picked, refusal)
        ready = [(group, _group(store, current, group)) for group in current.groups()]
        if ready:
            _load_button(store, current, ready)
        data_files.add_more(current)


def _group(store: Store, current: Draft, group: Group) -> Mapping:
    sheets = len({f.source.name for f in group.files}) < len(group.files)
    names = [words.called(f.source) if sheets else f.source.name for f in group.files]
    title = plain(", ".join(names[:3]))
    if len(group.files) > 3:
        title += f" and {len(group.files) - 3} more"
    st.subheader(title, anchor=False)
    for file in group.files[:_MOST_FILES]:
        data_files.file_line(current, file, several=len(group.files) > 1)
    rest = group.files[_MOST_FILES:]
    if rest:
        st.caption(f"{fmt.count(len(rest), 'more file')} with the same columns, read in the same way:")
        table = {"File": names[_MOST_FILES:], "Rows": [f.source.rows for f in rest]}
        st.dataframe(table, hide_index=True, height=215 if len(rest) > 5 else "content", key=f"{group.token}-rest")
    rows = group.lead.preview.num_rows
    with st.expander(f"The first {fmt.count(rows, 'row')}, as they stand", expanded=True):
        height: int | Literal["content"] = 215 if rows > 5 else "content"
        st.dataframe(group.lead.preview, hide_index=True, height=height, key=f"{group.token}-preview")
    return mapping_of(store, group)


def _load_button(store: Store, current: Draft, ready: list[tuple[Group, Mapping]]) -> None:
    wrong = [text for _, mapping in ready for text in words.problems(mapping)]
    for text in wrong:
        st.error(plain(text))
    again = False
    mode = draw_mode(store, {mapping.kind for _, mapping in ready})
    seen = loaded_already(store, current, earlier=mode == "append")
    if seen:
        st.warning("Loaded already: " + "; ".join(plain(s) for s in seen) + ".")
        again = st.checkbox("Load it a second time on purpose: everything in it will count twice", key="load_again")
    rows = sum(group.rows for group, _ in ready)
    st.markdown(f"Into workspace **{plain(store.path.stem)}**. You can take the load back at any time.")
    with st.container(horizontal=True):
        pressed = st.button(
            f"Load {fmt.count(rows, 'row')}",
            type="primary",
            disabled=bool(wrong or (seen and not again)),
            key="load_go",
        )
        if st.button("Put it all away", key="load_away"):
            del st.session_state[_DRAFT]
            st.rerun()
    if pressed:
        _submit(store, ready, again=again or mode == "replace", mode=mode)
        st.rerun()


def loaded_already(store: Store, current: Draft, *, earlier: bool = True) -> list[str]:
    """A sentence for each file of the draft that is there twice, or whose very bytes an `earlier` load holds."""
    held = {
        (file["sha256"], file.get("sheet"), b["kind"]): f"load {b['batch_no']} of {fmt.moment(b['loaded_at'])} UTC"
        for b in ask(store, batches)
        if b["live"] and earlier
        for file in b["files"]
    }
    said = []
    for file in current.looked:
        key = (file.source.sha256, file.source.sheet, file.kind)
        if key in held:
            said.append(f"{file.source.name} is in {held[key]}")
        held[key] = f"this load, as {file.source.name}"
    return said


# ---- the job


def _submit(
    store: Store, ready: list[tuple[Group, Mapping]], *, again: bool, mode: Mode = "append", sample: bool = False
) -> None:
    """Start the load beside the page: all its files (and the sample's past campaign as a saved list), or none."""
    files = [file for group, _ in ready for file in group.files]
    names = [file.source.name for file in files]
    title = f"Load {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    params = {
        "files": [[f.source.name, f.source.sha256, f.source.sheet] for f in files],
        "mappings": [mapping.to_json() for _, mapping in ready],
        "again": again,
        "mode": mode,
    }

    def work(writer: Writer, step: Step) -> dict[str, Any]:
        total, done, reports = max(sum(group.rows for group, _ in ready), 1), 0, []
        joins: dict[Kind, Mode] = {}  # only the first batch of a kind takes the place of earlier loads
        for group, mapping in ready:
            part = step.part(done / total, (done + group.rows) / total)
            sources = [file.source for file in group.files]
            joined = joins.get(mapping.kind, mode)
            reports.append(asdict(load(writer, sources, mapping, mode=joined, again=again, step=part)))
            joins[mapping.kind] = "append"
            done += group.rows
        if sample:
            reports[-1]["notes"] += (_bring_sample_list(writer),)
        return {"reports": reports, "files": names}

    try:
        job = runner_for(store).submit(JobSpec("load", title, params), work)
    except Refusal as refusal:
        shell.refuse(refusal)
        return
    st.session_state[state.LOAD] = (str(store.path), job.id)
    st.session_state.pop(state.UNDO, None)
    runner_for(store).wait(job.id, 1.0)


def _bring_sample_list(writer: Writer) -> str:
    """Keep the sample's past campaign as a saved list; a note on it for the report."""
    name, file, holdout = SAMPLE_LIST
    kept = bring_list(writer, name, SAMPLE / file, holdout=holdout, replace=True)
    return (
        f"The past campaign {kept.name} is kept as a saved list ({fmt.count(kept.contacted, 'user')} contacted, "
        f"{fmt.number(kept.control)} held back by lot): the page Results reads what it changed."
    )


def load_job(store: Store) -> Job | None:
    """The load that this session started last in this workspace, unless its report has been put away."""
    path, job_id = st.session_state.get(state.LOAD, (None, None))
    return runner_for(store).job(job_id) if job_id and path == str(store.path) else None


def forget_draft() -> None:
    """The files are in: nothing of the draft is needed any longer."""
    st.session_state.pop(_DRAFT, None)
