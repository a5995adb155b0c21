"""What a campaign asks (Campaign) and whom it reaches (TargetList)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from core.errors import Refusal
from core.interactions import Array, MatrixSpec
from core.recommend import Spec, spec_from_json
from core.segments import Segment, rule_from_json, segment_to_json

Ask = Literal["item", "category", "segment", "ids"]
ASKS: tuple[Ask, ...] = get_args(Ask)

StageName = Literal["candidates", "consent", "suppressed", "bought", "size", "holdout"]
STAGES: tuple[StageName, ...] = get_args(StageName)
"""The gates, in the order in which users pass them. Suppression is final: no rule lets a suppressed user back in."""

MOST_OFFERS = 20


@dataclass(frozen=True)
class Campaign:
    """Whom to reach with what: a question, checked when it is made, with a JSON form.

    Two kinds. *Who should hear about this?* (ask "item" or "category"): users ranked by the model's score for the items
    (their sum), drawn from `segment` or from everybody. *What should these people hear?* (ask "segment" or "ids"): the
    users of `segment`, or the ids given beside the question, in the order of net revenue (then by lot), each with
    the model's `offer_k` next best items (0 = none; then no model is needed).

    Attributes:
        ask: see above.
        items: raw item ids, at least one for ask = "item"; with ask = "segment" or "ids" the items to offer from (empty
            = all).
        category, column: for ask = "category": a value of this column of items.
        segment: whom to draw from; needed for ask = "segment".
        ids: sha256 (hex) of the sorted given ids, for ask = "ids"; the ids themselves are given beside the question.
        model: needed for ask "item", "category", and where offer_k > 0.
        matrix, seed: how behaviour counts for the model; its seed.
        offer_k: items for each user, 0 to MOST_OFFERS.
        size: users to contact (not counting the control group); None = all.
        share: instead of `size`: this share (0 to 1) of those who pass the gates before the size.
        channel: the consent asked for: a consent column, or what follows "consent_" in its name ("email"); None =
            every consent column there is must say yes.
        assume_consent: where there is no consent column at all: treat all as consenting (True), or none (False). A
            missing value in a column that exists is no.
        bought: "ever" leaves out who has bought the item (category) and kept it, "days" who bought it in the last
            `bought_days`, "keep" nobody (repeat purchases wanted). For ask "segment" and "ids" it holds for offers:
            items bought are not offered, unless "keep".
        bought_days: for bought = "days".
        holdout: share of the control group, 0 to 0.5.
        salt: of the hold-out; the same user, share and salt fall the same way in every list.
        as_of: UTC, end of the data to look at (not included); None = just after the last event.

    Raises Refusal `bad_campaign`.
    """

    ask: Ask
    items: tuple[str, ...] = ()
    category: str | None = None
    column: str | None = None
    segment: Segment | None = None
    ids: str | None = None
    model: Spec | None = None
    matrix: MatrixSpec = MatrixSpec()  # noqa: RUF009  # frozen
    seed: int = 0
    offer_k: int = 0
    size: int | None = None
    share: float | None = None
    channel: str | None = None
    assume_consent: bool = True
    bought: Literal["ever", "days", "keep"] = "ever"
    bought_days: int | None = None
    holdout: float = 0.0
    salt: str = "limelight"
    as_of: datetime | None = None

    def __post_init__(self) -> None:
        for wrong, hint in self._faults():
            raise Refusal("bad_campaign", f"This list cannot be made: {wrong}.", hint)

    def _faults(self) -> list[tuple[str, str]]:
        to_items = self.ask in ("item", "category")
        checks = [
            (self.ask not in ASKS, f"there is no question {self.ask!r}", f"Ask one of {', '.join(ASKS)}."),
            (self.ask == "item" and not self.items, "no item is named", "Name at least one item."),
            (self.ask == "category" and not (self.category and self.column), "no category is named", "Name one."),
            (self.ask == "segment" and self.segment is None, "no segment is named", "Name a saved segment."),
            (self.ask == "ids" and not self.ids, "no ids are given", "Give a file of user ids."),
            ((to_items or self.offer_k > 0) and self.model is None, "no model is named", "Name a model."),
            (not 0 <= self.offer_k <= MOST_OFFERS, f"{self.offer_k} offers each", f"Give 0 to {MOST_OFFERS}."),
            (self.size is not None and self.size < 1, f"a size of {self.size}", "Give 1 or more, or none for all."),
            (self.share is not None and not 0 < self.share <= 1, f"a share of {self.share}", "Give above 0, up to 1."),
            (self.size is not None and self.share is not None, "both a size and a share", "Give one of them."),
            (not 0 <= self.holdout <= 0.5, f"a control group of {self.holdout:.0%}", "Give a share from 0 to 0.5."),
            (self.bought not in ("ever", "days", "keep"), f"bought {self.bought!r}", "Give ever, days or keep."),
            (self.bought == "days" and not (self.bought_days or 0) > 0, "no number of days", "Give 1 or more days."),
            (not 0 <= self.seed < 2**31, f"the seed is {self.seed}", "Give 0 to 2147483647."),
        ]
        return [(wrong, hint) for bad, wrong, hint in checks if bad]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` reads it."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        segment = self.segment
        return told | {
            "items": list(self.items),
            "segment": None if segment is None else segment_to_json(segment),
            "model": None if self.model is None else self.model.as_json(),
            "matrix": self.matrix.as_json(),
            "as_of": _iso(self.as_of),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Campaign:
        """What `as_json` wrote."""
        segment = told.get("segment")
        model = told.get("model")
        return cls(
            **{
                **told,
                "items": tuple(told["items"]),
                "segment": None
                if segment is None
                else Segment(
                    segment["name"],
                    rule_from_json(segment["rule"]),
                    _moment(segment["as_of"]),
                    rule_from_json(segment["made_from"]) if segment.get("made_from") else None,
                ),
                "model": None if model is None else spec_from_json(model),
                "matrix": MatrixSpec.from_json(told["matrix"]),
                "as_of": _moment(told["as_of"]),
            }
        )


@dataclass(frozen=True)
class Stage:
    """One gate: users before it, users who passed, and what it did in words ("no consent for email")."""

    stage: StageName
    before: int
    after: int
    words: str


@dataclass(frozen=True, eq=False)
class Members:
    """Users in the order of their rank.

    Attributes:
        user_no: int32 (n,).
        ranks: int32 (n,), from 1, rising: the place among all who passed the gates before the size (contacted and
            control share one ranking).
        scores: float64 (n,): the model's score for the items; NaN where the question has none.
        offers: int32 (n, k): item_no of the offers, best first; -1 where a user has fewer; k may be 0. For ask
            "item" with one item it is that item; without offers it is empty (n, 0).
    """

    user_no: Array
    ranks: Array
    scores: Array
    offers: Array

    def __len__(self) -> int:
        return len(self.user_no)


@dataclass(frozen=True, eq=False)
class TargetList:
    """The answer to a Campaign.

    Attributes:
        campaign: the question.
        contacted: the users to send to; never one who is suppressed, does not consent, or is in the control group.
        control: the control group, chosen in the same way and held out by a salted hash of the raw user id.
        stages: STAGES in order; `after` of one is `before` of the next; the first's `before` is all users asked for.
        dropped: for each stage but the first, the user_no (int32) that it dropped; each user is dropped once. Under
            "holdout" stands the control group.
        notes: sentences for people: what was assumed (consent), what could not be scored, unknown ids.
        facts: as_of (ISO), version, digest (core.store.digest.content_digest), model and matrix counts, unknown_ids,
            suppressed_ids.
    """

    campaign: Campaign
    contacted: Members
    control: Members
    stages: tuple[Stage, ...]
    dropped: Mapping[StageName, Array]
    notes: tuple[str, ...]
    facts: Mapping[str, Any]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
