"""Runs: comparisons and checks of audiences, kept in the workspace with all it takes to repeat them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from core import __version__
from core.errors import Refusal
from core.evaluate.audience_codec import audience_from_json
from core.evaluate.audience_types import Audience
from core.evaluate.codec import comparison_from_json
from core.evaluate.newcomers_types import Newcomers, newcomers_from_json
from core.evaluate.ratings_types import RatingsComparison, ratings_from_json
from core.evaluate.types import BEYOND, METRICS, Comparison
from core.interactions import Array
from core.store import Query, Store, Writer, ident

Kind = Literal["compare", "audience", "newcomers", "ratings"]
Answer = Comparison | Audience | Newcomers | RatingsComparison

_READERS: Mapping[str, Callable[[Mapping[str, Any]], Answer]] = {
    "compare": comparison_from_json,
    "audience": audience_from_json,
    "newcomers": newcomers_from_json,
    "ratings": ratings_from_json,
}

_KEPT = frozenset(BEYOND) - {"category_diversity"}  # of BEYOND, what run_users has a column for


@dataclass(frozen=True)
class Run:
    """A stored run: all it takes to repeat it, and its answer.

    Attributes:
        run_id: its name in the workspace.
        kind: what was asked.
        created_at: UTC.
        version: the data's version then; `stale` where the data have changed since.
        limelight: the program's version.
        answer: Comparison, Audience, Newcomers or RatingsComparison; its `spec` is the question.
    """

    run_id: str
    kind: Kind
    created_at: datetime
    version: int
    stale: bool
    limelight: str
    answer: Answer


def save_run(
    writer: Writer,
    kind: Kind,
    answer: Mapping[str, Any],
    *,
    users: Array | None = None,
    metrics: Mapping[str, Array] | None = None,
    beyond: Mapping[str, Array] | None = None,
    version: int | None = None,
) -> str:
    """Store an answer (comparison_to_json, audience_to_json) with its question, `answer["spec"]`; the run's id.

    `users` are user_no of those who were judged, `metrics` for each label float (users, len(METRICS)), columns in the
    order of METRICS; `beyond` likewise of BEYOND, NaN where a figure cannot be said. `version` is that of the data that
    were looked at; without it `answer["facts"]["version"]`, else the data as they are now.
    """
    run_id = secrets.token_hex(6)
    if version is None:
        version = int(answer["facts"].get("version", writer.store.version))
    texts = (json.dumps(answer["spec"], allow_nan=False), json.dumps(answer, allow_nan=False))
    writer.run(
        Query(
            "INSERT INTO runs (run_id, kind, spec, answer, version, limelight, created_at)"
            " VALUES (?, ?, ?::JSON, ?::JSON, ?, ?, ?)",
            (run_id, kind, *texts, version, __version__, datetime.now(UTC).replace(tzinfo=None)),
        )
    )
    for label, measured in (metrics or {}).items():
        if users is None or measured.shape != (len(users), len(METRICS)):
            raise ValueError(f"the metrics of {label!r} do not fit the users and METRICS")
        columns = {name: pa.array(np.asarray(measured[:, n], np.float32)) for n, name in enumerate(METRICS)}
        for n, name in enumerate(BEYOND):
            if name in _KEPT and label in (beyond or {}):
                told = np.asarray((beyond or {})[label][:, n], np.float32)
                columns[name] = pa.array(told, from_pandas=True)  # NaN is NULL
        with writer.table("incoming_users", pa.table({"user_no": np.asarray(users, np.int32), **columns})):
            writer.run(
                Query(
                    "INSERT INTO run_users BY NAME SELECT ? AS run_id, ? AS label, * FROM incoming_users",
                    (run_id, label),
                )
            )
    return run_id


def save_chosen(writer: Writer, run_id: str, ways: Sequence[str], arrays: Mapping[str, Array]) -> None:
    """Store whom each of the `ways` chose: the arrays chosen_way, chosen_target, chosen_user, chosen_took."""
    rows = pa.table(
        {
            "way": pa.array(list(ways), pa.string()).take(pa.array(arrays["chosen_way"])),
            "target": np.asarray(arrays["chosen_target"]),
            "user_no": np.asarray(arrays["chosen_user"]),
            "took": pa.array(np.asarray(arrays["chosen_took"])),
        }
    )
    with writer.table("incoming_chosen", rows):
        writer.run(Query("INSERT INTO run_chosen BY NAME SELECT ? AS run_id, * FROM incoming_chosen", (run_id,)))


def run_chosen(run_id: str, way: str, target: int, took: bool | None = None) -> Query:
    """Query of user_no: whom this way chose for a target (its place); only those who took it, or did not, if said."""
    chosen = Query("SELECT user_no FROM run_chosen WHERE run_id = ? AND way = ? AND target = ?", (run_id, way, target))
    return chosen if took is None else chosen + Query(" AND took = ?", (took,))


def list_runs(store: Store, kind: Kind | None = None) -> list[Run]:
    """The stored runs (of one kind), the newest first.

    Left out are those that this version of Limelight cannot read any more: a model or a parameter that is gone.
    """
    those = Query(" WHERE kind = ?", (kind,)) if kind else Query("")
    found = store.rows(Query("SELECT * FROM runs") + those + " ORDER BY created_at DESC, run_id")
    return [run for row in found if (run := _readable(row, store.version))]


def get_run(store: Store, run_id: str) -> Run:
    """One stored run. Raises Refusal `unknown_run_id`."""
    found = store.rows(Query("SELECT * FROM runs WHERE run_id = ?", (run_id,)))
    if not found:
        raise _unknown(run_id)
    return _run(found[0], store.version)


def delete_run(store: Store, run_id: str) -> None:
    """Take a run away for good. Raises Refusal `unknown_run_id`."""
    with store.atomic(data=False) as writer:
        if not writer.run(Query("DELETE FROM runs WHERE run_id = ?", (run_id,))):
            raise _unknown(run_id)
        writer.run(Query("DELETE FROM run_users WHERE run_id = ?", (run_id,)))
        writer.run(Query("DELETE FROM run_chosen WHERE run_id = ?", (run_id,)))
        # or the job that made it would be handed out in place of a new run (JobSpec.reuse)
        writer.run(Query("UPDATE jobs SET key = '' WHERE json_extract_string(result, '$.run_id') = ?", (run_id,)))


def run_users(run_id: str, label: str, hit: bool) -> Query:
    """Query of user_no: judged users for whom this model's list held a right item (`hit`), or held none."""
    return Query(
        f"SELECT user_no FROM run_users WHERE run_id = ? AND label = ? AND {ident('hit_rate')} {'>' if hit else '='} 0",
        (run_id, label),
    )


def _readable(row: Mapping[str, Any], version: int) -> Run | None:
    try:
        return _run(row, version)
    except (Refusal, KeyError, TypeError):
        return None


def _run(row: Mapping[str, Any], version: int) -> Run:
    return Run(
        run_id=row["run_id"],
        kind=row["kind"],
        created_at=row["created_at"],
        version=row["version"],
        stale=row["version"] != version,
        limelight=row["limelight"],
        answer=_READERS[row["kind"]](json.loads(row["answer"])),
    )


def _unknown(run_id: str) -> Refusal:
    return Refusal("unknown_run_id", f"There is no stored run {run_id!r}.", "It may have been deleted: run it again.")
