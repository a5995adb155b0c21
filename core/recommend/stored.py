"""Fitted models, kept in the workspace: what was learnt as arrays, the matrix made again from the events."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from core import __version__
from core.errors import Refusal
from core.interactions import Array, Interactions, MatrixSpec, as_bytes, build
from core.progress import Step, no_step
from core.recommend.arrays import read_arrays, write_arrays
from core.recommend.registry import make, needs, spec_from_json, wide
from core.recommend.types import Recommender, Spec
from core.store import Query, Store, Writer

FIT_TASK = "core.recommend.task:fit_task"
ITEM_IDS = "x_item_ids"
"""The array, beside what a model learnt, of the raw ids of its columns: numbers may change by undo and reload."""


@dataclass(frozen=True)
class FitSpec:
    """All that a fitted model follows from, beside the data.

    Attributes:
        model: name and parameters.
        matrix: how behaviour becomes weights.
        seed: 0 to 2**31 - 1.

    Raises Refusal `bad_seed`.
    """

    model: Spec
    matrix: MatrixSpec = MatrixSpec()  # noqa: RUF009  # frozen
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**31:
            raise Refusal("bad_seed", f"The seed is {self.seed}.", "Give a whole number from 0 up to 2147483647.")

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` reads it, and `fit_task` takes it as its params."""
        return {"model": self.model.as_json(), "matrix": self.matrix.as_json(), "seed": self.seed}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> FitSpec:
        """What `as_json` wrote."""
        return cls(spec_from_json(told["model"]), MatrixSpec.from_json(told["matrix"]), int(told["seed"]))


@dataclass(frozen=True)
class StoredModel:
    """A fitted model as it stands in the workspace.

    Attributes:
        model_id: its name in the workspace.
        fit: what it is.
        created_at: UTC.
        version: the data's version that it was fitted on; `stale` where the data have changed since.
        seconds_fit: wall clock in the worker.
        users, items: rows and columns of the matrix.
        size: bytes that its arrays take.
        facts: counts of the matrix, see core.interactions.build.
        until: UTC, end of the data it saw (not included); None without times.
        limelight: the program's version then.
    """

    model_id: str
    fit: FitSpec
    created_at: datetime
    version: int
    stale: bool
    seconds_fit: float
    users: int
    items: int
    size: int
    facts: Mapping[str, Any]
    until: datetime | None = None
    limelight: str = ""


class Fitted(Protocol):
    """What a worker left behind (core.jobs.Outcome)."""

    @property
    def result(self) -> dict[str, Any]:
        """What `fit_task` returned."""

    @property
    def folder(self) -> Path:
        """Where it wrote."""

    @property
    def arrays(self) -> Mapping[str, Array]:
        """The model's arrays, as memory maps."""


def matrix_for(store: Store, spec: FitSpec, step: Step = no_step) -> Interactions:
    """The matrix with all that the model asks for beside it. Raises what core.interactions.build raises."""
    return build(store, spec.matrix, needs=needs(spec.model), wide=wide(spec.model), step=step)


def prepare_fit(store: Store, spec: FitSpec, step: Step = no_step) -> dict[str, Array]:
    """What `fit_task` takes: the matrix, without people's ids. Raises what core.interactions.build raises."""
    x = matrix_for(store, spec, step=step)
    assert x.items.ids is not None
    return {**x.to_arrays(), "x_facts": as_bytes(dict(x.facts)), ITEM_IDS: as_bytes(x.items.ids.to_pylist())}


def publish_fit(writer: Writer, outcome: Fitted) -> dict[str, Any]:
    """Store what the worker learnt; `{"model_id": ...}`."""
    told, model_id = outcome.result, secrets.token_hex(6)
    until = None if told["until"] is None else datetime.fromisoformat(told["until"])
    size = write_arrays(writer, model_id, outcome.arrays)
    size -= outcome.arrays[ITEM_IDS].nbytes if ITEM_IDS in outcome.arrays else 0  # not what the model learnt
    writer.run(
        Query(
            "INSERT INTO models (model_id, fit, version, limelight, created_at, seconds_fit, users, items, size, facts,"
            " until) VALUES (?, ?::JSON, ?, ?, ?, ?, ?, ?, ?, ?::JSON, ?)",
            (
                *(model_id, json.dumps(told["fit"]), told["version"], __version__, _now(), told["seconds_fit"]),
                *(told["users"], told["items"], size, json.dumps(told["facts"]), until),
            ),
        )
    )
    return {"model_id": model_id}


