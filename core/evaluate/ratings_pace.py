"""How long a comparison of models of ratings will take here, by what the last one took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from core.evaluate.ratings_types import RatingsComparison, RatingSplit
from core.recommend import RatingsSize, Spec, rating_seconds

_ENOUGH = 0.5  # seconds below which a run says nothing of the pace: its start takes most of it
_MOST = 30.0  # a pace beyond that (or below one thirtieth) came from a machine that did something else


@dataclass(frozen=True)
class Pace:
    """Seconds taken for each second told.

    Attributes:
        usual: of models that were not measured here.
        models: by name, of those that were.
        measured: whether it comes from a comparison of this workspace; else it is 1 throughout.
    """

    usual: float = 1.0
    models: Mapping[str, float] = field(default_factory=dict)
    measured: bool = False

    def seconds(self, spec: Spec, size: RatingsSize, *, predict: bool = False) -> float:
        """`rating_seconds` at this pace."""
        return self.models.get(spec.model, self.usual) * rating_seconds(spec, size, predict=predict)

    def comparison(self, spec: Spec, size: RatingsSize, folds: int, split: RatingSplit = "folds") -> float:
        """Seconds of one model in a comparison: it is fitted, and predicts, once for each part held out."""
        rounds = folds if split == "folds" else 1
        return rounds * self.seconds(spec, size.share(1 - 1 / folds), predict=True)


def rating_pace(found: RatingsComparison | None) -> Pace:
    """The pace of a comparison; of none, or of one that was stored before sizes were, the machine measured first."""
    if found is None or "by_users" not in found.facts:
        return Pace()
    facts = found.facts
    size = RatingsSize(*(facts[name] for name in ("ratings", "users", "items", "by_users", "by_items")))
    seen: dict[str, list[float]] = {}
    for model in found.models:
        told = Pace().comparison(model.spec, size, found.spec.folds, found.split)
        if model.seconds is not None and model.seconds >= _ENOUGH:
            seen.setdefault(model.spec.model, []).append(min(_MOST, max(1 / _MOST, model.seconds / told)))
    if not seen:
        return Pace()
    models = {name: median(values) for name, values in seen.items()}
    return Pace(median(models.values()), models, measured=True)
