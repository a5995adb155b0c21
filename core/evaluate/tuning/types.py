"""What a study of settings asks (TuneSpec) and what it found (Study), as values with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

from core.errors import Refusal
from core.evaluate.types import METRICS, SPLITS, Split
from core.interactions import MatrixSpec
from core.recommend import ParamValue, Spec, info, spec_from_json
from core.recommend import spec as model_spec

Sampler = Literal["tpe", "random", "grid"]
SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)
State = Literal["complete", "pruned", "failed"]
Ended = Literal["trials", "time", "grid", "stopped"]

TUNE_SPLITS: tuple[Split, ...] = tuple(split for split in SPLITS if split != "k-fold")
"""k-fold reports on every item in turn: nothing would be left to choose settings by."""

MOST_TRIALS = 5_000
MOST_MINUTES = 7 * 24 * 60.0
USERS = 5_000
"""Users that settings are judged by unless said otherwise: enough to tell settings apart that matter."""


@dataclass(frozen=True)
class TuneSpec:
    """Which models' settings to try, on what, and for how long. It looks at the part to choose by, never at report.

    Attributes:
        models: each name once; their parameters are where the search starts, and are tried first. A name stands for
            the model with its defaults.
        matrix, split, k: as in CompareSpec; the split one of TUNE_SPLITS.
        metric: one of METRICS, to be made as high as can be.
        sampler: "tpe" learns from the trials before, "random" draws, "grid" goes through `steps` values of each.
        trials: in the whole study, with those of the starts and those before a resumption; None = no limit.
        minutes: of this sitting; None = no limit. At least one of the two is given (a grid ends by itself).
        prune: give settings up early that are surely behind the best: see docs/evaluation.md.
        seed: of the search, the models and the draw of users, 0 to 2**31 - 1.
        most_users: judge by at most so many users, drawn by the seed; None = all.
        walk: "model.parameter" of those to walk; none = all that are usually tuned. The others keep the start's value.
        steps: values of each number that a grid goes through.

    Raises Refusal `bad_tuning`, `nothing_to_tune`, `unknown_parameter`.
    """

    models: tuple[Spec, ...]
    matrix: MatrixSpec = MatrixSpec()  # noqa: RUF009  # frozen
    split: Split = "leave-last-out"
    k: int = 10
    metric: str = "ndcg"
    sampler: Sampler = "tpe"
    trials: int | None = 30
    minutes: float | None = None
    prune: bool = True
    seed: int = 0
    most_users: int | None = USERS
    walk: tuple[str, ...] = ()
    steps: int = 4

    def __post_init__(self) -> None:
        given: tuple[Spec | str, ...] = self.models
        models = tuple(model_spec(m) if isinstance(m, str) else m for m in given)
        object.__setattr__(self, "models", models)
        if not models or len({m.model for m in models}) < len(models):
            raise _bad("each model must be named once", "Name one model, or several different ones.")
        if self.split not in SPLITS:
            raise _bad(f"there is no split {self.split!r}", f"Splits: {', '.join(SPLITS)}.")
        if self.split not in TUNE_SPLITS:
            raise _bad(
                "k-fold reports on every item in turn, so that nothing is left to choose settings by",
                f"Take one of {', '.join(TUNE_SPLITS)}.",
            )
        if self.metric not in METRICS:
            raise _bad(f"there is no metric {self.metric!r} to tune by", f"Metrics: {', '.join(METRICS)}.")
        if self.sampler not in SAMPLERS:
            raise _bad(f"there is no search {self.sampler!r}", f"Ways to search: {', '.join(SAMPLERS)}.")
        if not 1 <= self.k <= 100:
            raise _bad(f"lists of {self.k} items", "Give k from 1 to 100.")
        if not 0 <= self.seed < 2**31:
            raise _bad(f"the seed is {self.seed}", "Give a whole number from 0 up to 2147483647.")
        if self.most_users is not None and self.most_users < 10:
            raise _bad("fewer than 10 users cannot tell settings apart", "Give more, or none for all.")
        if not 2 <= self.steps <= 20:
            raise _bad(f"a grid of {self.steps} values", "Give from 2 to 20 values of each number.")
        self._check_length()
        self._check_walk()

    def _check_length(self) -> None:
        if self.trials is None and self.minutes is None and self.sampler != "grid":
            raise _bad("it would never end", "Give a number of trials, or of minutes.")
        if self.trials is not None and not 1 <= self.trials <= MOST_TRIALS:
            raise _bad(f"{self.trials} trials", f"Give from 1 to {MOST_TRIALS:,} trials.")
        if self.minutes is not None and not 0 < self.minutes <= MOST_MINUTES:
            raise _bad(f"{self.minutes:g} minutes", f"Give minutes above 0, up to {MOST_MINUTES:,.0f}.")

    def _check_walk(self) -> None:
        lines = {m.model: info(m.model) for m in self.models}
        for name in self.walk:
            model, _, param = name.partition(".")
            if model not in lines:
                raise _bad(f"{name!r} is of no model of the study", "Write MODEL.PARAMETER: item-knn.shrink.")
            if lines[model].param(param).kind == "text":
                raise _bad(f"{name!r} is text, which cannot be walked", "Leave it out: it keeps its value.")
        if not any(self.walks(line.name, p.name) for line in lines.values() for p in line.params):
            raise Refusal(
                "nothing_to_tune",
                f"No settings of {', '.join(lines)} can be tuned.",
                "Choose another model: its settings are listed in docs/models.md.",
            )

    def walks(self, model: str, param: str) -> bool:
        """Whether this parameter is walked."""
        line = info(model).param(param)
        return line.kind != "text" and (f"{model}.{param}" in self.walk if self.walk else line.tuned)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` reads it."""
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "models": [m.as_json() for m in self.models],
            "matrix": self.matrix.as_json(),
            "walk": list(self.walk),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> TuneSpec:
        """What `as_json` wrote; keys it does not know are passed over."""
        known = {name: told[name] for name in cls.__dataclass_fields__ if name in told}
        split = known.pop("split", "leave-last-out")
        made = cls(
            **{
                **known,
                "models": tuple(spec_from_json(m) for m in told["models"]),
                "matrix": MatrixSpec.from_json(told["matrix"]),
                "walk": tuple(told.get("walk") or ()),
                "split": split if split in TUNE_SPLITS else "random",
            }
        )
        object.__setattr__(made, "split", split)  # a study of an earlier version by k-fold can be looked at
        return made


