"""What makes a target list repeatable: all that went into it, and the sums of what came out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from core import __version__
from core.campaigns.files import Written, opened
from core.campaigns.types import TargetList
from core.quality.repairs import listed
from core.segments import describe, read_schema, saved_segments
from core.store import Store
from core.store.digest import content_digest

_PASSING = ("seconds_fit", "seconds_score", "seconds", "version", "model_id", "run_id", "created_at")


def manifest(
    store: Store,
    target: TargetList,
    files: Mapping[str, Written],
    *,
    backtest: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """All that the list was made from, as plain JSON; it holds no time of making, no path and no user's id.

    Keys: limelight, digest (of the data), as_of, campaign, segment (name, rule, words; None), model, matrix, seed,
    stages [{stage, in, out, words}], counts, notes, facts, files {name: {rows, bytes, sha256}}, backtest (None where
    there is none), and repairs (core.quality.listed; absent where none counts). `files` by what they are
    ("contacted", "control").
    """
    campaign = target.campaign
    told = campaign.as_json()
    facts = dict(target.facts)
    digest = facts.pop("digest", None) or content_digest(store)
    segment = None
    if campaign.segment is not None:
        chosen = campaign.segment.made_from
        schema = read_schema(store, saved=saved_segments(store))  # clusters are called by their names
        words = describe(campaign.segment.rule, schema) if chosen is None else f"as frozen: {describe(chosen, schema)}"
        segment = {**told["segment"], "words": words}
    return {
        "limelight": __version__,
        "digest": digest,
        "as_of": _plain(facts.pop("as_of", None)),
        "campaign": _plain(told),
        "segment": _plain(segment),
        "model": told["model"],
        "matrix": _plain(told["matrix"]),
        "seed": campaign.seed,
        "stages": [
            {"stage": stage.stage, "in": int(stage.before), "out": int(stage.after), "words": stage.words}
            for stage in target.stages
        ],
        "counts": {
            "contacted": len(target.contacted),
            "control": len(target.control),
            "asked_size": campaign.size,
            "asked_share": campaign.share,
        },
        "notes": list(target.notes),
        "facts": _lasting(_plain(facts)),
        "files": {
            name: {"rows": file.rows, "bytes": file.bytes, "sha256": file.sha256}
            for name, file in sorted(files.items())
        },
        "backtest": _lasting(_plain(backtest)),
    } | ({"repairs": _plain(repaired)} if (repaired := listed(store, ids=False)) else {})


def manifest_bytes(told: Mapping[str, Any]) -> bytes:
    """The manifest as canonical JSON in UTF-8: keys sorted, the same text for the same content, a line feed at the end.

    >>> manifest_bytes({"b": 0.1, "a": ["é"]}).decode()
    '{\\n "a": [\\n  "é"\\n ],\\n "b": 0.1\\n}\\n'
    """
    text = json.dumps(
        _plain(told), sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1, separators=(",", ": ")
    )
    return (text + "\n").encode("utf-8", "replace")


def write_manifest(told: Mapping[str, Any], path: Path) -> Written:
    """Write the manifest; the file appears only when whole. Raises Refusal `cannot_write`."""
    with opened(path) as out:
        out.write(manifest_bytes(told))
    return Written(path, 0, out.digest.hexdigest(), out.length)


def _plain(value: Any) -> Any:
    """Plain JSON: moments as ISO text, figures that are none as null, of a path its last name."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, datetime | Path):
        return value.isoformat() if isinstance(value, datetime) else value.name
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str):
        return [_plain(inner) for inner in (sorted(value) if isinstance(value, set | frozenset) else value)]
    return value


def _lasting(value: Any) -> Any:
    """Plain JSON without what differs from run to run: durations, numbers of versions and runs."""
    if isinstance(value, dict):
        return {key: _lasting(inner) for key, inner in value.items() if key not in _PASSING}
    return [_lasting(inner) for inner in value] if isinstance(value, list) else value
