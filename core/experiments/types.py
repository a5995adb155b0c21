"""What a campaign changed: two groups, a difference, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

ArmName = Literal["contacted", "control"]
ARMS: tuple[ArmName, ...] = get_args(ArmName)


@dataclass(frozen=True)
class Arm:
    """One group of a saved list, read against what happened in its window.

    Attributes:
        arm: "contacted" or "control".
        users: how many the list holds, those too whom the workspace does not know: who is known may depend on who
            responded, and leaving the others out would make the rate too high.
        responses: users with at least one response in the window; one who sent back all they bought in the window
            has not responded.
        rate: responses / users; None without users.
        value: mean net value (purchases less returns, of any item) per user in the window, all users counted; None
            where responses carry no value.
        value_sq: mean of its square, for the interval.
    """

    arm: str
    users: int
    responses: int
    rate: float | None
    value: float | None
    value_sq: float | None = None


@dataclass(frozen=True)
class Effect:
    """Contacted less control. `problem` says in words why there is no estimate; the figures are then None.

    Attributes:
        estimate, low, high: difference in response rate (share of users, 0 to 1) with its 95 % interval (Newcombe's
            hybrid score interval, 1998, method 10, without correction).
        p: two-sided, two-proportion z test with pooled variance.
        value_estimate, value_low, value_high: difference in value per head, with Welch's t interval; no interval where
            a group's value rests on too few buyers (core.experiments.effect.FEWEST_BUYERS).
        srm_p: chi-square of the arms' sizes against the planned split; below 0.001 results are withheld.
    """

    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    value_estimate: float | None
    value_low: float | None
    value_high: float | None
    srm_p: float | None
    problem: str | None = None


@dataclass(frozen=True)
class SavedList:
    """A list kept in the workspace, or one that was brought in with its arms.

    Attributes:
        name: unique in the workspace.
        created_at, sent_at: UTC; responses count from `sent_at` on.
        days: length of the window in days; the window is half-open.
        event: what counts as a response: "purchase" by default.
        items: raw item ids that a response must be about; empty = any.
        holdout: planned share of the control group; None where it is not known (then no sample-ratio check).
        manifest: of the list, {} for one that was brought in.
        contacted, control: how many members.
    """

    name: str
    created_at: datetime
    sent_at: datetime
    days: int
    event: str
    items: tuple[str, ...]
    holdout: float | None
    manifest: Mapping[str, Any]
    contacted: int
    control: int


@dataclass(frozen=True)
class Readout:
    """What may be concluded from a saved list.

    Attributes:
        saved: the list.
        window: [from, until) UTC that responses were counted in: the window, cut at the end of the data.
        complete: the data reach to the end of the window.
        arms: contacted, control.
        effect: contacted less control.
        note: two or three sentences: what may and what may not be concluded.
        source: "events", or the name of the file of responses.
        unknown: ids in the file of responses that are in neither arm; 0 with events, where all other customers are.
        missing: members of the list whom the workspace does not know; they count as users without a response.
    """

    saved: SavedList
    window: tuple[datetime, datetime]
    complete: bool
    arms: tuple[Arm, Arm]
    effect: Effect
    note: str
    source: str
    unknown: int
    missing: int = 0