@dataclass(frozen=True)
class Trial:
    """One model with one set of settings, tried.

    Attributes:
        number: from 0, in the order in which they were tried.
        spec: the model with its settings.
        state: "complete": judged by all users; "pruned": given up early; "failed": it could not be fitted or judged.
        value: mean of the study's metric over `users`; None where it failed.
        low, high: its 95 % interval over users, by the normal approximation (quick; the bootstrap is for comparisons).
        users: by how many it was judged; fewer than all where it was pruned.
        rungs: (users, mean over these), rising, for each look; the last is (users, value).
        coverage: share of all items in at least one list; None unless complete.
        seconds_fit, seconds_score: wall clock in the worker; scoring is making the lists of the users judged.
        why: {code, message, hint} where it was pruned or failed.
        start: the settings that the model came with.
        same_as: number of an earlier trial with the very same settings, whose figures these are.
        point: what the search asked for, before rounding to four digits; kept so that it can go on from here.
    """

    number: int
    spec: Spec
    state: State
    value: float | None = None
    low: float | None = None
    high: float | None = None
    users: int = 0
    rungs: tuple[tuple[int, float], ...] = ()
    coverage: float | None = None
    seconds_fit: float | None = None
    seconds_score: float | None = None
    why: Mapping[str, str] | None = None
    start: bool = False
    same_as: int | None = None
    point: Mapping[str, ParamValue] = field(default_factory=dict, repr=False)

    @property
    def seconds(self) -> float | None:
        """Fitting and scoring together; None where it failed."""
        if self.seconds_fit is None or self.seconds_score is None:
            return None
        return self.seconds_fit + self.seconds_score


@dataclass(frozen=True)
class Study:
    """The answer to a TuneSpec.

    Attributes:
        spec: the question.
        split: the split that was used: "random" where the data have no times, whatever was asked.
        notes: sentences on what was done.
        trials: in the order in which they were tried; may be empty.
        facts: users_fit, items_fit, pairs_fit, users (judged), users_possible, pairs_choose, users_skipped,
            users_unknown, items_unknown, cut, until, version.
        ended: "trials" or "time": the limit was reached; "grid": all of it was tried; "stopped": cut short.
        importance: model -> parameter -> share of the metric's spread that it explains; see `importance`.
        best_each: how the best trial did for each user, packed; for going on.
    """

    spec: TuneSpec
    split: Split
    notes: tuple[str, ...]
    trials: tuple[Trial, ...]
    facts: Mapping[str, Any]
    ended: Ended
    importance: Mapping[str, Mapping[str, float]] | None = None
    best_each: str = field(default="", repr=False)

    @cached_property
    def complete(self) -> tuple[Trial, ...]:
        """The trials judged by all users, in order."""
        return tuple(t for t in self.trials if t.state == "complete" and t.value is not None)

    @property
    def best(self) -> Trial | None:
        """The best complete trial; of equals the first. None where there is none."""
        return best_of(self.complete)

    @property
    def best_by_model(self) -> dict[str, Trial]:
        """Model -> its best complete trial, the best model first; models without one are left out."""
        found = [best_of([t for t in self.complete if t.spec.model == m.model]) for m in self.spec.models]
        ranked = sorted((t for t in found if t), key=lambda t: (-(t.value or 0.0), t.number))
        return {t.spec.model: t for t in ranked}

    def start_of(self, model: str) -> Trial | None:
        """The trial with the settings that the model came with."""
        return next((t for t in self.trials if t.start and t.spec.model == model), None)

    def trial(self, number: int) -> Trial:
        """One trial. Raises Refusal `unknown_trial`."""
        for one in self.trials:
            if one.number == number:
                return one
        raise Refusal("unknown_trial", f"There is no trial {number}.", f"They run from 0 to {len(self.trials) - 1}.")


def best_of(trials: tuple[Trial, ...] | list[Trial]) -> Trial | None:
    """The one with the highest value; of equals the first."""
    return min(trials, key=lambda t: (-(t.value or 0.0), t.number), default=None)


def _bad(what: str, hint: str) -> Refusal:
    return Refusal("bad_tuning", f"This study cannot be made: {what}.", hint)
