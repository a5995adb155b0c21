"""What a comparison allows to be said, and no more; in words for people who will act on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.evaluate.types import Difference, Measured, ModelScore, Verdict
from core.recommend import Spec, info
from core.recommend import spec as model_spec

SURE = 0.05
"""A difference counts as shown when its p after Holm's correction is below this."""

_FEW = 100  # judged users below which a verdict says that they are few


def labels(specs: Sequence[Spec]) -> list[str]:
    """A unique label for each model: its name; where a model stands twice, with the settings that differ.

    >>> from core.recommend import spec
    >>> labels([spec("popular"), spec("ease", {"ridge": 100}), spec("ease", {"ridge": 500})])
    ['popular', 'ease ridge=100', 'ease ridge=500']
    """
    return [" ".join([s.model, *(f"{name}={_short(value)}" for name, value in _differing(s, specs))]) for s in specs]


def full_name(spec: Spec, specs: Sequence[Spec]) -> str:
    """What a sentence calls a model: what it does, the field's term, and the settings that differ.

    >>> from core.recommend import spec
    >>> full_name(spec("ease"), [spec("ease")])
    'Goes together, weighed jointly (EASE)'
    >>> full_name(spec("stack"), [spec("stack")])
    'Several, weighed by what worked (stacked blend)'
    """
    line = info(spec.model)
    if spec == model_spec("popular"):
        return line.plain
    term = [] if spec.model == "popular" else [line.term.split(",")[0].split(" (")[0]]  # its name says it already
    told = [line.param(name).plain.lower() + f" {_short(value)}" for name, value in _differing(spec, specs)]
    return f"{line.plain} ({', '.join(term + told)})" if term or told else line.plain


def yardstick_of(models: Sequence[ModelScore]) -> ModelScore | None:
    """What all others must pass: popularity with usual settings; of an old run without it the first popularity."""
    popular = [m for m in models if m.spec.model == "popular"]
    return next((m for m in popular if m.spec == model_spec("popular")), popular[0] if popular else None)


def judge(models: Sequence[ModelScore], differences: Sequence[Difference], k: int) -> Verdict:
    """The verdict by NDCG, from every pair's difference (`a` the one with the higher mean)."""
    specs = [m.spec for m in models]
    done = [m for m in models if m.problem is None]
    if not done:
        return Verdict(None, (), (), "No model could be fitted, so nothing can be said.")
    names = {m.label: full_name(m.spec, specs) for m in done}
    means = {m.label: m.metrics["ndcg"] for m in done}
    best = max(done, key=lambda m: m.metrics["ndcg"].value).label
    ahead = {(d.a, d.b) for d in differences if d.p_holm < SURE and d.difference > 0}
    tied = tuple(m.label for m in done if (best, m.label) not in ahead)
    winner = best if len(done) > 1 and tied == (best,) else None
    plain = yardstick_of(done)
    yardstick = None if plain is None else plain.label
    others = [m.label for m in done if m is not plain]
    beats = tuple(label for label in others if (label, yardstick) in ahead)
    said = [_top(winner, best, tied, names, means, yardstick, k)]
    if winner:
        said += _second(winner, done, ahead, names)
    if yardstick and others:
        said += _against(yardstick, others, beats, winner, names)
    said += _caveats(models, done[0].users)
    return Verdict(winner, tied, beats, " ".join(said))


def _top(
    winner: str | None,
    best: str,
    tied: Sequence[str],
    names: Mapping[str, str],
    means: Mapping[str, Measured],
    yardstick: str | None,
    k: int,
) -> str:
    figures = f"{_digits(means[best].value)} ({_digits(means[best].low)} to {_digits(means[best].high)})"
    if winner:
        text = f"{names[best]} is ahead of every other: on average NDCG@{k} {figures}"
        if yardstick and yardstick != best and means[yardstick].value > 0:
            text += f", {_times(means[best].value / means[yardstick].value)} {names[yardstick]}"
        return text + "."
    if len(names) == 1:
        return f"{names[best]} reached NDCG@{k} {figures} on average; there is no other model to compare it with."
    rest = [names[label] for label in tied if label != best]
    text = f"No winner: {names[best]} has the highest average, NDCG@{k} {figures}"
    return f"{text}, but no difference can be shown between it and {_listed(rest, 'or')}."


def _second(
    winner: str, done: Sequence[ModelScore], ahead: set[tuple[str, str]], names: Mapping[str, str]
) -> list[str]:
    """Those behind the winner between whom nothing can be shown: the runner-up and all not surely behind it."""
    rest = [m for m in done if m.label != winner]
    second = max(rest, key=lambda m: m.metrics["ndcg"].value).label
    equal = [m.label for m in rest if m.label != second and (second, m.label) not in ahead]
    if not equal:
        return []
    return [f"No difference can be shown between {names[second]} and {_listed([names[e] for e in equal], 'or')}."]


def _against(
    yardstick: str, others: Sequence[str], beats: Sequence[str], winner: str | None, names: Mapping[str, str]
) -> list[str]:
    """How the models stand to the list of bestsellers."""
    if winner == yardstick:
        return [f"The list of bestsellers ({names[yardstick]}) serves users better here: use it."]
    if not beats:
        return [
            f"On these data, lists by {'this model' if len(others) == 1 else 'these models'} are not shown to be "
            f"better than the one list of bestsellers ({names[yardstick]}): use that, or gather more data."
        ]
    failed = [names[label] for label in others if label not in beats]
    if failed:
        return [f"Not shown to be better than the list of bestsellers: {_listed(failed)}."]
    if winner is None:
        who = "All the others are" if len(beats) > 1 else f"{names[beats[0]]} is"
        return [f"{who} surely better than the list of bestsellers ({names[yardstick]})."]
    return []


def _caveats(models: Sequence[ModelScore], users: int) -> list[str]:
    said = []
    if users < _FEW:
        said.append(
            f"Only {users:,} user{'s' if users != 1 else ''} could be judged: a small difference cannot be shown, and "
            "these figures may look different with more data."
        )
    broken = [full_name(m.spec, [m.spec for m in models]) for m in models if m.problem is not None]
    if broken:
        said.append(f"Could not be compared: {_listed(broken)}.")
    return said


def _differing(spec: Spec, specs: Sequence[Spec]) -> list[tuple[str, object]]:
    """The settings in which `spec` differs from another of the same model, in the registry's order."""
    twins = [dict(s.params) for s in specs if s.model == spec.model]
    return [(name, value) for name, value in spec.params if any(t[name] != value for t in twins)]


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _digits(value: float) -> str:
    return f"{value:.3f}" if value >= 0.01 or value == 0 else f"{value:.2g}"


def _times(ratio: float) -> str:
    """How a mean stands to a lower one: "74 % above", "6.4 times that of"."""
    if ratio >= 3:
        return f"{ratio:.1f} times that of"
    return f"{ratio - 1:.0%}".replace("%", " %") + " above" if ratio >= 1.01 else "less than 1 % above"


def _listed(names: Sequence[str], last: str = "and") -> str:
    """A, B and C; names that hold commas themselves are told apart by their brackets."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
