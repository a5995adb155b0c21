"""Segments by likeness, behind the views: work started, what came of it, and which kept group is open."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from core.errors import Refusal
from core.jobs import Job, JobSpec, runner_for
from core.segments import (
    CLUSTER_TASK,
    LOOKALIKE_TASK,
    ClusterRun,
    ClusterSpec,
    KeptGroup,
    LookalikeRun,
    LookalikeSpec,
    assign_run,
    list_groups,
    made_in,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui.jobs import job_result
from pages._ui.shell import refuse
from pages._ui.text import plain

ALIKE = "alike"
"""Key of the chooser, in session state and in the address."""
CLUSTERS, LOOKALIKES = "Clusters", "Look-alikes"

Kind = Literal["clusters", "lookalike"]
KEY: dict[Kind, str] = {"clusters": "alike_clusters", "lookalike": "alike_lookalikes"}
"""Key of the open group in session state."""
ADDRESS: dict[Kind, str] = {"clusters": "group", "lookalike": "lookalikes"}
"""Its name in the address."""

_JOBS, _FOLLOWED, _OPEN, _MET, _SAID, _SHOWN = (
    f"_alike_{name}" for name in ("jobs", "followed", "open", "met", "said", "shown")
)


def find_clusters(store: Store, read: Callable[[], ClusterSpec]) -> None:
    """Start looking for clusters; for use in a callback, which alone sees what was typed last."""

    def begin() -> Job:
        spec = read()
        run = ClusterRun(store, spec)
        job = JobSpec("clusters", "Find clusters", spec.as_json(), data=False, reuse=True)
        return _again(store, job) or runner_for(store).compute(_anew(job), CLUSTER_TASK, run.arrays, run.publish)

    _begin(store, "clusters", begin)


def find_lookalikes(store: Store, read: Callable[[], LookalikeSpec]) -> None:
    """Start looking for look-alikes; for use in a callback."""

    def begin() -> Job:
        spec = read()
        run = LookalikeRun(store, spec)
        title = f"Find look-alikes of {spec.seed_segment}"
        # The segment's rule is part of the question: its name alone may stand for another rule tomorrow.
        return runner_for(store).compute(
            JobSpec("lookalike", title, spec.as_json(), data=False), LOOKALIKE_TASK, run.arrays, run.publish
        )

    _begin(store, "lookalike", begin)


def assign(store: Store, name: str) -> None:
    """Start putting users of now into kept clusters; for use in a callback."""

    def begin() -> Job:
        job = JobSpec("assign", f"Assign users to {name}", {"group": name}, data=False)
        return runner_for(store).submit(job, partial(assign_run, name=name))

    _begin(store, "assign", begin)


def follow(store: Store, kind: Kind) -> None:
    """Say how the work that was started last stands; once it is done, open the group that it made."""
    job_id = _started(store, kind)
    with st.container():  # always there, so that what stands below keeps its place
        result = job_result(runner_for(store), job_id)
    if result and job_id not in st.session_state.setdefault(_FOLLOWED, set()):
        st.session_state[_FOLLOWED].add(job_id)
        group = made_in(store, result)
        if group is not None:
            open_group(kind, group.name)


def follow_assigned(store: Store, group: str) -> None:
    """Say how putting users of now into clusters stands, and of the group that is open how many moved."""
    job_id = _started(store, "assign")
    with st.container():
        result = job_result(runner_for(store), job_id)
    if result and result["group"] == group:
        moved = int(result["moved"])
        st.success(
            plain(f"{fmt.count(moved, 'user')} came into a cluster or moved to another of “{result['group']}”.")
            if moved
            else plain(f"Nobody moved: “{result['group']}” is up to date.")
        )


def busy(store: Store, kind: str) -> bool:
    """Whether work of this kind is waiting or running."""
    return any(job.active and job.kind == kind for job in runner_for(store).jobs())


def open_group(kind: Kind, name: str | None) -> None:
    """Show this group from the chooser's next drawing on."""
    st.session_state[_OPEN] = {**st.session_state.get(_OPEN, {}), kind: name}


def choose_group(store: Store, kind: Kind, groups: list[KeptGroup]) -> None:
    """Called before the chooser is drawn: what it shows. On arrival that is the latest group made.

    The address is written by `show_group`, not by the chooser: Streamlit tells it only what people choose themselves.
    """
    key, names = KEY[kind], [group.name for group in groups]
    waiting = st.session_state.get(_OPEN, {})
    met: set[tuple[str, str]] = st.session_state.setdefault(_MET, set())
    linked = st.query_params.get(ADDRESS[kind])
    if kind in waiting:
        st.session_state[key] = waiting.pop(kind)
    elif linked and linked != st.session_state.get(_SHOWN, {}).get(kind):
        st.session_state[key] = linked
        if linked not in names:
            st.info(plain(f"The link names “{linked}”, which is not kept here: it may have been renamed or deleted."))
    elif (str(store.path), kind) not in met and names:
        st.session_state[key] = names[0]
    met.add((str(store.path), kind))
    if st.session_state.get(key) not in names:
        st.session_state.pop(key, None)


def show_group(kind: Kind, name: str | None) -> None:
    """Put the open group into the address, and that of the other view out of it."""
    for other, address in ADDRESS.items():
        now = name if other == kind else None
        if now is None:
            st.query_params.pop(address, None)
        elif st.query_params.get(address) != now:
            st.query_params[address] = now
    st.session_state[_SHOWN] = {kind: name}


def kept(store: Store, kind: Kind) -> list[KeptGroup]:
    """The kept groups of a kind, the latest first."""
    return sorted(list_groups(store, kind), key=lambda group: group.created_at, reverse=True)


def say(text: str = "", refusal: Refusal | None = None) -> None:
    """Say something at the head of the view on its next run."""
    st.session_state.setdefault(_SAID, []).append((text, refusal))


def said() -> None:
    """Say what `say` was given."""
    with st.container():
        for text, refusal in st.session_state.pop(_SAID, []):
            if refusal is not None:
                refuse(refusal)
            else:
                st.success(plain(text))


def _again(store: Store, spec: JobSpec) -> Job | None:
    """The job that did exactly this on these data, if what it made is still kept."""
    earlier = runner_for(store).result(spec)
    return earlier if earlier and earlier.result and made_in(store, earlier.result) else None


def _anew(spec: JobSpec) -> JobSpec:
    return JobSpec(spec.kind, spec.title, spec.params, data=False)


def _begin(store: Store, kind: str, begin: Callable[[], Job]) -> None:
    try:
        job = begin()
    except Refusal as refusal:
        say(refusal=refusal)
        return
    st.session_state.setdefault(_JOBS, {})[(str(store.path), kind)] = job.id
    if job.status == "done":
        st.session_state.setdefault(_FOLLOWED, set()).discard(job.id)
        say("Exactly this has been done on these data already: here is its result.")


def _started(store: Store, kind: str) -> str | None:
    """The job of this session, else one that is under way for whoever started it."""
    mine = st.session_state.get(_JOBS, {}).get((str(store.path), kind))
    if mine is not None:
        return str(mine)
    return next((job.id for job in runner_for(store).jobs() if job.active and job.kind == kind), None)
