"""A study in a few figures: how its trials ended, how long they took, and how many points its grid has."""

from __future__ import annotations

from dataclasses import dataclass

from core.evaluate.tuning.space import whole_grid
from core.evaluate.tuning.task import seconds_left
from core.evaluate.tuning.types import Study, TuneSpec

__all__ = ["Tally", "grid_points", "seconds_left", "tally"]


@dataclass(frozen=True)
class Tally:
    """How the trials of a study ended.

    Attributes:
        complete, pruned, failed: trials judged by all users, given up early, and not to be fitted or judged.
        repeated: of these, trials with settings that had been tried before, and so took no time.
        seconds: of fitting and making lists, in all trials.
    """

    complete: int
    pruned: int
    failed: int
    repeated: int
    seconds: float


def tally(study: Study) -> Tally:
    """Counted over all of its sittings."""
    states = [t.state for t in study.trials]
    fresh = [t for t in study.trials if t.same_as is None]
    return Tally(
        states.count("complete"),
        states.count("pruned"),
        states.count("failed"),
        len(study.trials) - len(fresh),
        sum(t.seconds or 0.0 for t in fresh),
    )


def grid_points(spec: TuneSpec) -> int:
    """Trials of the whole grid, those of the starts among them. Raises Refusal `grid_too_large`."""
    return len(spec.models) + len(whole_grid(spec))
