"""Look-alikes as JSON, without their rows, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.segments.likeness.types import CurvePoint, HeldOut, Lookalikes, LookalikeSpec, Trait

_PLAIN = ("seed_users", "seed_known", "candidates", "left_out", "seconds", "version")


def lookalikes_to_json(found: Lookalikes) -> dict[str, Any]:
    """The answer as plain JSON; the rows are left out."""
    return {
        "spec": found.spec.as_json(),
        **{name: getattr(found, name) for name in _PLAIN},
        "curve": [[p.size, p.closeness] for p in found.curve],
        "checks": [{**asdict(c), "curve": [list(point) for point in c.curve]} for c in found.checks],
        "traits": [asdict(t) for t in found.traits],
        "notes": list(found.notes),
    }


def lookalikes_from_json(raw: Mapping[str, Any], rows: Any = None) -> Lookalikes:
    """What `lookalikes_to_json` wrote, with these rows."""
    return Lookalikes(
        spec=LookalikeSpec.from_json(raw["spec"]),
        **{name: raw[name] for name in _PLAIN},
        curve=tuple(CurvePoint(int(size), float(close)) for size, close in raw["curve"]),
        checks=tuple(
            HeldOut(**{**check, "curve": tuple((int(n), float(share)) for n, share in check["curve"])})
            for check in raw["checks"]
        ),
        traits=tuple(Trait(**trait) for trait in raw["traits"]),
        notes=tuple(raw["notes"]),
        rows=rows,
    )
