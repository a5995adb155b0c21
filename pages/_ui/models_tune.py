"""Models, tuned: settings tried one after another on a part of the data kept for choosing."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.evaluate import StoredStudy, Study, seconds_left, tally
from core.figures.evaluate import amount, definition
from core.recommend import info
from core.store import Store
from pages._ui import format as fmt
from pages._ui import models_jobs as jobs
from pages._ui import models_tune_ask as asking
from pages._ui import models_tune_jobs as tunes
from pages._ui import models_tune_tabs as tabs
from pages._ui.matrix_settings import matrix_words
from pages._ui.models_compare import fitted_button
from pages._ui.models_details import card, name_card
from pages._ui.models_tune_words import SEARCHES, changed_words, headline, length_words, metric_name, study_label
from pages._ui.models_words import split_words, when
from pages._ui.text import plain

_MORE = 20


def draw(store: Store) -> None:
    """The whole view."""
    jobs.named(None)
    tunes.follow(store)
    kept, every = tunes.current(store)
    if kept is None:
        st.markdown(
            "Every model has settings: how many neighbours, how much caution, how many tastes. Which serve best "
            "depends on your data. Here they are tried for you, one after another, and the best is one click from use."
        )
        asking.draw(store, "t_first", asking.beginning(store), first=True)
        return
    _chooser(store, kept, every)
    _result(store, kept)
    st.divider()
    st.markdown("**Tune again**, with other models, or in another way")
    asking.draw(store, f"t_again_{kept.study_id}", kept.study.spec, first=False)


def _chooser(store: Store, kept: StoredStudy, every: list[StoredStudy]) -> None:
    """The kept studies, and a way to be rid of one."""
    names = {s.study_id: study_label(s) for s in every}
    key = f"tune_chosen_{kept.study_id}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Study",
            list(names),
            list(names).index(kept.study_id),
            key=key,
            format_func=names.__getitem__,
            on_change=tunes.open_study,
            args=(store, key),
            width=460,
        )
        with st.popover("Delete", key="study_delete"):
            st.markdown("The study and its trials go; data, fitted models and comparisons stay. It cannot be undone.")
            st.button(
                "Delete it", key="study_delete_do", type="primary", on_click=tunes.delete, args=(store, kept.study_id)
            )


def _result(store: Store, kept: StoredStudy) -> None:
    study = kept.study
    if kept.stale:
        st.warning(
            f"The data have changed since this study of {when(kept.updated_at)}. It can be read, but not gone on with: "
            "tune again, below, to try settings on the data as they are now."
        )
    first, _, rest = headline(study).partition(": ")
    st.subheader(plain(f"{first}: {rest.partition('. ')[0].rstrip('.')}." if rest else first), anchor=False)
    if rest.partition(". ")[2]:
        st.markdown(plain(rest.partition(". ")[2]))
    if study.ended == "stopped":
        st.info("It was cancelled before its end; what was done until then was kept. You can go on with it.")
    _key_figures(study)
    _use(store, kept)
    tabs.draw(study)
    _how(store, kept)


def _key_figures(study: Study) -> None:
    best, spec, counts = study.best, study.spec, tally(study)
    with st.container(horizontal=True, gap="small"):
        if best is not None:
            start = next(m for m in spec.models if m.model == best.spec.model)
            name_card("Best settings", info(best.spec.model).plain, changed_words(best, start))
            before = study.start_of(best.spec.model)
            change = before and before.state == "complete" and not best.start and fmt.delta(best.value, before.value)
            with card():
                st.metric(
                    metric_name(spec),
                    amount(spec.metric, best.value),
                    change or None,
                    delta_description="vs where it started" if change else None,
                    help=plain(definition(spec.metric, spec.k)),
                )
                st.caption(f"95 % interval {amount(spec.metric, best.low)} to {amount(spec.metric, best.high)}")
        with card():
            st.metric("Trials", fmt.number(len(study.trials)), help="Settings tried, in all sittings.")
            said = f"{fmt.number(counts.complete)} judged in full, {fmt.number(counts.pruned)} given up early"
            st.caption(f"{said}, {fmt.number(counts.failed)} failed")
        with card():
            st.metric("Time", fmt.duration(counts.seconds), help="Fitting and making lists, in all trials together.")
            each = seconds_left(study.trials, 1)
            st.caption(
                f"{fmt.duration(each)} a trial, judged by up to {fmt.count(study.facts.get('users'), 'user')}"
                if each is not None
                else "no trial came to its end"
            )


def _use(store: Store, kept: StoredStudy) -> None:
    """The next steps: use the best, see what was gained, or go on."""
    study, done = kept.study, kept.study.best is not None
    st.markdown(
        "**What next?** Fit the best on all the data for use; measure the gain on the part that no trial has seen; or "
        "try more settings."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button(
            "Use the best",
            key="tune_use",
            type="primary",
            on_click=jobs.fit,
            args=(store, partial(tabs.promoted, study)),
            disabled=not done or jobs.busy(store, "fit"),
            help="Fits it on all the data, with nothing hidden.",
        )
        st.button(
            "What did tuning gain?",
            key="tune_gain",
            on_click=tunes.gained,
            args=(store, study),
            disabled=not done or jobs.busy(store, "compare"),
            help="Compares the tuned models with their usual settings on the report part, which no trial has looked "
            "at, and opens the comparison.",
        )
        more = st.number_input("More trials", 1, 5_000, _MORE, 10, key="tune_more", width=130)
        left = seconds_left(study.trials, more)
        about = f" About {fmt.duration(left)} by the pace so far." if left else ""
        st.button(
            f"Go on with {fmt.number(more)} more",
            key="tune_go_on",
            on_click=tunes.resume,
            args=(store, kept, more, None),
            disabled=kept.stale or study.ended == "grid" or jobs.busy(store, "tune"),
            help="The whole grid has been tried."
            if study.ended == "grid"
            else "As if it had never stopped: the search remembers every trial." + about,
        )
    model_id = jobs.fitted(store)
    if model_id is not None:
        fitted_button(store, model_id)


def _how(store: Store, kept: StoredStudy) -> None:
    study, spec, facts = kept.study, kept.study.spec, kept.study.facts
    with st.expander("How settings were judged"):
        users = f"{fmt.count(facts.get('users_fit'), 'user')} and {fmt.count(facts.get('items_fit'), 'item')}"
        lines = [
            f"Last gone on with on {when(kept.updated_at)}, Limelight {kept.limelight}: {split_words(study.split)}.",
            f"Learnt from {users}, judged by {fmt.count(facts.get('users'), 'user')} of "
            f"{fmt.number(facts.get('users_possible'))} possible, with lists of {spec.k}.",
            f"Search: {SEARCHES[spec.sampler].lower()}, {length_words(spec)}, seed {spec.seed}"
            + ("; what was surely behind was given up early." if spec.prune else "; every trial judged in full."),
            "How behaviour counted: " + matrix_words(spec.matrix),
            *study.notes,
        ]
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))
