"""Which settings to try next. What is asked for depends on the seed, the number of the trial and the trials before it,
and on nothing else: a study that is taken up again goes on as if it had never stopped.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from core.evaluate.split import mixed
from core.evaluate.tuning.space import Axis, Point, axes, plays, walked, whole_grid
from core.evaluate.tuning.types import Trial, TuneSpec
from core.recommend import ParamValue, Spec

_MODEL = "model"
_AT_RANDOM = 10  # trials before the search learns from them


class Explorer:
    """Proposes one trial after the other; `tell` it of each before asking for the next."""

    def __init__(self, spec: TuneSpec, trials: Sequence[Trial] = ()) -> None:
        self.spec = spec
        self._starts = list(spec.models)
        self._walkable = [start for start in spec.models if axes(spec, start)]
        self._asked: Any = None
        self._grid = whole_grid(spec) if spec.sampler == "grid" else []
        self._study = None if spec.sampler == "grid" else _new_study()
        for trial in trials:
            self.tell(trial)

    def propose(self, number: int) -> tuple[Spec, Point] | None:
        """The model to try as trial `number`, and the point asked for; None where a grid is at its end."""
        self._asked = None
        if number < len(self._starts):
            start = self._starts[number]
            return start, self._of_start(start)
        if self._study is None:
            place = number - len(self._starts)
            return (self._grid[place], {}) if place < len(self._grid) else None
        with _quiet():
            self._study.sampler = self._sampler(number)
            self._asked = self._study.ask()
            return self._suggested(self._asked)

    def tell(self, trial: Trial) -> None:
        """What came of a trial, proposed just now or in an earlier sitting."""
        if self._study is None or not any(start.model == trial.spec.model for start in self._walkable):
            return
        import optuna

        states = optuna.trial.TrialState
        state = {"complete": states.COMPLETE, "pruned": states.PRUNED, "failed": states.FAIL}[trial.state]
        with _quiet():
            if self._asked is not None:
                for users, value in trial.rungs[: None if trial.state == "pruned" else -1]:
                    self._asked.report(value, users)
                self._study.tell(self._asked, trial.value if trial.state == "complete" else None, state)
                self._asked = None
                return
            distributions = self._distributions(trial)
            if not all(d._contains(d.to_internal_repr(trial.point[name])) for name, d in distributions.items()):
                return  # ranges have changed since: the search can learn nothing from it
            looks = trial.rungs if trial.state == "pruned" else trial.rungs[:-1]
            made = optuna.trial.create_trial(
                state=state,
                value=None if trial.state == "failed" else trial.value,
                params={name: trial.point[name] for name in distributions},
                distributions=distributions,
                intermediate_values=dict(looks),
            )
            self._study.add_trial(made)

    def _suggested(self, asked: Any) -> tuple[Spec, Point]:
        point: dict[str, ParamValue] = {}
        model = self._walkable[0].model
        if len(self._walkable) > 1:
            model = point[_MODEL] = asked.suggest_categorical(_MODEL, [start.model for start in self._walkable])
        start = next(s for s in self._walkable if s.model == model)

        def choose(axis: Axis) -> ParamValue:
            value: ParamValue = asked._suggest(axis.name, axis.distribution())
            return value

        found, chosen = walked(self.spec, start, choose)
        return found, {**point, **chosen}

    def _of_start(self, start: Spec) -> Point:
        if start not in self._walkable:
            return {}
        values = dict(start.params)
        model = {_MODEL: start.model} if len(self._walkable) > 1 else {}
        mine = [axis for axis in axes(self.spec, start) if plays(axis.param, start, values)]
        return {**model, **{axis.name: values[axis.param.name] for axis in mine}}

    def _distributions(self, trial: Trial) -> dict[str, Any]:
        """Of each name in the trial's point."""
        import optuna

        start = next(s for s in self._walkable if s.model == trial.spec.model)
        known = {axis.name: axis.distribution() for axis in axes(self.spec, start)}
        known[_MODEL] = optuna.distributions.CategoricalDistribution([s.model for s in self._walkable])
        return {name: known[name] for name in trial.point if name in known}

    def _sampler(self, number: int) -> Any:
        import optuna

        spread = mixed(self.spec.seed, np.array([number]), np.array([0]))
        seed = int(spread[0] % np.uint64(2**32))
        if self.spec.sampler == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        # the parameters of one model are learnt together, those of different models apart
        return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, n_startup_trials=_AT_RANDOM)


def _new_study() -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(direction="maximize", study_name="tuning")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without optuna's words on what it calls experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
