"""Keeping no more than is meant to be kept: erasing one user everywhere, and dropping events by their age."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

import streamlit as st

from core.errors import Refusal
from core.ingest import ON_DISK, apply_retention, due, erase, erased_users, retention, set_retention
from core.jobs import JobSpec, runner_for
from core.progress import Step
from core.store import Store, Writer
from pages._ui import format as fmt
from pages._ui import shell, state
from pages._ui.cache import ask
from pages._ui.jobs import job_result
from pages._ui.text import plain

_CLEANED = "_care_cleaned"
"""Session key: the erasing after which the workspace's file was written anew."""

_TABLES = {
    "events": "Events",
    "parked_events": "Events of loads that do not count",
    "user_facts": "What files say of the user",
    "parked_user_facts": "What replaced files said of the user",
    "contact_facts": "Contact data",
    "users": "The user's id",
    "retired_users": "The user's id",
    "saved_members": "Places on saved lists",
    "grouping_members": "Places in kept groups of users",
    "groupings": "Kept groups that named the user",
    "run_users": "Figures in stored comparisons",
    "run_chosen": "Places in stored audience checks",
    "rejects": "Rejected rows that named the user",
    "jobs": "Entries in the record of jobs",
    "models": "Fitted models",
}


def draw_care(store: Store) -> None:
    """Both tasks, one below the other."""
    _erase(store)
    st.divider()
    _age(store)


# ---- one user


def _erase(store: Store) -> None:
    st.markdown("**Erase a user.** When somebody asks that nothing be kept of them.")
    _erased(store)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        user = st.text_input("The user's id, as in the files", key="erase_id", width=320, max_chars=1000)
        if st.button("Erase ...", disabled=not user.strip(), key="erase"):
            _confirm_erase(store, user.strip())
    gone = ask(store, erased_users)
    if gone:
        st.caption(
            f"{fmt.count(gone, 'user has', 'users have')} been erased here. Loads that still name them leave their "
            "rows out and say so."
        )


@st.dialog("Erase this user everywhere?")
def _confirm_erase(store: Store, user: str) -> None:
    st.markdown(
        f"**{plain(user)}** goes from all loads, lists, comparisons and contact data, for good: this cannot be undone, "
        "and a later file that still names this user is loaded without them. Fitted models that learnt from the user "
        "are removed; they can be fitted again. Backups made earlier, exported files and the files that were loaded "
        "are not touched."
    )
    with st.container(horizontal=True):
        if st.button("Erase the user", type="primary", key="erase_yes"):
            # The id stays out of the job's record: it is in the work, not in the words.
            spec = JobSpec("erase", "Erase a user", {"at": datetime.now(UTC).isoformat()})
            _submit(store, spec, partial(_erase_work, user=user))
            if _result(store, "erase"):  # else it may have to be corrected
                st.session_state["erase_id"] = ""
            st.rerun()
        if st.button("Keep the user", key="erase_no"):
            st.rerun()


def _erase_work(writer: Writer, step: Step, *, user: str) -> dict[str, Any]:
    receipt = asdict(erase(writer, user, step=step))
    return json.loads(json.dumps(receipt, default=str))  # type: ignore[no-any-return]  # plain words for the record


def _erased(store: Store) -> None:
    """The receipt of the user whom this session erased last."""
    receipt = _result(store, "erase")
    if not receipt:
        return
    with st.container(border=True, key="erase_receipt"):
        st.success("The user is erased. Keep this receipt: it does not name them.")
        rows = {_TABLES.get(t, t): n for t, n in receipt["rows"].items() if n}
        st.table(
            {"What is gone": list(rows), "Rows": [fmt.number(n) for n in rows.values()]},
            border="horizontal",
            hide_index=True,
        )
        for note in receipt["notes"]:
            if note != ON_DISK:
                st.markdown(f"- {plain(note)}")
        _clean(store)
        st.download_button(
            "Download the receipt", json.dumps(receipt, indent=2), "erasure-receipt.json", "application/json",
            key="erase_file", on_click="ignore",
        )  # fmt: skip


