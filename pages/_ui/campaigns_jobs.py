"""Campaigns, behind the page: the question that the fields say, the job that makes the list, the list that is shown."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from core.campaigns import Campaign, TargetList, make_list
from core.errors import Refusal
from core.evaluate import AudienceSpec, buyers_curve
from core.jobs import Job, JobSpec, runner_for
from core.progress import Step
from core.recommend import Recommender, StoredModel
from core.segments import get_segment
from core.store import Store, Writer
from pages._ui import campaigns_address as address
from pages._ui import campaigns_ask as asked
from pages._ui import campaigns_gates as gates
from pages._ui import campaigns_uploads as uploads
from pages._ui import fitted
from pages._ui.jobs import job_result
from pages._ui.shell import refuse

_MADE, _JOB, _SAID = "_c_made", "_c_job", "_c_refused"
_KEPT = 4  # lists held by the process, each up to some 100 bytes a user


@dataclass(eq=False)
class Made:
    """A list that was made: it lasts as long as the program, or until some later ones push it out.

    Attributes:
        token: names the question, the ids beside it, the model and the version of the data.
        target: the list.
        model: the model behind it; None where there are no offers and no ranking by one.
        model_id: its id among the fitted ones.
        kept: what has been computed from it for the page (a sample, digests of its files).
    """

    token: str
    target: TargetList
    model: Recommender | None
    model_id: str | None
    kept: dict[Any, Any] = field(default_factory=dict)


class _Shelf:
    """The lists made last, by token; for all sessions of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[str, Made] = OrderedDict()

    def put(self, made: Made) -> None:
        with self._lock:
            self._made[made.token] = made
            self._made.move_to_end(made.token)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)

    def get(self, token: str) -> Made | None:
        with self._lock:
            return self._made.get(token)


@st.cache_resource(show_spinner=False)
def _shelf() -> _Shelf:
    return _Shelf()


def button(store: Store, missing: str | None) -> None:
    """The one button, and why it cannot be pressed yet; then how the work that it started stands."""
    wrong = missing or gates.problem(store)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.button(
            "Make the list",
            type="primary",
            key="c_make",
            on_click=_begin,
            args=(store,),
            disabled=bool(wrong) or _busy(store),
            help="Nothing is sent and nothing is stored: look at the list first, then download or save it.",
        )
        if wrong:
            st.caption(wrong)
    refusal = st.session_state.pop(_SAID, None)
    if isinstance(refusal, Refusal):
        refuse(refusal)
    with st.container():  # always there, so that what stands below keeps its place
        path, job_id = st.session_state.get(_JOB, ("", None))
        job_result(runner_for(store), job_id if path == str(store.path) else None)


def current(store: Store) -> Made | None:
    """The list that this session made last in this workspace, if it is there still."""
    token = st.session_state.get(_MADE, {}).get(str(store.path))
    return _shelf().get(token) if token else None


def changed(store: Store, made: Made) -> bool:
    """Whether the fields now say another question than the list that is shown answers."""
    try:
        return _token(store, *_read(store)) != made.token
    except Refusal:
        return True


def _busy(store: Store) -> bool:
    path, job_id = st.session_state.get(_JOB, ("", None))
    job = runner_for(store).job(job_id) if job_id and path == str(store.path) else None
    return job is not None and job.active


def _begin(store: Store) -> None:
    """A callback: it alone sees what was typed just before the button was pressed."""
    try:
        start(store)
    except Refusal as refusal:
        st.session_state[_SAID] = refusal


def start(store: Store) -> Job | None:
    """Make the list that the fields say, on the thread beside the page; None where it is there already.

    The work only reads. It runs in the lane of writes, since that one has progress and cancel and can reach the
    workspace; a load that is started meanwhile waits for it.
    """
    campaign, ids, suppressed, chosen, buyers = _read(store)
    token = _token(store, campaign, ids, suppressed, chosen, buyers)
    st.session_state.setdefault(_MADE, {})[str(store.path)] = token
    st.session_state.pop(_JOB, None)
    if _shelf().get(token) is not None:
        return None
    model = None if chosen is None else fitted.load(store, chosen.model_id)
    model_id = None if chosen is None else chosen.model_id
    shelf = _shelf()

    def work(writer: Writer, step: Step) -> dict[str, Any]:
        sized, planned = (campaign, ()) if buyers is None else _sized(store, campaign, buyers, step.part(0.0, 0.4))
        part = step if buyers is None else step.part(0.4, 1.0)
        target = make_list(store, sized, model=model, ids=ids, suppressed=suppressed, step=part)
        target = replace(target, notes=(*planned, *target.notes))
        shelf.put(Made(token, target, model, model_id))
        return {"contacted": len(target.contacted), "control": len(target.control)}

    runner = runner_for(store)
    job = runner.submit(_spec(campaign, ids, suppressed, chosen, buyers), work)
    st.session_state[_JOB] = (str(store.path), job.id)
    return runner.wait(job.id, 1.0)


