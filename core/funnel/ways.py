"""The ways of a funnel, worked out once for each question and version of the data."""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from core.behaviour import NO_TIMES, Window
from core.funnel.question import FunnelSpec
from core.funnel.rows import read_rows
from core.funnel.walk import Ways, walk
from core.progress import Step, no_step
from core.segments import ANY_EVENT, Schema, read_schema, saved_segments
from core.store import Query, Store

_KEPT = 4  # questions for each workspace: the figures of one page are about one or two
_kept: WeakKeyDictionary[Store, OrderedDict[tuple[object, ...], Ways]] = WeakKeyDictionary()
_lock = threading.Lock()


def ways(store: Store, spec: FunnelSpec, window: Window, step: Step = no_step) -> Ways:
    """The ways of everyone (or every visit) in a resolved window. Raises BadRule, Refusal `bad_funnel`, `bad_steps`."""
    key = (store.version, spec, window)
    with _lock:
        held = _kept.setdefault(store, OrderedDict())
        if key in held:
            held.move_to_end(key)
            return held[key]
    made = walk(read_rows(store, spec, read_schema(store), window, step), spec)
    with _lock:
        held[key] = made
        while len(held) > _KEPT:
            held.popitem(last=False)
    return made


def forget(store: Store) -> None:
    """Work the ways of this workspace out anew when they are asked for next."""
    with _lock:
        _kept.pop(store, None)


def not_held(store: Store, spec: FunnelSpec) -> str | None:
    """Which of the steps' events the data lack, in a sentence; None where they have all."""
    words = read_schema(store).words
    missing = [name for name in dict.fromkeys(step.event for step in spec.steps) if name not in (*words, ANY_EVENT)]
    if not missing:
        return None
    return (
        f"These data hold no event {' and no '.join(missing)}; they hold: {', '.join(words) or 'none'}. Choose steps"
        " among these (the same may stand twice), or load a file that has the others."
    )


def no_order(spec: FunnelSpec, window: Window) -> str | None:
    """Why a funnel cannot be asked of data without times; None where it can."""
    if window.end is not None or (spec.order == "any" and spec.within is None and spec.held != "visit"):
        return None
    return NO_TIMES + " Without times, look at the steps in any order, without a time limit."


def schema_with_segments(store: Store) -> Schema:
    """What rules may name, saved segments included."""
    return read_schema(store, saved=saved_segments(store))


def these(users: npt.NDArray[np.int64]) -> Query:
    """A query that yields these users (`user_no`), each once, rising: they travel as bits, 67 kB for 400,000 users."""
    if not len(users):
        return Query("SELECT 0::INTEGER AS user_no WHERE FALSE")
    bits = np.zeros(int(users.max()) + 1, dtype=np.bool_)
    bits[users] = True
    text = base64.b64encode(np.packbits(bits).tobytes()).decode()
    return Query(
        "WITH held AS MATERIALIZED (SELECT from_base64(?)::BIT AS bits)"
        " SELECT range::INTEGER AS user_no FROM range(?), held WHERE get_bit(bits, range::INTEGER) = 1",
        (text, len(bits)),
    )