def _clean(store: Store) -> None:
    """Write the workspace's file anew: deleted text would else stand in unused parts of it for a while."""
    _, job_id, _ = st.session_state[state.CARE]
    cleaned = st.session_state.get(_CLEANED)
    if cleaned == job_id:
        st.markdown("- The workspace's file has been written anew: nothing of the user is left in it.")
        return
    st.markdown(
        "- In unused parts of the workspace's file, deleted text can still stand until they are written over. "
        "Write the file anew, and it is gone there too."
    )
    if not st.button("Write the file anew", key="erase_clean"):
        return
    try:
        with st.spinner("Writing the file anew"):
            store.compact()
    except Refusal as refusal:
        shell.refuse(refusal)
        return
    st.session_state[_CLEANED] = job_id
    st.rerun()


# ---- age


def _age(store: Store) -> None:
    rule = ask(store, retention)
    st.markdown("**Drop events by age.** A rule that is carried out at every load, counted back from that day.")
    if rule is None:
        st.caption("No rule is set: events are kept however old they are.")
    else:
        st.markdown(f"Events older than **{fmt.count(rule.days, 'day')}** are dropped.")
    done = _result(store, "retention")
    if done:
        st.success(f"Dropped: {_counted(done['events'], done['parked'])}.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        days = st.number_input(
            "Keep events for (days)",
            min_value=1,
            max_value=36_500,
            value=rule.days if rule else 760,
            step=1,
            key="retention_days",
            width=220,
            help="760 days are 25 months: two years can still be compared.",
        )
        if st.button("Set the rule ...", key="retention_set", disabled=rule is not None and rule.days == days):
            _confirm_age(store, int(days))
        if rule is not None and st.button("Lift the rule", key="retention_off"):
            _submit(store, JobSpec("retention", "Lift the rule on age", {"days": None}), _lift)
            st.rerun()
    if rule is not None:
        _due(store)


def _counted(events: int, parked: int) -> str:
    """Events that count, and those that do not but may again.

    >>> _counted(3, 0), _counted(1, 2)
    ('3 events', '1 event, and 2 that are left out or replaced')
    """
    return fmt.count(events, "event") + (f", and {fmt.number(parked)} that are left out or replaced" if parked else "")


def _due(store: Store) -> None:
    waiting = due(store, datetime.now(UTC))
    if not waiting.events + waiting.parked:
        st.caption(f"Nothing is older than {fmt.day(waiting.cutoff)} today.")
        return
    st.caption(f"Past that age since the last load: {_counted(waiting.events, waiting.parked)}.")
    if st.button("Drop them now", key="retention_now"):
        _submit(store, JobSpec("retention", "Drop events by age", {"now": datetime.now(UTC).isoformat()}), _drop)
        st.rerun()


@st.dialog("Drop events by age?")
def _confirm_age(store: Store, days: int) -> None:
    end = store.as_of()
    st.markdown(
        f"Events more than **{fmt.count(days, 'day')}** old today go for good, now and at every load to come. "
        "Taking a load back does not bring them back; loading the file again does not either."
        + (f" The data end on {fmt.day(end)}." if end else "")
    )
    every = st.checkbox("Even if no event that has a time is left", key="retention_all")
    with st.container(horizontal=True):
        if st.button("Set the rule", type="primary", key="retention_yes"):
            spec = JobSpec("retention", f"Keep events for {fmt.count(days, 'day')}", {"days": days, "all": every})
            _submit(store, spec, partial(_set, days=days, every=every))
            st.rerun()
        if st.button("Leave it", key="retention_no"):
            st.rerun()


def _set(writer: Writer, step: Step, *, days: int, every: bool) -> dict[str, Any]:
    now = datetime.now(UTC)
    set_retention(writer, days, now=now, even_all=every)
    return _drop(writer, step)


def _lift(writer: Writer, step: Step) -> dict[str, Any]:
    set_retention(writer, None, now=datetime.now(UTC))
    return {}


def _drop(writer: Writer, step: Step) -> dict[str, Any]:
    done = apply_retention(writer, now=datetime.now(UTC), step=step)
    return json.loads(json.dumps(done, default=str))  # type: ignore[no-any-return]


# ---- jobs


def _submit(store: Store, spec: JobSpec, work: Any) -> None:
    try:
        job = runner_for(store).submit(spec, work)
    except Refusal as refusal:
        shell.refuse(refusal)
        return
    st.session_state[state.CARE] = (str(store.path), job.id, spec.kind)
    runner_for(store).wait(job.id, 1.0)


def _result(store: Store, kind: str) -> dict[str, Any] | None:
    path, job_id, was = st.session_state.get(state.CARE, (None, None, None))
    if path != str(store.path) or was != kind:
        return None
    return job_result(runner_for(store), job_id)
