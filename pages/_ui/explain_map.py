"""Explain, who is like whom: many users on a map, drawn beside the page and kept while the data stay."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core.errors import Refusal
from core.explain import MAP_TASK, MapSpec, UserMap, prepare_map, publish_map, read_map
from core.figures import Parts, map_figure
from core.interactions import MatrixSpec
from core.jobs import JobSpec, runner_for
from core.segments import these_users
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.explain_colour import By, parts_of, places, words
from pages._ui.explain_matrix import matrix
from pages._ui.explain_some import some_users
from pages._ui.explain_words import map_words
from pages._ui.jobs import job_result
from pages._ui.people import Behind, Choice, see_users
from pages._ui.shell import refuse
from pages._ui.text import label, plain

_SIZES = (500, 1000, 2000, 5000)
_MOST, _WITH, _CHART = "on_map", "map_with_user", "like_map"
_KIND = "user_map"
_JOBS, _REFUSED = "_like_map_jobs", "_like_map_refused"


def draw(store: Store, spec: MatrixSpec, user: str | None, by: By | None) -> None:
    """The map where it has been drawn for these data; else the button that has it drawn."""
    most = st.segmented_control(
        "Users on the map, at most",
        _SIZES,
        default=2000,
        required=True,
        key=_MOST,
        bind="query-params",
        format_func=fmt.number,
        help="Drawn by chance among users with 3 items or more, always the same ones.",
    )
    asked = MapSpec(spec, most, _kept(store, spec, user))
    if not _ready(store, asked):
        return
    found = ask(store, map_of, asked)
    if found is None:
        return
    parts = parts_of(store, by, found.numbers)
    picked = _chart(found, parts, user, most)
    st.caption(
        f"{fmt.number(len(found.users))} of {fmt.number(found.of)} users with 3 items or more. {map_words(found)} "
        "Draw a lasso or a box around users to see who they are; a double click lets go of them."
    )
    if user is not None and user not in found.users:
        st.caption(plain(f"User {user} is not among the users drawn: tick the box above, or draw a larger map."))
    if parts is not None:
        st.caption(plain(words(parts)))
    _chosen(store, found, parts, picked)


def _kept(store: Store, spec: MatrixSpec, user: str | None) -> tuple[int, ...]:
    """user_no of the chosen user, where the map is to hold them in any case."""
    if user is None or not st.checkbox(
        label(f"A map with user {user} on it"), key=_WITH, bind="query-params", help="A map of its own, drawn anew."
    ):
        return ()
    x = matrix(store, spec)
    return (int(x.users.numbers[x.users.row(user)]),)


def map_of(store: Store, asked: MapSpec) -> UserMap | None:
    """The map that a job kept, with raw ids; None where there is none for these data."""
    done = runner_for(store).result(_job(asked))
    return None if done is None or done.result is None else read_map(store, done.result)


def _job(asked: MapSpec) -> JobSpec:
    return JobSpec(_KIND, "Draw the map of users", asked.as_json(), data=False, reuse=True)


def _ready(store: Store, asked: MapSpec) -> bool:
    """Whether the map has been drawn for these data; else how the drawing stands, or the button for it, is drawn."""
    runner = runner_for(store)
    if (done := runner.result(_job(asked))) is not None and done.result is not None:
        return True
    mine = st.session_state.get(_JOBS, {}).get((str(store.path), asked), "")
    under_way = (job for job in runner.jobs() if job.active and job.kind == _KIND and job.params == asked.as_json())
    job = runner.job(mine) or next(under_way, None)  # whoever started it
    if job is not None:
        job_result(runner, job.id)
    if refusal := st.session_state.pop(_REFUSED, None):
        refuse(refusal)
    if job is None or not job.active:
        st.markdown(
            "The map sets users with like tastes close together, by t-SNE of their main tastes (van der Maaten and "
            "Hinton 2008). It is drawn beside the page, in a minute or so, and kept until the data change."
        )
        st.button("Draw the map", type="primary", key="like_map_go", on_click=_start, args=(store, asked))
    return False


def _start(store: Store, asked: MapSpec) -> None:
    try:
        job = runner_for(store).compute(_job(asked), MAP_TASK, partial(prepare_map, store, asked), publish_map)
    except Refusal as refusal:
        st.session_state[_REFUSED] = refusal
        return
    st.session_state.setdefault(_JOBS, {})[(str(store.path), asked)] = job.id


def _chart(found: UserMap, parts: Parts | None, user: str | None, most: int) -> list[int]:
    """Draw the map; places in it of the users that are selected."""
    drawn = st.plotly_chart(
        map_figure(found, parts, user),
        theme="streamlit",
        key=f"{_CHART}_{most}",
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
        config={
            "displaylogo": False,
            "displayModeBar": True,
            "scrollZoom": False,
            "modeBarButtons": [["select2d", "lasso2d", "zoom2d", "pan2d", "resetScale2d"]],
        },
        alt="Users on a map; those in each part, and those selected, can be opened by the buttons below.",
    )
    points = drawn.get("selection", {}).get("points", [])
    picked = {int(point["customdata"][0]) for point in points if point.get("customdata")}
    return sorted(place for place in picked if place < len(found.users))


def _chosen(store: Store, found: UserMap, parts: Parts | None, picked: list[int]) -> None:
    """The users selected; and those of one part, for whom no mouse is needed."""
    if picked:
        numbers = tuple(found.numbers[n] for n in picked)
        st.markdown(f"**{fmt.count(len(picked), 'user')} selected on the map.**")
        some_users(
            store, "like_map", numbers, "selected on the map", "Selected on the map", [found.users[n] for n in picked]
        )
    if parts is not None:
        options: dict[str, Any] = {parts.name(place): place for place in places(parts)}
        see_users(
            store,
            "like_part",
            lambda place: _of_part(found, parts, place),
            [Choice("Part", options)],
            label="See the users of one colour",
        )


def _of_part(found: UserMap, parts: Parts, place: int) -> Behind:
    numbers = tuple(number for number, of in zip(found.numbers, parts.of, strict=True) if of == place)
    return Behind(f"on the map in “{parts.name(place)}”", these_users(numbers))
