"""What a stored model lists more than users take, worked out beside the page: lists of many users in a worker."""

from __future__ import annotations

import base64
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from core.errors import Refusal
from core.evaluate.audience_data import category_column, item_categories, item_numbers
from core.evaluate.board import Overlisted, overlisted_of
from core.evaluate.compare import Finished
from core.interactions import Array, IdMap, Interactions, as_bytes, from_bytes
from core.progress import Step, no_step
from core.recommend import get_model, load_model, make, spec_from_json
from core.store import Query, Store, Writer

OVERLISTED_TASK = "core.evaluate.overlisted_task:overlisted_task"
MOST_USERS = 10_000
"""Lists are made for so many users at most, drawn by the seed: shares of places hardly change with more."""


@dataclass(frozen=True)
class OverlistedSpec:
    """The question: which stored model, lists of how many items (1 to 100), how many users at most, drawn how.

    Raises Refusal `bad_k`, `bad_users`.
    """

    model_id: str
    k: int = 10
    most_users: int = MOST_USERS
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.k <= 100:
            raise Refusal("bad_k", f"Lists of {self.k} items cannot be made.", "Ask for 1 to 100.")
        if self.most_users < 1:
            raise Refusal("bad_users", f"Lists of {self.most_users} users say nothing.", "Ask for 1 or more.")

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"model_id": self.model_id, "k": self.k, "most_users": self.most_users, "seed": self.seed}


def prepare_overlisted(store: Store, spec: OverlistedSpec, step: Step = no_step) -> dict[str, Array]:
    """What the task takes: the matrix and what the model learnt. Raises what load_model raises."""
    model = load_model(store, spec.model_id, step=step)
    told = {**spec.as_json(), "model": get_model(store, spec.model_id).fit.model.as_json()}
    with tempfile.TemporaryDirectory(prefix="limelight-") as folder:
        model.save(Path(folder))
        learnt = {f"learnt_{path.stem}": np.load(path, allow_pickle=False) for path in Path(folder).glob("*.npy")}
    return {**model.x.to_arrays(), **learnt, "told": as_bytes(told)}


def overlisted_task(
    params: dict[str, Any], arrays: Mapping[str, Array], folder: Path, step: Step = no_step
) -> dict[str, Any]:
    """The lists, packed: for `read_overlisted` and `overlisted_users`. `params` are not looked at, see `told`."""
    x, told = Interactions.from_arrays(arrays), from_bytes(arrays["told"])
    learnt = {name.removeprefix("learnt_"): array for name, array in arrays.items() if name.startswith("learnt_")}
    model = make(spec_from_json(told["model"])).load(x, learnt)
    rows = np.flatnonzero(np.diff(x.matrix.indptr) > 0)
    known, most = len(rows), int(told["most_users"])
    if known > most:
        rows = np.sort(np.random.default_rng(int(told["seed"])).choice(rows, most, replace=False))
    lists = model.recommend(rows, int(told["k"]), step=step.part(0.05, 0.95)).items
    taken = np.bincount(x.matrix[rows].indices, minlength=x.shape[1])
    return {
        **{name: told[name] for name in ("model_id", "k", "model")},
        "users_known": known,
        "users": packed(x.users.numbers[rows]),
        "items": packed(x.items.numbers),
        "taken": packed(taken),
        "lists": packed(lists),
    }


def publish_overlisted(writer: Writer, outcome: Finished) -> dict[str, Any]:
    """The lists, kept as the job's own result; they name users and items by number alone."""
    return dict(outcome.result)


def read_overlisted(store: Store, told: Mapping[str, Any], *, most: int = 20, least: int = 5) -> Overlisted:
    """What the task found, with names: at most `most` of each kind that `least` lists or more hold."""
    items, lists, taken = unpacked(told["items"]), unpacked(told["lists"]), unpacked(told["taken"])
    listed = np.bincount(lists[lists >= 0], minlength=len(items))
    return overlisted_of(store, IdMap(items), listed, taken, int(told["k"]), len(unpacked(told["users"])), most, least)


def overlisted_users(store: Store, told: Mapping[str, Any], of: Literal["item", "category"], name: str) -> Query:
    """Query of user_no: users, of those that were looked at, whose list holds this item (raw id), or one of this
    category.
    """
    items, k = unpacked(told["items"]), int(told["k"])
    if of == "item":
        wanted = item_numbers(store, [name])
    else:
        column = category_column(store, None)
        assert column is not None
        numbers, codes, called = item_categories(store, column[1])
        wanted = numbers[codes == called.index(name)] if name in called else numbers[:0]
    lists = unpacked(told["lists"]).reshape(-1, k)
    held = np.isin(items, wanted)
    hit = ((lists >= 0) & held[np.maximum(lists, 0)]).any(axis=1) if len(items) else np.zeros(0, dtype=bool)
    numbers = unpacked(told["users"])[hit].tolist()
    return Query("SELECT unnest(?::INTEGER[]) AS user_no", (f"[{','.join(map(str, numbers))}]",))


def packed(values: Array) -> str:
    """Whole numbers of 32 bits as text."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(values, dtype="<i4").tobytes())).decode("ascii")


def unpacked(text: str) -> Array:
    """What `packed` wrote, in one dimension.

    >>> unpacked(packed(np.array([3, -1])))
    array([ 3, -1], dtype=int32)
    """
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="<i4").astype(np.int32)
