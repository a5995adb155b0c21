"""The jobs of a workspace in the sidebar: how far they are, how they ended, and a way to stop them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from core.jobs import Job, Runner, time_left
from pages._ui import format as fmt
from pages._ui import shell
from pages._ui.text import unflagged

_WATCHED = "_jobs_watched"
_DISMISSED = "_jobs_dismissed"
_RECENT = timedelta(hours=1)
_MOST_ENDED = 3
# pages show at once what came of these
_UNSAID = (
    "features",
    "choose_features",
    "overlisted",
    "quality",
    "repair",
    "count_segments",
    "by_value",
    "profiles",
    "overlap",
    "sizes",
    "movement",
)


def job_panel(runner: Runner) -> None:
    """Draw the jobs into the container it is called in, on every page; nothing where there are none to speak of.

    It refreshes itself each second while a job is active. When one that this session has seen active ends, the
    whole page runs once more, so that it shows the new data. A page that starts a job does so in a callback, or
    calls `st.rerun()` after it: the panel is drawn before the page.
    """
    active = {job.id for job in runner.jobs() if job.active}
    st.session_state[_WATCHED] = active
    st.fragment(_panel, run_every=1.0 if active else None)(runner)


def job_result(runner: Runner, job_id: str | None) -> dict[str, Any] | None:
    """The result of a job, or None when it has none (yet): the page has then said why and how it stands.

    With `job_id` None (nothing started in this session) it says nothing.
    """
    job = runner.job(job_id) if job_id else None
    if job is None:
        return None
    if job.active:
        st.info(f"{_plain(job.title)} is {job.status}: see the sidebar. You may leave this page, or close it.")
    elif job.status == "failed" and job.error:
        shell.refuse(job.error)
    elif job.status in ("cancelled", "interrupted"):
        st.info(f"{_plain(job.title)}: {_outcome(job)}")
    return job.result


def _panel(runner: Runner) -> None:
    jobs = runner.jobs()
    active = [job for job in jobs if job.active]
    if st.session_state.get(_WATCHED, set()) - {job.id for job in active}:
        st.rerun()
    for job in active:
        _draw_active(runner, job)
    dismissed = st.session_state.get(_DISMISSED, frozenset())
    ended = [job for job in jobs if not job.active and job.id not in dismissed and _is_recent(job)]
    ended = [job for job in ended if job.kind not in _UNSAID or job.status in ("failed", "interrupted")]
    for job in ended[:_MOST_ENDED]:
        _draw_ended(job)


def _draw_active(runner: Runner, job: Job) -> None:
    with st.container(border=True, key=f"job_{job.id}", gap="xxsmall"):
        st.progress(job.share, text=f"**{_plain(job.title)}**")
        st.caption(_progress(job))
        st.button(
            "Cancel",
            key=f"job_cancel_{job.id}",
            type="tertiary",
            disabled=job.stopping,
            help=f"Stops “{_plain(job.title)}” and {'keeps' if job.keeps else 'undoes'} what it has done so far.",
            on_click=_cancel,
            args=(runner, job.id),
        )


def _draw_ended(job: Job) -> None:
    with st.container(key=f"job_{job.id}", gap="xxsmall"):
        text = f":small[**{_plain(job.title)}**  \n{_outcome(job)}]"
        if job.status == "failed":
            st.error(text)
        elif job.status == "interrupted":
            st.warning(text)
        else:
            st.markdown(text)
        st.button(
            "Dismiss",
            key=f"job_dismiss_{job.id}",
            type="tertiary",
            help=f"Takes the note on “{_plain(job.title)}” away; what it made stays.",
            on_click=_dismiss,
            args=(job.id,),
        )


def _progress(job: Job) -> str:
    if job.status == "waiting":
        return "waiting for the job before it"
    if job.stopping:
        return f"stopping, and {'keeping' if job.keeps else 'undoing'} what it has done"
    parts = [fmt.percent(job.share, 0), _plain(job.note), job.counted, time_left(job.remaining)]
    return " · ".join(part for part in parts if part)


def _outcome(job: Job) -> str:
    if job.status == "done":
        return f"Done in {fmt.duration(job.elapsed)}."
    if job.status == "cancelled":
        return "Cancelled; what it had finished was kept." if job.result else "Cancelled; nothing of it was kept."
    if job.status == "interrupted" and job.result:
        return "Limelight was closed while this ran. What it had finished was kept; you can go on with it."
    if job.status == "interrupted":
        return "Limelight was closed while this ran. Nothing of it was kept; start it again."
    return _plain(unflagged(str(job.error))) if job.error else "It failed."


def _is_recent(job: Job) -> bool:
    return job.ended_at is not None and datetime.now(UTC).replace(tzinfo=None) - job.ended_at < _RECENT


def _cancel(runner: Runner, job_id: str) -> None:
    runner.cancel(job_id)


def _dismiss(job_id: str) -> None:
    st.session_state[_DISMISSED] = st.session_state.get(_DISMISSED, frozenset()) | {job_id}


def _plain(text: str) -> str:
    """`text` as it stands: a title may hold a file's name, and a name may look like Markdown, or like an image."""
    return "".join("\\" + c if c in "\\`*_{}[]()#+-!|<>~:$&" else c for c in text)