_Question = tuple[Campaign, Sequence[str], Sequence[str], StoredModel | None, int | None]


def past(campaign: Campaign, size: int = AudienceSpec.size) -> AudienceSpec:
    """The question of a list for items or a category, put to a past day. Raises Refusal `bad_audience`."""
    assert campaign.model is not None  # these questions need one
    return AudienceSpec(
        (campaign.model,),
        campaign.matrix,
        size,
        "category" if campaign.ask == "category" else "item",
        campaign.column,
        campaign.items,
        (campaign.category,) if campaign.category else (),
        seed=campaign.seed,
    )


def _sized(store: Store, campaign: Campaign, buyers: int, step: Step) -> tuple[Campaign, tuple[str, ...]]:
    """The campaign with the size that would have held so many buyers at a past day, and what to say of it.

    Raises Refusal `one_item`, `too_many_buyers`, and what a check of the past raises.
    """
    if len(campaign.items) > 1:
        raise Refusal(
            "one_item", "Expected buyers can be planned for one item or category.", "Choose one, or give a number."
        )
    curve = buyers_curve(
        store,
        past(campaign),
        step=step,
    )
    return replace(campaign, size=curve.size_for(buyers)), (curve.words(buyers),)


def _spec(
    campaign: Campaign,
    ids: Sequence[str],
    suppressed: Sequence[str],
    chosen: StoredModel | None,
    buyers: int | None,
) -> JobSpec:
    params = {
        "campaign": campaign.as_json(),
        "suppressed": _digest(gates.SUPPRESSED) if suppressed else None,
        "model": None if chosen is None else chosen.model_id,
        "buyers": buyers,
    }
    return JobSpec("target", "Make a list", params, data=False)


def _token(
    store: Store,
    campaign: Campaign,
    ids: Sequence[str],
    suppressed: Sequence[str],
    chosen: StoredModel | None,
    buyers: int | None,
) -> str:
    return f"{Path(store.path)}:{_spec(campaign, ids, suppressed, chosen, buyers).key(store.version)}"


def _digest(key: str) -> str | None:
    found = uploads.held(key)
    return None if found is None else found.digest


def _read(store: Store) -> _Question:
    """The question that the fields say, the ids and the suppressed ids beside it, the model, and the buyers that the
    size is to follow from. Raises Refusal.
    """
    said = st.session_state
    about_items = said.get(address.QUESTION) != address.QUESTIONS[1]
    by_category = about_items and said.get(asked.OF) == "category"
    by_file = not about_items and said.get(asked.WHO) == "ids"
    name = said.get(asked.FROM if about_items else asked.PEOPLE)
    given, never = uploads.held(asked.IDS) if by_file else None, uploads.held(gates.SUPPRESSED)
    offer_k = 0 if about_items else int(_or(asked.OFFERS, 3))
    chosen = fitted.in_use(store) if about_items or offer_k else None
    size_by = said.get(asked.SIZE_BY if about_items else asked.PEOPLE_BY) or ("number" if about_items else "all")
    bought: Literal["ever", "days", "keep"] = said.get(gates.BOUGHT) or "ever"
    campaign = Campaign(
        ask="category" if by_category else "item" if about_items else "ids" if by_file else "segment",
        items=address.chosen() if about_items and not by_category else (),
        category=said.get(asked.CATEGORY) if by_category else None,
        column=asked.column(store) if by_category else None,
        segment=get_segment(store, name) if name and not by_file else None,
        ids=given.digest if given else None,
        model=None if chosen is None else chosen.fit.model,
        matrix=Campaign.matrix if chosen is None else chosen.fit.matrix,
        seed=0 if chosen is None else chosen.fit.seed,
        offer_k=offer_k,
        size=int(_or(asked.SIZE, 500)) if size_by == "number" else None,
        share=float(_or(asked.SHARE, 10.0)) / 100 if size_by == "share" else None,
        channel=gates.channel(said.get(gates.CHANNEL)),
        assume_consent=said.get(gates.ASSUME) == "yes",
        bought=bought,
        bought_days=int(_or(gates.DAYS, 90)) if bought == "days" else None,
        holdout=float(_or(gates.HOLDOUT, 10.0)) / 100,
        salt=said.get(gates.SALT) or Campaign.salt,
    )
    buyers = int(_or(asked.BUYERS, 20)) if size_by == "buyers" else None
    return campaign, given.ids if given else (), never.ids if never else (), chosen, buyers


def _or(key: str, default: float) -> float:
    """A number's field; `default` where it has not been drawn or is empty. 0 stays 0."""
    value = st.session_state.get(key)
    return default if value is None else float(value)
