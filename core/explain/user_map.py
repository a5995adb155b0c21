"""The map of users as a question and its answer: what is asked, what a worker takes, what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.interactions import Array, MatrixSpec, build
from core.progress import Step, no_step
from core.store import Query, Store, Writer


class _Left(Protocol):
    @property
    def result(self) -> dict[str, Any]: ...

    @property
    def arrays(self) -> Mapping[str, Array]: ...


@dataclass(frozen=True)
class MapSpec:
    """Which map: how behaviour counts, how many users at most, users (user_no) who must be on it, the seed."""

    matrix: MatrixSpec = MatrixSpec()  # noqa: RUF009  # frozen
    most: int = 2000
    keep: tuple[int, ...] = ()
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        """What `map_task` takes as its params."""
        return {"matrix": self.matrix.as_json(), "most": self.most, "keep": list(self.keep), "seed": self.seed}


@dataclass(frozen=True)
class UserMap:
    """Users on a plane, the alike close together.

    Attributes:
        numbers, users: user_no and raw id of each.
        x, y: their places; only distances mean anything.
        of: users who could have been drawn (3 items or more).
        near: how many neighbours the check looks at.
        kept: mean share of each user's most alike users who stand among as many nearest on the map, 0 to 1.
        by_chance: that share if places were dealt at random.
    """

    numbers: tuple[int, ...]
    users: tuple[str, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    of: int
    near: int
    kept: float
    by_chance: float


def prepare_map(store: Store, spec: MapSpec, step: Step = no_step) -> dict[str, Array]:
    """The arrays of `map_task`, without people's ids. Raises what core.interactions.build raises."""
    return build(store, spec.matrix, step=step).to_arrays()


def publish_map(writer: Writer, outcome: _Left) -> dict[str, Any]:
    """What is kept of the worker's answer: its result, with user_no and places."""
    places = outcome.arrays["places"]
    return {
        **outcome.result,
        "numbers": [int(number) for number in outcome.arrays["users"]],
        "x": [round(float(x), 4) for x in places[:, 0]],
        "y": [round(float(y), 4) for y in places[:, 1]],
    }


def read_map(store: Store, result: Mapping[str, Any]) -> UserMap:
    """The map out of what `publish_map` kept, with raw ids; users who are no longer there are left out."""
    numbers = [int(number) for number in result["numbers"]]
    marks = ", ".join("?" * len(numbers))
    rows = store.rows(Query(f"SELECT user_no, user_id FROM users WHERE user_no IN ({marks})", tuple(numbers)))
    ids = {int(str(row["user_no"])): str(row["user_id"]) for row in rows}
    there = [n for n, number in enumerate(numbers) if number in ids]
    return UserMap(
        tuple(numbers[n] for n in there),
        tuple(ids[numbers[n]] for n in there),
        tuple(float(result["x"][n]) for n in there),
        tuple(float(result["y"][n]) for n in there),
        int(result["of"]),
        int(result["near"]),
        float(result["kept"]),
        float(result["by_chance"]),
    )
