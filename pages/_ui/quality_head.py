"""Quality, the head: the key figures as the data now show, and for which data the report is."""

from __future__ import annotations

import streamlit as st

from core.jobs import Job, runner_for
from core.quality import Report, compare, figures, figures_as_loaded, repairs
from core.store import Store
from pages._ui import format as fmt
from pages._ui import quality_jobs as jobs
from pages._ui import quality_words as words
from pages._ui.cache import ask
from pages._ui.jobs import job_result
from pages._ui.shell import refuse

_SHOWN = ("events", "users", "orders", "revenue")


def draw(store: Store, report: Report | None) -> None:
    """Figures, then a line on the report."""
    _figures(store, report)
    _report(store, report)


def _figures(store: Store, report: Report | None) -> None:
    fresh = report is not None and not jobs.stale(store, report)
    now = report.figures if report is not None and fresh else ask(store, figures)
    counting = sum(kept.ended_at is None for kept in ask(store, repairs))
    loaded = ask(store, figures_as_loaded) if counting else now
    with st.container(horizontal=True, gap="large"):
        for one in compare(loaded, now):
            if one.name in _SHOWN:
                st.metric(
                    words.NAMES[one.name],
                    words.amount(one.name, one.after),
                    words.change(one) if one.change else None,
                    delta_color="off",
                    help=words.MEANINGS[one.name],
                    width="content",
                )
    if counting:
        st.caption(
            f"{fmt.count(counting, 'repair')} applied. Below each figure: the change against the data as loaded."
        )
    else:
        st.caption("No repair is applied: these are the data as loaded.")


def _report(store: Store, report: Report | None) -> None:
    if report is not None and not jobs.stale(store, report):
        serious, look, note = (report.count(level) for level in words.LEVELS)
        st.caption(
            f"Report of {fmt.moment(report.made_at)} (UTC) on the data as they are (version {report.version}), made in "
            f"{fmt.duration(report.seconds)}: {fmt.count(serious, 'finding')} making figures wrong, {look} that may, "
            f"{note} good to know."
        )
        return
    job = jobs.report_job(store)
    if report is not None:
        st.warning(
            f"The data have changed since this report of {fmt.moment(report.made_at)} (UTC, version {report.version}; "
            f"the data are version {store.version}). "
            + ("A new one is being made; until then this one is shown." if job and job.active else "")
        )
    if job is not None:
        _stands(store, job, report)


def _stands(store: Store, job: Job, report: Report | None) -> None:
    if job.active:
        if report is None:
            st.info("We are looking for what is wrong: see the sidebar. The findings appear here when it is done.")
        return
    if job.status == "failed" and job.error:
        refuse(job.error)
    else:
        job_result(runner_for(store), job.id)
    st.button("Look again", key="quality_again", on_click=_again, args=(store,), type="primary")


def _again(store: Store) -> None:
    jobs.start_report(store)
