"""The settings that a search walks: ranges from the registry, which play a part only where their condition holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np

from core.errors import Refusal
from core.evaluate.tuning.types import TuneSpec
from core.recommend import Param, ParamValue, Spec, info
from core.recommend import spec as model_spec

MOST_POINTS = 100_000
"""Points that a grid may have."""

Point = Mapping[str, ParamValue]


@dataclass(frozen=True)
class Axis:
    """A parameter that is walked, from `low` to `high` where it is a number; the start's value lies within."""

    name: str
    param: Param
    low: float = 0.0
    high: float = 0.0

    @property
    def log(self) -> bool:
        """Whether it is walked by factors and not by differences."""
        return self.param.scale == "log" and self.low > 0

    def distribution(self) -> Any:
        """As optuna wants it."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        match self.param.kind:
            case "int":
                return IntDistribution(int(self.low), int(self.high), log=self.log)
            case "float":
                return FloatDistribution(self.low, self.high, log=self.log)
            case "bool":
                return CategoricalDistribution([False, True])
        return CategoricalDistribution(list(self.param.choices))

    def values(self, steps: int) -> list[ParamValue]:
        """What a grid tries: every choice, or `steps` numbers from end to end, evenly on the parameter's scale."""
        if self.param.kind == "bool":
            return [False, True]
        if self.param.kind == "choice":
            return list(self.param.choices)
        spread = np.geomspace if self.log else np.linspace
        numbers = [float(value) for value in spread(self.low, self.high, steps)]
        return list(dict.fromkeys(self.told(min(max(n, self.low), self.high)) for n in numbers))

    def told(self, value: ParamValue) -> ParamValue:
        """The value as people see it: no more than four digits of it matter."""
        if self.param.kind == "int":
            return round(float(value))
        if self.param.kind != "float":
            return value
        number = float(value)
        short = 0.0 if number == 0 else round(number, 3 - math.floor(math.log10(abs(number))))
        return min(max(short, self.low), self.high)


def axes(spec: TuneSpec, start: Spec) -> tuple[Axis, ...]:
    """What is walked of one model; a parameter stands behind the one that it depends on."""
    line = info(start.model)
    found = {p.name: _axis(p, start) for p in line.params if spec.walks(line.name, p.name)}
    return tuple(sorted(found.values(), key=lambda axis: _depth(axis.param, start)))


def walked(spec: TuneSpec, start: Spec, choose: Callable[[Axis], ParamValue]) -> tuple[Spec, dict[str, ParamValue]]:
    """The model that comes of choosing a value for each axis that plays a part, and what was chosen, by axis.

    What plays no part keeps the start's value, so that settings that mean the same are the same.
    """
    values, point = dict(start.params), {}
    for axis in axes(spec, start):
        if plays(axis.param, start, values):
            point[axis.name] = choose(axis)
            values[axis.param.name] = axis.told(point[axis.name])
    return model_spec(start.model, values), point


def plays(param: Param, start: Spec, values: Mapping[str, ParamValue]) -> bool:
    """Whether it plays a part, and so does the parameter that it depends on."""
    parent = info(start.model).param(param.only[0]) if param.only else None
    return param.plays(values) and (parent is None or plays(parent, start, values))


def grid(spec: TuneSpec, start: Spec) -> Iterator[Spec]:
    """Every point of the grid, each once; the start itself is left out."""
    for values in _points(spec, start):
        found = model_spec(start.model, values)
        if found != start:
            yield found


def _points(spec: TuneSpec, start: Spec) -> Iterator[dict[str, ParamValue]]:
    line = axes(spec, start)

    def rest(place: int, values: dict[str, ParamValue]) -> Iterator[dict[str, ParamValue]]:
        if place == len(line):
            yield values
        elif plays(line[place].param, start, values):
            for value in line[place].values(spec.steps):
                yield from rest(place + 1, {**values, line[place].param.name: value})
        else:
            yield from rest(place + 1, values)

    if line:
        yield from rest(0, dict(start.params))


def whole_grid(spec: TuneSpec) -> list[Spec]:
    """The grids of all models in an order drawn by the seed, so that a part of it is spread over the whole.

    Raises Refusal `grid_too_large`.
    """
    points = chain.from_iterable(_points(spec, start) for start in spec.models)
    if sum(1 for _ in islice(points, MOST_POINTS + 1)) > MOST_POINTS:
        raise Refusal(
            "grid_too_large",
            f"This grid has more than {MOST_POINTS:,} points.",
            "Walk fewer settings, give fewer steps, or let the search learn (tpe).",
        )
    found = [one for start in spec.models for one in grid(spec, start)]
    return [found[place] for place in np.random.default_rng(spec.seed).permutation(len(found))]


def _axis(param: Param, start: Spec) -> Axis:
    name = f"{start.model}.{param.name}"
    if param.kind in ("bool", "choice"):
        return Axis(name, param)
    assert param.low is not None
    assert param.high is not None
    low = param.low if param.tune_low is None else param.tune_low
    high = param.high if param.tune_high is None else param.tune_high
    at = float(start[param.name])
    return Axis(name, param, min(low, at), max(high, at))


def _depth(param: Param, start: Spec) -> int:
    return 1 + _depth(info(start.model).param(param.only[0]), start) if param.only else 0