def fit(store: Store, spec: FitSpec, *, step: Step = no_step) -> Recommender:
    """The model fitted in this process, with raw ids; nothing is stored. Raises what build and the model raise."""
    x = matrix_for(store, spec, step=step.part(0.0, 0.1))
    return make(spec.model).fit(x, seed=spec.seed, step=step.part(0.1, 1.0))


def list_models(store: Store) -> list[StoredModel]:
    """Every stored model, the newest first.

    Left out are those that this version of Limelight cannot read any more: a model or a parameter that is gone.
    """
    rows = store.rows(Query(f"{_SELECT} ORDER BY created_at DESC, model_id"))
    return [model for row in rows if (model := _readable(row, store.version))]


def get_model(store: Store, model_id: str) -> StoredModel:
    """One stored model. Raises Refusal `unknown_model_id`."""
    found = store.rows(Query(f"{_SELECT} WHERE model_id = ?", (model_id,)))
    if not found:
        raise _unknown(model_id)
    return _stored(found[0], store.version)


def load_model(store: Store, model_id: str, *, step: Step = no_step) -> Recommender:
    """A stored model, ready to be asked, with raw ids: it answers as it did when it was fitted, to the byte.

    Raises Refusal `unknown_model_id`, and `stale_model` where the data have changed since it was fitted.
    """
    stored = get_model(store, model_id)
    x = None if stored.stale else matrix_for(store, stored.fit, step=step.part(0.0, 0.6))
    if x is None or not _same(x, stored):  # the data may also change between the two looks
        day = f"{stored.created_at.day} {stored.created_at:%b %Y, %H:%M}"
        raise Refusal(
            "stale_model",
            f"The data have changed since this model was fitted on {day} UTC.",
            "Fit it again, on the data as they are now.",
        )
    arrays = read_arrays(store, model_id, step=step.part(0.6, 1.0))
    if not arrays and not store.rows(Query("SELECT 1 FROM models WHERE model_id = ?", (model_id,))):
        raise _unknown(model_id)  # deleted meanwhile
    arrays.pop(ITEM_IDS, None)
    return make(stored.fit.model).load(x, arrays)


def delete_model(store: Store, model_id: str) -> None:
    """Take a stored model away for good. Raises Refusal `unknown_model_id`."""
    with store.atomic(data=False) as writer:
        if not writer.run(Query("DELETE FROM models WHERE model_id = ?", (model_id,))):
            raise _unknown(model_id)
        writer.run(Query("DELETE FROM model_arrays WHERE model_id = ?", (model_id,)))
        # or the job that made it would be handed out in place of a new fit (JobSpec.reuse)
        writer.run(Query("UPDATE jobs SET key = '' WHERE json_extract_string(result, '$.model_id') = ?", (model_id,)))


_SELECT = "SELECT * FROM models"


def _readable(row: Mapping[str, Any], version: int) -> StoredModel | None:
    try:
        return _stored(row, version)
    except (Refusal, KeyError, TypeError):
        return None


def _stored(row: Mapping[str, Any], version: int) -> StoredModel:
    kept = {name: row[name] for name in ("model_id", "created_at", "version", "seconds_fit", "users", "items", "size")}
    return StoredModel(
        **kept,
        fit=FitSpec.from_json(json.loads(row["fit"])),
        stale=row["version"] != version,
        facts=json.loads(row["facts"]),
        until=row["until"],
        limelight=row["limelight"],
    )


def _same(x: Interactions, stored: StoredModel) -> bool:
    return (x.version, x.until, x.shape) == (stored.version, stored.until, (stored.users, stored.items))


def _unknown(model_id: str) -> Refusal:
    return Refusal(
        "unknown_model_id", f"There is no stored model {model_id!r}.", "It may have been deleted: fit it again."
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
