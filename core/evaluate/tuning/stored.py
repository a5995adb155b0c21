"""Studies, kept in the workspace with all it takes to go on with them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core import __version__
from core.errors import Refusal
from core.evaluate.tuning.codec import study_from_json
from core.evaluate.tuning.types import Study
from core.store import Query, Store, Writer


@dataclass(frozen=True)
class StoredStudy:
    """A study as it stands in the workspace.

    Attributes:
        study_id: its name in the workspace.
        created_at, updated_at: UTC; the second is later where it has been gone on with.
        version: the data's version that it looked at; `stale` where the data have changed since.
        limelight: the program's version when it was last stored.
        study: question and answer.
    """

    study_id: str
    created_at: datetime
    updated_at: datetime
    version: int
    stale: bool
    limelight: str
    study: Study


def save_study(writer: Writer, answer: Mapping[str, Any], study_id: str | None = None) -> str:
    """Store an answer (study_to_json), in the place of the study `study_id` where it goes on with that; its id.

    A study that has been deleted meanwhile is stored anew, under the same id.
    """
    told = {name: value for name, value in answer.items() if name != "study_id"}
    version, now = int(told["facts"]["version"]), datetime.now(UTC).replace(tzinfo=None)
    texts = (json.dumps(told["spec"], allow_nan=False), json.dumps(told, allow_nan=False))
    if study_id is not None and writer.run(
        Query(
            "UPDATE studies SET spec = ?::JSON, answer = ?::JSON, version = ?, limelight = ?, updated_at = ?"
            " WHERE study_id = ?",
            (*texts, version, __version__, now, study_id),
        )
    ):
        return study_id
    study_id = study_id or secrets.token_hex(6)
    writer.run(
        Query(
            "INSERT INTO studies (study_id, spec, answer, version, limelight, created_at, updated_at)"
            " VALUES (?, ?::JSON, ?::JSON, ?, ?, ?, ?)",
            (study_id, *texts, version, __version__, now, now),
        )
    )
    return study_id


def list_studies(store: Store) -> list[StoredStudy]:
    """The stored studies, the one last gone on with first.

    Left out are those that this version of Limelight cannot read any more: a model or a parameter that is gone.
    """
    rows = store.rows(Query("SELECT * FROM studies ORDER BY updated_at DESC, study_id"))
    return [found for row in rows if (found := _readable(row, store.version))]


def get_study(store: Store, study_id: str) -> StoredStudy:
    """One stored study. Raises Refusal `unknown_study_id`, `old_study` where it cannot be read any more."""
    rows = store.rows(Query("SELECT * FROM studies WHERE study_id = ?", (study_id,)))
    if not rows:
        raise _unknown(study_id)
    found = _readable(rows[0], store.version)
    if found is None:
        raise Refusal(
            "old_study",
            "This study was made by another version of Limelight: a model or a setting in it is not known here.",
            "Start a new study.",
        )
    return found


def delete_study(store: Store, study_id: str) -> None:
    """Take a study away for good. Raises Refusal `unknown_study_id`."""
    with store.atomic(data=False) as writer:
        if not writer.run(Query("DELETE FROM studies WHERE study_id = ?", (study_id,))):
            raise _unknown(study_id)
        # or the job that made it would be handed out in place of a new study (JobSpec.reuse)
        writer.run(Query("UPDATE jobs SET key = '' WHERE json_extract_string(result, '$.study_id') = ?", (study_id,)))


def _readable(row: Mapping[str, Any], version: int) -> StoredStudy | None:
    try:
        kept = {name: row[name] for name in ("study_id", "created_at", "updated_at", "version", "limelight")}
        return StoredStudy(**kept, stale=row["version"] != version, study=study_from_json(json.loads(row["answer"])))
    except (Refusal, KeyError, TypeError, ValueError):
        return None


def _unknown(study_id: str) -> Refusal:
    return Refusal("unknown_study_id", f"There is no stored study {study_id!r}.", "It may have been deleted.")
