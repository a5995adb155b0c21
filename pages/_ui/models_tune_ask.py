"""Models, tuned: what a study asks, as fields, and the TuneSpec that they say."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.errors import Refusal
from core.evaluate import METRICS, SAMPLERS, TUNE_SPLITS, Split, TuneSpec
from core.figures.evaluate import METRIC_NAMES, definition
from core.recommend import MODELS, ModelInfo, Spec, info
from core.recommend import spec as model_spec
from core.store import Store
from pages._ui import models_jobs as jobs
from pages._ui import models_tune_jobs as tunes
from pages._ui.matrix_settings import matrix_read, matrix_settings
from pages._ui.models_tune_words import SEARCH_HELP, SEARCHES, plan
from pages._ui.models_words import SPLIT_HELP, SPLIT_NAMES
from pages._ui.text import label, plain

FIRST = "item-knn"
"""The model that is ticked where nobody has chosen: quick, and much depends on its settings."""
_LENGTHS = {"trials": "Trials", "minutes": "Minutes", "both": "Whichever comes first"}
_TRIALS, _MINUTES = 30, 10.0


def beginning(store: Store) -> TuneSpec:
    """What is asked where nobody has chosen anything."""
    return TuneSpec((model_spec(FIRST),), split="leave-last-out" if store.as_of() is not None else "random")


def draw(store: Store, key: str, begin: TuneSpec, *, first: bool) -> None:
    """The models, the length, the button, and the rest behind its headings."""
    _models(key, begin)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        _length(key, begin)
        st.segmented_control(
            "How to search",
            SAMPLERS,
            default=begin.sampler,
            required=True,
            key=f"{key}_how",
            format_func=SEARCHES.__getitem__,
            help=SEARCH_HELP,
        )
        st.selectbox(
            "Judged by",
            METRICS,
            METRICS.index(begin.metric),
            key=f"{key}_metric",
            format_func=METRIC_NAMES.__getitem__,
            width=150,
            help=plain(definition(st.session_state.get(f"{key}_metric", begin.metric), begin.k)),
        )
    place = st.container()
    with st.expander("How settings are judged", icon=":material/balance:", key=f"{key}_judged_open"):
        _judging(store, key, begin)
    with st.expander("Which settings are tried", icon=":material/tune:", key=f"{key}_walk_open"):
        _walk(key, begin)
    with st.expander("How behaviour counts", icon=":material/scale:", key=f"{key}_counts_open"):
        matrix_settings(store, f"{key}_x", begin.matrix)
    with place:
        _go(store, key, begin, first)


def read(store: Store, key: str, begin: TuneSpec) -> TuneSpec:
    """The question that the fields say. Raises Refusal `bad_tuning`, `nothing_to_tune`, `bad_matrix`."""
    said = st.session_state
    length = said.get(f"{key}_length", _kind(begin))
    models = _chosen(key, begin)
    names = {m.model for m in models}
    return TuneSpec(
        models=models,
        matrix=matrix_read(store, f"{key}_x", begin.matrix),
        split=said.get(f"{key}_split", _split(store, begin)),
        k=int(said.get(f"{key}_k", begin.k)),
        metric=said.get(f"{key}_metric", begin.metric),
        sampler=said.get(f"{key}_how", begin.sampler),
        trials=int(said.get(f"{key}_trials") or begin.trials or _TRIALS) if length != "minutes" else None,
        minutes=float(said.get(f"{key}_minutes") or begin.minutes or _MINUTES) if length != "trials" else None,
        prune=bool(said.get(f"{key}_prune", begin.prune)),
        seed=int(said.get(f"{key}_seed", begin.seed)),
        most_users=said.get(f"{key}_most", begin.most_users),
        walk=tuple(w for w in said.get(f"{key}_walk", begin.walk) if w.partition(".")[0] in names),
        steps=int(said.get(f"{key}_steps", begin.steps)),
    )


def tunable(line: ModelInfo) -> bool:
    """Whether the model has a setting that is usually tuned."""
    return any(p.tuned and p.kind != "text" for p in line.params)


def _go(store: Store, key: str, begin: TuneSpec, first: bool) -> None:
    problem, said = False, "Choose at least one model, above."
    try:
        if _chosen(key, begin):
            said = plan(read(store, key, begin))
        else:
            problem = True
    except Refusal as refusal:
        problem, said = True, f"{refusal.message} {refusal.hint}"
    st.markdown(f"**What will happen.** {plain(said)}")
    st.button(
        "Tune the settings",
        type="primary" if first else "secondary",
        key=f"{key}_go",
        on_click=tunes.start,
        args=(store, partial(read, store, key, begin)),
        disabled=problem or jobs.busy(store, "tune"),
        help="It runs beside the page: you may go on working, or close it. If you cancel it, the trials done until "
        "then are kept, and you can go on with them.",
    )


def _models(key: str, begin: TuneSpec) -> None:
    """A box for each model with settings to tune: the usual ones, and the others behind a heading."""
    lines = [line for line in MODELS if tunable(line)]
    chosen = {m.model for m in begin.models}
    st.markdown("**Whose settings?** Several models share one study: the search spends its time on what promises most.")
    with st.container(horizontal=True, gap="small"):
        for line in lines:
            if line.usual:
                _box(key, line, line.name in chosen)
    others = [line for line in lines if not line.usual]
    with st.expander("More models", key=f"{key}_more_open"), st.container(horizontal=True, gap="small"):
        for line in others:
            _box(key, line, line.name in chosen)


def _box(key: str, line: ModelInfo, ticked: bool) -> None:
    st.checkbox(label(line.plain), ticked, key=f"{key}_m_{line.name}", help=plain(f"{line.term}. {line.when}"))


def _chosen(key: str, begin: TuneSpec) -> tuple[Spec, ...]:
    """The models that are ticked, each with the settings that the search starts at."""
    starts = {m.model: m for m in begin.models}
    said = st.session_state
    names = [m.name for m in MODELS if tunable(m) and said.get(f"{key}_m_{m.name}", m.name in starts)]
    return tuple(starts.get(name) or model_spec(name) for name in names)


def _length(key: str, begin: TuneSpec) -> None:
    kind = st.segmented_control(
        "How long",
        list(_LENGTHS),
        default=_kind(begin),
        required=True,
        key=f"{key}_length",
        format_func=_LENGTHS.__getitem__,
    )
    if kind != "minutes":
        st.number_input(
            "Trials",
            1,
            5_000,
            begin.trials or _TRIALS,
            10,
            key=f"{key}_trials",
            width=130,
            help="How many settings are tried. 30 often find most of the gain for one model; more for several.",
        )
    if kind != "trials":
        st.number_input(
            "Minutes",
            0.5,
            10_080.0,
            begin.minutes or _MINUTES,
            5.0,
            format="%g",
            key=f"{key}_minutes",
            width=130,
            help="The trial at work when the time is up is allowed a little longer, then stopped.",
        )


def _kind(begin: TuneSpec) -> str:
    if begin.minutes is None:
        return "trials"
    return "minutes" if begin.trials is None else "both"


def _judging(store: Store, key: str, begin: TuneSpec) -> None:
    timed = store.as_of() is not None
    st.segmented_control(
        "What is hidden from the models",
        [s for s in TUNE_SPLITS if timed or s == "random"],
        default=_split(store, begin),
        required=True,
        key=f"{key}_split",
        format_func=SPLIT_NAMES.__getitem__,
        help=SPLIT_HELP,
        wrap=True,
    )
    if not timed:
        st.caption("These data have no times, so that nothing can be called the latest: an item is drawn by chance.")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.number_input(
            "Items in each list",
            1,
            100,
            begin.k,
            key=f"{key}_k",
            width=170,
            help="How many items a model may name for a user (k): as many as the mail or the page has room for.",
        )
        st.number_input(
            "Users judged at most",
            10,
            None,
            begin.most_users,
            1000,
            key=f"{key}_most",
            width=190,
            placeholder="all of them",
            help="5,000 tell settings apart that matter. They are drawn by the seed; models always learn from all "
            "users. Empty = judge by all of them.",
        )
        st.number_input("Seed", 0, 2**31 - 1, begin.seed, key=f"{key}_seed", width=150, help="Same seed, same trials.")
    st.checkbox(
        "Give up early what is surely behind",
        begin.prune,
        key=f"{key}_prune",
        help="After a tenth and after three tenths of the users, settings in the lower half that are behind the best "
        "on the very same users (one-sided 99 %) are not judged further. It saves time for others.",
    )


def _walk(key: str, begin: TuneSpec) -> None:
    lines = [info(m.model) for m in _chosen(key, begin)]
    names = {
        f"{line.name}.{p.name}": f"{line.plain}: {p.plain.lower()}"
        for line in lines
        for p in line.params
        if p.kind != "text"
    }
    if not set(st.session_state.get(f"{key}_walk", ())) <= set(names):  # its model has been taken out since
        st.session_state[f"{key}_walk"] = [w for w in st.session_state[f"{key}_walk"] if w in names]
    st.multiselect(
        "Only these settings",
        list(names),
        [w for w in begin.walk if w in names],
        key=f"{key}_walk",
        format_func=names.__getitem__,
        placeholder="all that are usually tuned",
        help="The others keep the value that the search starts at.",
    )
    if st.session_state.get(f"{key}_how", begin.sampler) == "grid":
        st.number_input(
            "Values of each number",
            2,
            20,
            begin.steps,
            key=f"{key}_steps",
            width=190,
            help="The grid has every combination of so many values of each number, and of every choice.",
        )


def _split(store: Store, begin: TuneSpec) -> Split:
    return begin.split if store.as_of() is not None else "random"
