"""What a comparison of models of ratings allows to be said, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.evaluate.ratings_types import RatingScore, RatingsSpec
from core.evaluate.types import Difference, Verdict
from core.evaluate.verdict import SURE
from core.recommend import Spec, rating_info

_FEW = 1_000  # judged ratings below which a verdict says that they are few


def rating_full_name(spec: Spec) -> str:
    """What a sentence calls a model.

    >>> from core.recommend import rating_spec
    >>> rating_full_name(rating_spec("svdpp"))
    'Hidden tastes, also from what was rated (SVD++)'
    """
    line = rating_info(spec.model)
    return f"{line.plain} ({line.term.split(',')[0].split(':')[0].split(' (')[0]})"


def judge_ratings(models: Sequence[RatingScore], differences: Sequence[Difference], judged: int) -> Verdict:
    """The verdict by RMSE, from every pair's difference (`a` the better)."""
    done = [m for m in models if m.problem is None]
    if not done:
        return Verdict(None, (), (), "No model could be fitted, so nothing can be said.")
    twice = [m.spec.model for m in done]
    names = {m.label: rating_full_name(m.spec) if twice.count(m.spec.model) == 1 else m.label for m in done}
    best = min(done, key=lambda m: m.metrics["rmse"].value)
    ahead = {(d.a, d.b) for d in differences if d.p_holm < SURE and d.difference < 0}
    tied = tuple(m.label for m in done if (best.label, m.label) not in ahead)
    winner = best.label if len(done) > 1 and tied == (best.label,) else None
    base = next((m for m in done if m.spec.model == "baseline"), None)
    beats = tuple(m.label for m in done if base and (m.label, base.label) in ahead)
    figure = best.metrics["rmse"]
    told = f"RMSE {figure.value:.4f} ({figure.low:.4f} to {figure.high:.4f})"
    off = f"its predictions are off by {best.metrics['mae'].value:.2f} on average"
    if len(done) == 1:
        said = [f"{names[best.label]} reached {told}; {off}. There is no other model to compare it with."]
    elif winner:
        said = [f"{names[winner]} predicts better than every other: {told}; {off}."]
    else:
        rest = " or ".join(names[label] for label in tied if label != best.label)
        said = [
            f"No winner: {names[best.label]} has the lowest error, {told}, but no difference can be shown to {rest}."
        ]
    said += _against(base, best, done, beats, names)
    if judged < _FEW:
        said.append(f"Only {judged:,} ratings could be judged: a small difference cannot be shown.")
    broken = [rating_full_name(m.spec) for m in models if m.problem is not None]
    if broken:
        said.append(f"Could not be compared: {'; '.join(broken)}.")
    return Verdict(winner, tied, beats, " ".join(said))


def _against(
    base: RatingScore | None,
    best: RatingScore,
    done: Sequence[RatingScore],
    beats: Sequence[str],
    names: Mapping[str, str],
) -> list[str]:
    """How the models stand to the baseline."""
    others = [m.label for m in done if base is not None and m is not base]
    if base is None or not others:
        return []
    if best.label in beats:
        less = 1 - best.metrics["rmse"].value / base.metrics["rmse"].value
        said = [f"That is {less * 100:.1f} % less error than the usual rating (RMSE {base.metrics['rmse'].value:.4f})."]
    else:
        return ["No model is shown to predict better than the usual rating: mean, user and item alone."]
    failed = [names[label] for label in others if label not in beats]
    return [*said, f"Not shown to be better than the usual rating: {'; '.join(failed)}."] if failed else said


def split_notes(spec: RatingsSpec, used: str, facts: Mapping[str, int | float]) -> tuple[str, ...]:
    """What a reader must know about how it was measured."""
    said = []
    if used == "time":
        said.append(
            f"Models learnt from the earlier ratings and were judged by the latest {facts['judged']:,} of "
            f"{facts['ratings']:,}."
        )
    elif spec.split == "time":
        said.append("These ratings have no times, so they were dealt into parts by chance instead.")
    for key, what in (("unknown_users", "user"), ("unknown_items", "item")):
        n = int(facts[key])
        if n:
            said.append(
                f"{n:,} judged {'rating is' if n == 1 else 'ratings are'} of {'a' if what == 'user' else 'an'} {what} "
                "without any other rating in the part that models learnt from: predicted by the baseline of the other."
            )
    return tuple(said)
