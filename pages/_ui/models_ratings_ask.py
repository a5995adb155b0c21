"""Models, predicted ratings: what a comparison asks, as fields, and the RatingsSpec that they say."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import streamlit as st

from core.errors import Refusal
from core.evaluate import RATING_SPLITS, Pace, RatingsSpec
from core.recommend import RATING_MODELS, ParamValue, RatingsSize, Spec, rating_spec
from core.store import Store
from pages._ui import format as fmt
from pages._ui import models_jobs as jobs
from pages._ui.models_choose import parameter
from pages._ui.text import plain

SPLIT_NAMES = {"folds": "By chance, each part in turn", "time": "The latest ratings"}
LONG = 600.0
"""Seconds of one model beyond which it is not ticked unless somebody asks for it."""


@dataclass(frozen=True)
class Here:
    """The ratings, whether they have times, and how quick this machine was in the comparison that is shown."""

    size: RatingsSize
    timed: bool
    pace: Pace = field(default_factory=Pace)


def usual(here: Here, folds: int = 5) -> RatingsSpec:
    """What is proposed for data of this size: the usual models that end within ten minutes each."""
    models = [rating_spec(line.name) for line in RATING_MODELS if line.usual]
    took = here.pace.comparison
    return RatingsSpec(tuple(m for m in models if m.model == "baseline" or took(m, here.size, folds) <= LONG), folds)


def draw(store: Store, key: str, start: RatingsSpec, here: Here, *, first: bool) -> None:
    """The button, and the settings behind their headings."""
    place = st.container()
    with st.expander("Which models", icon=":material/model_training:", key=f"{key}_models_open"):
        _models(key, start, here)
    with st.expander("How they are judged", icon=":material/balance:", key=f"{key}_judged_open"):
        _judging(key, start, timed=here.timed)
    with place:
        try:
            asked: RatingsSpec | None = read(key, start)
        except Refusal as error:
            asked = None
            st.warning(plain(f"{error.message} {error.hint}"))
        number = len(asked.models) if asked else 0
        st.button(
            f"Compare {fmt.count(number, 'model')}",
            type="primary" if first else "secondary",
            key=f"{key}_go",
            on_click=jobs.ratings,
            args=(store, partial(read, key, start)),
            disabled=asked is None or jobs.busy(store, "ratings"),
            help="It runs beside the page: you may go on working, or close it.",
        )
        if asked:
            _time(asked, here)


def _time(asked: RatingsSpec, here: Here) -> None:
    each = [here.pace.comparison(m, here.size, asked.folds, asked.split) for m in asked.models]
    said = fmt.count(here.size.ratings, "rating") + (f", {asked.folds} parts" if asked.split == "folds" else "")
    by = "by what the comparison above took" if here.pace.measured else "on two cores"
    told = f"{said}: about {_about(sum(each))}, {by}."
    if max(each, default=0) > LONG:
        slow = [rating_line(m) for m, s in zip(asked.models, each, strict=True) if s > LONG]
        st.warning(
            plain(f"{told} Most of it goes to {', '.join(slow)}: leave them out, or let it run beside the page.")
        )
    else:
        st.caption(plain(told))


def rating_line(spec: Spec) -> str:
    """The plain name of a model."""
    return next(line.plain for line in RATING_MODELS if line.name == spec.model)


def _about(value: float) -> str:
    return fmt.duration(float(max(2, round(value)))) if value < 20 else fmt.duration(float(round(value, -1)))


def _models(key: str, start: RatingsSpec, here: Here) -> None:
    """Every model of the roster: whether it takes part, when it serves, its time, and its parameters."""
    for line in RATING_MODELS:
        begin = _first(start, line.name)
        with st.container(border=True, gap="xxsmall"):
            must = line.name == "baseline"
            used = st.checkbox(
                f"**{line.plain}** · :small[{plain(line.term)}]",
                must or begin is not None,
                key=f"{key}_m_{line.name}",
                disabled=must,
                help="Always in a comparison: it is the yardstick." if must else None,
            )
            took = here.pace.comparison(begin or rating_spec(line.name), here.size, start.folds, start.split)
            said = f"{line.when} ({line.source})" if line.source else line.when
            st.caption(plain(f"{said}. Takes about {_about(took)} here.".replace("..", ".")))
            if used and line.params:
                with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
                    for param in line.params:
                        parameter(
                            f"{key}_p_{line.name}_{param.name}", param, begin[param.name] if begin else param.default
                        )


def _judging(key: str, start: RatingsSpec, *, timed: bool) -> None:
    st.segmented_control(
        "What is held out, to be predicted",
        [s for s in RATING_SPLITS if timed or s == "folds"],
        default=start.split if timed else "folds",
        required=True,
        key=f"{key}_split",
        format_func=SPLIT_NAMES.__getitem__,
        help="**By chance**: ratings are dealt into parts, and each part is predicted from the others. **The latest**: "
        "the newest part is predicted from all before it, nearest to using the model.",
    )
    if not timed:
        st.caption("These ratings have no times, so that none can be called the latest.")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.number_input(
            "Parts",
            2,
            20,
            start.folds,
            key=f"{key}_folds",
            width=150,
            help="How many parts the ratings are dealt into (folds). More parts leave more to learn from, and "
            "take longer.",
        )
        st.number_input(
            "Seed",
            0,
            2**31 - 1,
            start.seed,
            key=f"{key}_seed",
            width=150,
            help="The same seed gives the same parts and the same result again.",
        )


def read(key: str, start: RatingsSpec) -> RatingsSpec:
    """The question that the fields say. Raises Refusal `bad_comparison`, `bad_parameter`, `bad_parts`."""
    said = st.session_state
    models: list[Spec] = []
    for line in RATING_MODELS:
        begin = _first(start, line.name)
        if not said.get(f"{key}_m_{line.name}", begin is not None):
            continue
        given: dict[str, ParamValue] = {}
        for param in line.params:
            value: Any = said.get(f"{key}_p_{line.name}_{param.name}", begin[param.name] if begin else param.default)
            given[param.name] = int(value) if param.kind == "int" else float(value) if param.kind == "float" else value
        now = rating_spec(line.name, given)
        models += [m for m in start.models if m.model == line.name] if now == begin else [now]
    return RatingsSpec(
        tuple(models),
        int(said.get(f"{key}_folds", start.folds)),
        int(said.get(f"{key}_seed", start.seed)),
        said.get(f"{key}_split", start.split),
    )


def _first(start: RatingsSpec, name: str) -> Spec | None:
    return next((m for m in start.models if m.model == name), None)
