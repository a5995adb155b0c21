"""A target list: candidates through the gates, split into those to contact and a control group, with offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from core.campaigns import gates
from core.campaigns.candidates import Candidates, People, candidates, check_columns, counted, items_asked
from core.campaigns.rank_notes import Ranked, rank_notes
from core.campaigns.types import Campaign, Members, Stage, StageName, TargetList
from core.errors import Refusal
from core.interactions import Array
from core.progress import Step, no_step
from core.recommend import FitSpec, Recommender, fit
from core.store import Store
from core.store.digest import content_digest


def make_list(
    store: Store,
    campaign: Campaign,
    *,
    model: Recommender | None = None,
    ids: Sequence[str] = (),
    suppressed: Sequence[str] = (),
    step: Step = no_step,
) -> TargetList:
    """The users to contact and the control group, for a campaign; see TargetList.

    Args:
        model: fitted on the data as they are, as `campaign.model` says; None = fitted here, on the data before
            `campaign.as_of` where that is given.
        ids: the raw ids, for ask "ids"; those with an @ may also stand in a contact column.
        suppressed: raw ids or contacts of users who must not be reached.

    The same data and arguments give the same list, whatever the order of the rows of the files: users of equal
    score are ordered by SHA-256 of salt and raw id.
    Raises Refusal `unknown_item`, `unknown_category`, `no_such_column`, `item_without_behaviour`, `unknown_channel`,
    `no_times`, `other_ids`, `other_model`, `stale_model`, `data_changed`, BadRule, and what fitting raises.
    """
    version = store.version
    as_of = campaign.as_of or store.as_of()
    items = items_asked(store, campaign)
    model = _ready(store, campaign, model, step.part(0.0, 0.5))
    notes = () if model is None or items is None else check_columns(model, items, _what(campaign))
    people = People.read(store, campaign.salt, step)
    found = candidates(people, campaign, ids, model, items, as_of, step.part(0.5, 0.7))
    asked = (
        gates.consent(people, campaign),
        gates.suppressed(people, suppressed),
        gates.bought(people, campaign, items, as_of),
    )
    step.report(0.75, "passing the gates")
    split = _Split(people, campaign, found, asked)
    contacted, control = (
        _offered(store, campaign, model, items, as_of, members, step.part(begin, begin + 0.1))
        for members, begin in ((split.contacted, 0.75), (split.control, 0.85))
    )
    offers = _offer_notes(contacted, control)
    facts = {
        "as_of": None if as_of is None else as_of.isoformat(),
        "version": version,
        "digest": content_digest(store),
        **found.facts,
        **{name: value for gate in asked for name, value in gate.facts.items()},
        "holdout": split.facts,
        "model": None if model is None else _model_facts(model),
    }
    if store.version != version:
        raise Refusal("data_changed", "The data changed while the list was made.", "Make the list again.")
    return TargetList(
        campaign=campaign,
        contacted=contacted,
        control=control,
        stages=split.stages,
        dropped=split.dropped,
        notes=(
            *notes,
            *_time_notes(model, as_of),
            *found.notes,
            *(note for gate in asked for note in gate.notes),
            *split.notes,
            *rank_notes(model, items, split.ranked),
            *offers,
        ),
        facts=facts,
    )


class _Split:
    """Candidates through the gates, ranked, walked and parted; each user dropped at the first gate that stops them."""

    def __init__(self, people: People, campaign: Campaign, found: Candidates, asked: Sequence[gates.Gate]) -> None:
        self.dropped: dict[StageName, Array] = {}
        self.stages: tuple[Stage, ...] = (Stage("candidates", found.asked, len(found.places), found.words),)
        here = np.arange(len(found.places))  # who is still in, as places in `found`
        names: tuple[StageName, ...] = ("consent", "suppressed", "bought")
        for name, gate in zip(names, asked, strict=True):
            passes = gate.passes[found.places[here]]
            self._drop(name, people.user_no[found.places[here[~passes]]], gate.words)
            here = here[passes]
        here = here[gates.ranked(found.order[here], people.lots[found.places[here]])]
        held = gates.held_out(people.holds[found.places[here]], campaign.holdout)
        n = gates.walked(held, campaign)
        users = people.user_no[found.places[here]]
        self._drop("size", users[n:], _size_words(campaign, n, len(users)))
        self._drop("holdout", users[:n][held[:n]], _holdout_words(campaign))
        scores = found.scores[here]
        self.contacted, self.control = (_members(users, scores, np.flatnonzero(part)) for part in (~held[:n], held[:n]))
        self.notes = self._notes(campaign, len(users))
        self.ranked = Ranked(users, found.order[here], scores, held[:n])
        self.facts = {
            "share": campaign.holdout,
            "salt": campaign.salt,
            "walked": n,
            "contacted": len(self.contacted),
            "control": len(self.control),
        }

    def _drop(self, name: StageName, users: Array, words: str) -> None:
        before = self.stages[-1].after
        self.dropped[name] = np.sort(users).astype(np.int32)
        self.stages = (*self.stages, Stage(name, before, before - len(users), words))

    def _notes(self, campaign: Campaign, passed: int) -> tuple[str, ...]:
        notes: list[str] = []
        if campaign.size is not None and len(self.contacted) < campaign.size:
            notes.append(
                f"{counted(len(self.contacted))} can be contacted, fewer than the {campaign.size:,} asked for: "
                f"{counted(passed)} passed the gates; in the control group: {len(self.control):,}."
            )
        if campaign.holdout and not len(self.control) and len(self.contacted):
            notes.append("Nobody fell to the control group: the list is too short for its share.")
        return tuple(notes)


def _members(users: Array, scores: Array, places: Array) -> Members:
    none = np.empty((len(places), 0), dtype=np.int32)
    return Members(users[places].astype(np.int32), (places + 1).astype(np.int32), scores[places], none)


def _ready(store: Store, campaign: Campaign, model: Recommender | None, step: Step) -> Recommender | None:
    """The model that the campaign asks for, or None where it asks for none."""
    if campaign.model is None or (campaign.ask in ("segment", "ids") and not campaign.offer_k):
        return None
    if model is None:
        matrix = campaign.matrix
        if campaign.as_of is not None and matrix.until is None:
            matrix = replace(matrix, until=campaign.as_of)
        return fit(store, FitSpec(campaign.model, matrix, campaign.seed), step=step)
    if model.spec != campaign.model:
        raise Refusal("other_model", f"The model given is {model.spec.model}, not as asked for.", "Fit it again.")
    if model.x.version != store.version:
        raise Refusal("stale_model", "The data have changed since this model was fitted.", "Fit it again.")
    return model


def _offered(
    store: Store,
    campaign: Campaign,
    model: Recommender | None,
    items: Array | None,
    as_of: datetime | None,
    members: Members,
    step: Step,
) -> Members:
    """The members with their offers."""
    if campaign.ask == "item" and items is not None and len(items) == 1:
        return replace(members, offers=np.full((len(members), 1), items[0], dtype=np.int32))
    if not campaign.offer_k or model is None:
        return members
    k = campaign.offer_k
    offers = np.full((len(members), k), -1, dtype=np.int32)
    rows = model.x.users.rows(members.user_no)
    known = np.flatnonzero(rows >= 0)
    among = None if items is None else np.sort(model.x.items.rows(items)[model.x.items.rows(items) >= 0])
    keep = campaign.bought == "keep"
    taken = np.empty(0, dtype=np.int64) if keep else _unseen_bought(store, campaign, model, members, as_of)
    # bought, but not in the matrix (an old purchase, say): the model does not leave these out by itself
    more = int(np.bincount(taken // model.x.shape[1]).max()) if len(taken) else 0
    table = model.recommend(rows[known], k + more, exclude_seen=not keep, among=among, step=step)
    best = table.items.astype(np.int64)
    if more:
        pairs = rows[known][:, None] * model.x.shape[1] + best
        best = np.where(np.isin(pairs, taken), -1, best)
        best = np.take_along_axis(best, np.argsort(best < 0, axis=1, kind="stable"), axis=1)[:, :k]
    offers[known] = np.where(best < 0, -1, model.x.items.numbers[best])
    return replace(members, offers=offers)


def _unseen_bought(
    store: Store, campaign: Campaign, model: Recommender, members: Members, as_of: datetime | None
) -> Array:
    """Row * n_items + column of what the members bought and the matrix has no weight for."""
    query = gates.bought_pairs(store, campaign, None, as_of, gates.buying_words(store, campaign), members.user_no)
    table = store.read(query)
    rows = model.x.users.rows(table["user_no"].to_numpy())
    columns = model.x.items.rows(table["item_no"].to_numpy())
    both = (rows >= 0) & (columns >= 0)
    rows, columns = rows[both], columns[both]
    if not len(rows):
        return rows
    unseen = np.asarray(model.x.matrix[rows, columns]).ravel() == 0
    return np.asarray((rows * model.x.shape[1] + columns)[unseen])


def _offer_notes(*parts: Members) -> tuple[str, ...]:
    none = sum(int((members.offers[:, 0] < 0).sum()) for members in parts if members.offers.shape[1])
    if not none:
        return ()
    who = "1 user has" if none == 1 else f"{none:,} users have"
    return (f"{who} no offer: the model knows too little of them, or nothing is left to offer.",)


def _time_notes(model: Recommender | None, as_of: datetime | None) -> tuple[str, ...]:
    if model is None or as_of is None or model.x.until is None or model.x.until <= as_of:
        return ()
    return (f"The model has seen data up to {model.x.until:%d %b %Y}, later than this list looks: it knows what came.",)


def _model_facts(model: Recommender) -> dict[str, Any]:
    x = model.x
    until = None if x.until is None else x.until.isoformat()
    return {"users": x.shape[0], "items": x.shape[1], "until": until, **x.facts}


def _what(campaign: Campaign) -> str:
    if campaign.items:
        return ", ".join(campaign.items[:5]) + (" and others" if len(campaign.items) > 5 else "")
    return str(campaign.category)


def _size_words(campaign: Campaign, n: int, passed: int) -> str:
    if campaign.size is not None and n == passed:
        return f"all of them, to contact up to {campaign.size:,}"
    if campaign.size is not None:
        return f"the first {n:,} in rank: {campaign.size:,} to contact, and who is held out among them"
    if campaign.share is not None:
        return f"the first {campaign.share * 100:.4g} % of those who passed, by rank: {n:,}"
    return "no limit"


def _holdout_words(campaign: Campaign) -> str:
    if not campaign.holdout:
        return "no control group"
    return f"not in the control group of about {campaign.holdout * 100:.4g} %, drawn by a hash of the id"
