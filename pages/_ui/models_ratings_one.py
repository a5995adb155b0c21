"""Models, one predicted rating: the formula of one user and one item, with its numbers."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.evaluate import Pace, RatingsComparison, ranked_ratings, rating_pace
from core.explain import rating_why
from core.figures.ratings import formula_figure
from core.jobs import JobSpec, runner_for
from core.recommend import (
    RATING_FIT_TASK,
    RATING_MODELS,
    RatingModel,
    RatingsSize,
    RatingWhy,
    Spec,
    fit_rating,
    kept_rating,
    prepare_rating_fit,
    publish_rating_fit,
    rating_info,
    rating_spec,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui import models_jobs as jobs
from pages._ui.jobs import job_result
from pages._ui.models_find import find
from pages._ui.shell import refuse
from pages._ui.text import plain

MODEL = "rating_model"
"""Key of the chosen model, in session state and in the address."""
FIRST = "item-knn"
"""What speaks first: its weighted average is the easiest to follow, and it is fitted at once."""

_QUICK = 1.0  # seconds that a page may take
_MANY = 60  # rows of the table
_JOB = "_rating_fit_job"


def draw(store: Store, size: RatingsSize, found: RatingsComparison | None) -> None:
    """Choose a user, an item and a model; then the prediction, taken apart."""
    st.subheader("One prediction explained", anchor=False)
    st.markdown("Choose a user and an item, and see from which ratings the prediction comes, to the last digit.")
    left, right = st.columns(2)
    with left:
        user = find(store, "user", "rated_by", "Which user?")
    with right:
        item = find(store, "item", "rated_item", "Which item?")
    specs = _specs(found)
    names = list(specs)
    model = st.selectbox(
        "Model",
        names,
        index=names.index(FIRST),
        key=MODEL,
        bind="query-params",
        format_func=lambda name: rating_info(name).plain,
        width=420,
        help="With the settings of the comparison above where it is among its models, else with the usual ones.",
    )
    if user is None or item is None:
        st.caption("Choose both a user and an item, above.")
        return
    fitted = _fitted(store, specs[model], size, rating_pace(found))
    if fitted is not None:
        try:
            _told(rating_why(store, fitted, user, item), fitted, user, item)
        except Refusal as refusal:
            refuse(refusal)


def _specs(found: RatingsComparison | None) -> dict[str, Spec]:
    """Name -> spec: as in the comparison that is shown, the better setting first; else as usual."""
    specs = {line.name: rating_spec(line.name) for line in RATING_MODELS}
    for one in ranked_ratings(found)[::-1] if found else ():
        specs[one.spec.model] = one.spec
    return specs


def _fitted(store: Store, spec: Spec, size: RatingsSize, pace: Pace) -> RatingModel | None:
    """The model on all ratings: at once where that is quick, else by a job that a button starts."""
    model = kept_rating(store, spec)
    if model is not None:
        return model
    took = pace.seconds(spec, size)
    if took <= _QUICK:
        return fit_rating(store, spec)
    asked, job_id = st.session_state.get(_JOB, (None, None))
    if asked == (str(store.path), spec):
        with st.container():
            job_result(runner_for(store), job_id)
        job = runner_for(store).job(job_id)
        if job is not None and job.active:
            return None
    st.button(
        f"Fit “{rating_info(spec.model).plain}” on all {fmt.count(size.ratings, 'rating')}",
        key="rating_fit",
        on_click=_start,
        args=(store, spec),
        help="Beside the page. It is kept while the app runs, so that further pairs answer at once.",
    )
    st.caption(f"It takes about {fmt.duration(max(2.0, float(round(took))))}, once.")
    return None


def _start(store: Store, spec: Spec) -> None:
    try:
        what = JobSpec("rating_fit", f"Fit {rating_info(spec.model).plain}", spec.as_json(), data=False)
        prepare = partial(prepare_rating_fit, store, spec)
        job = runner_for(store).compute(what, RATING_FIT_TASK, prepare, publish_rating_fit)
    except Refusal as refusal:
        jobs.say(refusal=refusal)
        return
    st.session_state[_JOB] = ((str(store.path), spec), job.id)


def _told(why: RatingWhy, model: RatingModel, user: str, item: str) -> None:
    r = model.r
    st.markdown(
        plain(f"User {user} would give item {item} ")
        + f"**{why.prediction:.2f}**"
        + plain(f" on the scale from {r.low:g} to {r.high:g}. {_given(model, why)}")
    )
    for side, row, what in (("user", why.user, "rating"), ("item", why.item, "rating")):
        if row < 0:
            st.caption(f"This {side} has no {what} yet, so its own part is 0.")
    left, right = st.columns([3, 2])
    with left:
        st.plotly_chart(
            formula_figure(why, r.low, r.high),
            key="fig_formula",
            config={"displayModeBar": False},
            alt="From the mean to the prediction; the same numbers stand in the tables.",
        )
    with right:
        _sum(why)
    if why.text:
        st.markdown(f"**In words.** {plain(why.text)}")
    if why.neighbours:
        _neighbours(why)


def _given(model: RatingModel, why: RatingWhy) -> str:
    """What was really given, where the pair is among the ratings."""
    r = model.r
    if why.user < 0 or why.item < 0:
        return ""
    own = r.values[(r.users == why.user) & (r.items == why.item)]
    return f"Really given: {own[0]:g}, which the model has seen." if len(own) else "It has not been rated yet."


def _sum(why: RatingWhy) -> None:
    """The sum, line by line."""
    spoke = sum(near.part for near in why.neighbours)
    lines = [("Mean of all ratings", f"{why.mean:.4f}"), ("This user", f"{why.user_bias:+.4f}")]
    lines += [("This item", f"{why.item_bias:+.4f}"), ("= Usual rating (baseline)", f"{why.baseline:.4f}")]
    if why.neighbours:
        lines.append((f"{fmt.count(len(why.neighbours), 'rating that speaks', 'ratings that speak')}", f"{spoke:+.4f}"))
    lines += [(name, f"{part:+.4f}") for name, part in why.others]
    lines.append(("= Sum", f"{why.raw:.4f}"))
    if why.clipped:
        lines.append(("Kept within the scale", f"{why.prediction - why.raw:+.4f}"))
    lines.append(("= Prediction", f"{why.prediction:.4f}"))
    st.dataframe(
        pd.DataFrame(lines, columns=["What", "Rating points"]),
        hide_index=True,
        height="content",
        column_config={"Rating points": st.column_config.TextColumn(alignment="right")},
    )
    if why.clipped:
        st.caption("The sum lies outside the scale of the ratings, so that the nearest end of the scale is predicted.")


def _neighbours(why: RatingWhy) -> None:
    rows = why.neighbours
    items = any(near.of == "item" for near in rows)
    both = items and any(near.of == "user" for near in rows)
    who = "Rating" if both else "Item that this user rated" if items else "User who rated this item"
    shown = rows[:_MANY]
    table = {
        who: [near.label if near.of == "item" else f"User {near.label}" for near in shown],
        "Rating": [f"{near.rating:g}" for near in shown],
        "Expected": [f"{near.expected:.2f}" for near in shown],
        "Beyond it": [f"{near.rating - near.expected:+.2f}" for near in shown],
        "Likeness": [f"{near.similarity:.3f}" for near in shown],
        "Adds": [f"{near.part:+.4f}" for near in shown],
    }
    helps = {
        "Rating": "As given.",
        "Expected": "The usual rating there: the mean, this user's and this item's difference from it.",
        "Beyond it": "Rating less expected: what the rating says.",
        "Likeness": "How much the two have in common, by the model's own measure.",
        "Adds": "What it adds to the prediction, in rating points. All of them add up to “ratings that speak”.",
    }
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        height="content" if len(shown) <= 12 else 440,
        column_config={n: st.column_config.TextColumn(help=text, alignment="right") for n, text in helps.items()},
    )
    rest = rows[_MANY:]
    if rest:
        st.caption(f"{fmt.count(len(rest), 'more rating')} add {sum(n.part for n in rest):+.4f} together.")
