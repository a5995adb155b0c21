"""Fitting in a worker: the matrix comes as arrays, what was learnt goes out as files."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.interactions import Array, Interactions, from_bytes
from core.progress import Step
from core.recommend.registry import make, spec_from_json


def fit_task(params: dict[str, Any], arrays: Mapping[str, Array], folder: Path, step: Step) -> dict[str, Any]:
    """Fit `params["model"]` (FitSpec.as_json) on the matrix of `prepare_fit`; its arrays are `NAME.npy` in `folder`.

    The result holds all that `publish_fit` stores beside the arrays: fit, seconds_fit, users, items, version, until,
    facts.
    """
    x = Interactions.from_arrays(arrays)
    begin = time.perf_counter()
    model = make(spec_from_json(params["model"])).fit(x, seed=int(params["seed"]), step=step.part(0.0, 0.95))
    seconds = time.perf_counter() - begin
    step.report(0.95, "writing the model")
    model.save(folder)
    if "x_item_ids" in arrays:  # stored.ITEM_IDS
        np.save(folder / "x_item_ids.npy", arrays["x_item_ids"], allow_pickle=False)
    users, items = x.shape
    return {
        "fit": params,
        "seconds_fit": seconds,
        "users": users,
        "items": items,
        "version": x.version,
        "until": None if x.until is None else x.until.isoformat(),
        "facts": from_bytes(arrays["x_facts"]),
    }
