"""Campaigns, the check against a past day: had we chosen so many then, how many would have bought since?"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.evaluate import (
    AUDIENCE_TASK,
    Audience,
    AudienceSpec,
    WayScore,
    get_run,
    prepare_audience,
    publish_audience,
    ranked_ways,
)
from core.figures import audience_figure, event_name, target_figure, way_name
from core.figures.evaluate import YARDSTICKS
from core.jobs import JobSpec, runner_for
from core.store import Store
from pages._ui import format as fmt
from pages._ui.campaigns_jobs import Made, past
from pages._ui.home_figures import chart
from pages._ui.jobs import job_result
from pages._ui.shell import refuse
from pages._ui.text import plain

_LEAST, _MOST = 10, 1_000_000
_REFUSED, _JOB = "_c_backtest_refused", "_c_backtest_job"


def draw(store: Store, made: Made) -> None:
    """The check, or the button that starts it."""
    st.markdown("**Would it have worked?**")
    if store.as_of() is None:
        st.caption("These data have no times, so that no past day can be gone back to and no list checked.")
        return
    found = result(store, made)
    if found is not None:
        _answer(found, made)
        return
    size = _size(made)
    st.markdown(
        f"We go back to a past day, choose {fmt.number(size)} users in the same way from what was known then, and "
        "count how many of them bought since, against heavy buyers, recent buyers and chance."
    )
    st.button(
        "Check it against a past day",
        key="c_backtest",
        icon=":material/history:",
        on_click=_begin,
        args=(store, made),
        help="It runs beside the page. It cannot say what the campaign will change: only a control group can.",
    )
    refusal = st.session_state.pop(_REFUSED, None)
    if isinstance(refusal, Refusal):
        refuse(refusal)
    with st.container():
        token, job_id = st.session_state.get(_JOB, (None, None))
        job_result(runner_for(store), job_id if token == made.token else None)


def result(store: Store, made: Made) -> Audience | None:
    """The check of this list, where it has been done on the data as they are."""
    try:
        job = runner_for(store).result(_job(made))
        answer = None if job is None or job.result is None else get_run(store, str(job.result["run_id"])).answer
    except Refusal:  # a size that cannot be checked, a run that was deleted
        return None
    return answer if isinstance(answer, Audience) else None


def told(found: Audience) -> dict[str, Any]:
    """The check as plain JSON for the manifest: what each way of choosing would have reached."""
    return {
        "cut": found.facts.get("cut"),
        "days": found.facts.get("days"),
        "size": found.spec.size,
        "verdict": found.verdict,
        "ways": [
            {
                "way": way.way,
                "taken": [each.taken for each in way.each],
                "chosen": [each.chosen for each in way.each],
                "lift": None if way.lift is None else [way.lift.value, way.lift.low, way.lift.high],
            }
            for way in found.ways
        ],
    }


def spec(made: Made) -> AudienceSpec:
    """The question to the past. Raises Refusal `bad_audience`."""
    return past(made.target.campaign, _size(made))


def _size(made: Made) -> int:
    return min(max(len(made.target.contacted), _LEAST), _MOST)


def _job(made: Made) -> JobSpec:
    return JobSpec("audience", "Check the list against a past day", spec(made).as_json(), data=False, reuse=True)


def _begin(store: Store, made: Made) -> None:
    try:
        asked = spec(made)
        job = runner_for(store).compute(
            _job(made), AUDIENCE_TASK, partial(prepare_audience, store, asked), publish_audience
        )
    except Refusal as refusal:
        st.session_state[_REFUSED] = refusal
        return
    st.session_state[_JOB] = (made.token, job.id)


def _answer(found: Audience, made: Made) -> None:
    st.markdown(plain(sentence(found)))
    st.markdown(plain(found.verdict))
    for way in found.ways:
        if way.problem:
            st.warning(plain(f"{way.problem['message']} {way.problem.get('hint', '')}"))
    if len(found.targets) == 1 and any(way.each for way in found.ways):
        chart(target_figure(found, 0), "fig_c_backtest", "Share of the chosen who bought, for each way of choosing.")
    elif any(way.lift for way in found.ways):
        chart(audience_figure(found), "fig_c_backtest", "Lift of each way of choosing; the same numbers stand below.")
    _table(found)
    known = (
        "everyone known on that day, buyers of the category included"
        if found.spec.of == "category"
        else "everyone known on that day who had not bought it yet"
    )
    st.caption(
        f"The past choice was made from {known}, before consent, suppression and segment; and these users were not "
        "contacted. It says whom the model finds, not what a campaign changes."
    )
    if len(made.target.campaign.items) > 1:
        st.caption("The list ranks by all its items together; the check looks at each by itself, and takes the mean.")
    if made.target.campaign.segment is not None:
        st.caption("This list is drawn from a segment; the check is not, so take its numbers as a comparison of ways.")
    with st.expander("How this was checked", key="c_backtest_how"):
        st.markdown("\n".join(f"- {plain(note)}" for note in found.notes))


def sentence(found: Audience) -> str:
    """Had we chosen so many on that day, so many would have bought since; against the yardsticks."""
    day = fmt.day(datetime.fromisoformat(str(found.facts["cut"]))) if found.facts.get("cut") else "a past day"
    counts = {way.way: _taken(way) for way in found.ways if way.each}
    model = next((way for way in found.ways if way.spec is not None and way.each), None)
    if model is None:
        return "The model could not be checked."
    words = {"heavy-buyers": "heavy buyers", "recent-category-buyers": "recent buyers", "chance": "by chance"}
    others = [
        f"{_number(counts[name])} {'' if name == 'chance' else 'for '}{words[name]}"
        for name in YARDSTICKS
        if name in counts
    ]
    chosen = model.each[0].chosen
    measured = model.each[0].precision if len(found.targets) == 1 else model.precision
    spread = (
        ""
        if measured is None
        else f" (95 % interval {_number(measured.low * chosen)} to {_number(measured.high * chosen)})"
    )
    each = "" if len(found.targets) == 1 else f", for each of {fmt.count(len(found.targets), 'item')} on average"
    did = "bought" if found.event == "purchase" else f"taken it ({event_name(found.event).lower()})"
    return (
        f"Had we chosen {fmt.number(chosen)} users on {day}, {_number(counts[model.way])} of them{spread} would have "
        f"{did} in the following {fmt.count(found.facts.get('days'), 'day')}{each}, against {', '.join(others)}."
    )


def _taken(way: WayScore) -> float:
    return sum(each.precision.value * each.chosen for each in way.each) / len(way.each)


def _number(value: float) -> str:
    return fmt.number(value, 0 if abs(value - round(value)) < 0.05 else 1)


def _table(found: Audience) -> None:
    ways = [way for way in ranked_ways(found) if way.each and way.lift is not None]
    rows = [
        {
            "Chosen by": way_name(way.way, way.spec),
            "Would have bought": _number(_taken(way)),
            "Share": fmt.percent(way.precision.value if way.precision else None, 2),
            "95 % interval": _interval(way, alone=len(found.targets) == 1),
            "Lift": f"{way.lift.value:.2f}" if way.lift else fmt.NONE,
        }
        for way in ways
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content",
        column_config={
            "Would have bought": st.column_config.TextColumn(alignment="right", help="Of the chosen users."),
            "Share": st.column_config.TextColumn(alignment="right"),
            "95 % interval": st.column_config.TextColumn(alignment="right", help="Of the share."),
            "Lift": st.column_config.TextColumn(alignment="right", help="Times as many as by chance."),
        },
    )


def _interval(way: WayScore, *, alone: bool) -> str:
    measured = way.each[0].precision if alone else way.precision
    if measured is None or way.way == "chance":
        return fmt.NONE
    return f"{fmt.percent(measured.low, 2)} to {fmt.percent(measured.high, 2)}"
