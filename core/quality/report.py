"""The report: what is wrong with the data, the worst first, and what each of it changes.

It is worked out on demand, as a job or from the command line, and the latest is kept in the workspace, so that pages
show it at once. It belongs to one version of the data: when they change, it is stale.
"""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import Refusal
from core.progress import Cancelled, Step, no_step
from core.quality import (
    alike,
    amounts,
    bots,
    cancellation,
    codes,
    complete,
    constant,
    drift,
    forest,
    from_files,
    ids,
    once,
    outliers,
    pairs,
    resellers,
    unique,
    valid,
    volume,
)
from core.quality.ask import ask
from core.quality.effect import with_effects
from core.quality.known import known_figures
from core.quality.report_codec import figures_to_json, finding_from_json, finding_to_json, plain
from core.quality.types import Asked, Figures, Finding, Level
from core.store import Query, Store, Writer

log = logging.getLogger("limelight.quality")

Detect = Callable[[Asked], list[Finding]]

DETECTORS: tuple[Detect, ...] = (
    complete.detect,
    valid.detect,
    amounts.detect,
    cancellation.detect,
    unique.detect,
    from_files.detect,
    constant.detect,
    volume.detect,
    drift.detect,
    bots.detect,
    resellers.detect,
    ids.detect,
    codes.detect,
    alike.detect,
    once.detect,
    pairs.detect,
    outliers.detect,
    forest.detect,
)
"""Everything that looks for something, in the order in which it runs."""

WORDS = {
    "complete": "Looking for missing values",
    "valid": "Looking for values that cannot be",
    "unique": "Looking for rows that are there twice",
    "constant": "Looking for columns that say nothing",
    "volume": "Looking at the events per day",
    "drift": "Comparing the loads",
    "bots": "Looking for users that look like bots",
    "resellers": "Looking for users that look like resellers",
    "ids": "Looking for ids of tests",
    "codes": "Looking for ids that are no products",
    "alike": "Looking for ids that are nearly the same",
    "once": "Counting users and items seen once",
    "outliers": "Looking for prices and quantities far from the usual",
    "forest": "Looking for rows that are unlike all others",
    "pairs": "Pairing orders with their cancellations",
    "amounts": "Looking for prices and quantities that cannot be",
    "cancellation": "Looking for orders that are cancellations",
    "from_files": "Looking at what the loads saw in their files",
}
"""Module of a detector -> what it does, for the progress."""

_LEVELS: dict[Level, int] = {"serious": 0, "look": 1, "note": 2}
_DETECTING, _FIGURES = 0.7, 0.75  # shares of the time


@dataclass(frozen=True)
class Report:
    """What was found in one version of the data.

    Attributes:
        version: of the data (Store.version); the report is stale where the store's is another.
        end: just after the last event that counts (UTC); None without times.
        made_at: UTC.
        figures: the key figures as the data are, all rows included (repairs that count are applied).
        findings: serious first, then by the money that goes without the rows, then by share.
        seconds: that it took.
    """

    version: int
    end: datetime | None
    made_at: datetime
    figures: Figures
    findings: tuple[Finding, ...]
    seconds: float

    def count(self, level: Level) -> int:
        """How many findings are of that level."""
        return sum(finding.level == level for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The attributes, as JSON; keys of a finding as in core.quality.report_codec."""
        return {
            "version": self.version,
            "end": plain(self.end),
            "made_at": plain(self.made_at),
            "seconds": self.seconds,
            "figures": figures_to_json(self.figures),
            "findings": [finding_to_json(finding) for finding in self.findings],
        }

    @staticmethod
    def from_json(told: Mapping[str, Any]) -> Report:
        """The report that `to_json` wrote."""
        return Report(
            version=told["version"],
            end=None if told["end"] is None else datetime.fromisoformat(told["end"]),
            made_at=datetime.fromisoformat(told["made_at"]),
            figures=Figures(**told["figures"]),
            findings=tuple(finding_from_json(finding) for finding in told["findings"]),
            seconds=told["seconds"],
        )


def report(
    store: Store, *, step: Step = no_step, effects: bool = True, detectors: Sequence[Detect] | None = None
) -> Report:
    """Look for everything, and (with `effects`) work out what the rows of each finding change.

    A detector that fails does not take the others with it: a finding `not_checked` says which, and why. Where others
    change the data meanwhile the report may mix old and new; its version is the old one then, so that it is stale.
    Raises Cancelled.
    """
    began, version = time.monotonic(), store.version
    with store.scratch() as scratch:
        asked = ask(scratch, store.as_of())
        found = _detected(asked, step.part(0.0, _DETECTING), DETECTORS if detectors is None else detectors)
        step.report(_DETECTING, "Working out the key figures")
        asked.step = step
        now = known_figures(asked)
        if effects:
            asked.step = step.part(_FIGURES, 1.0)
            found = with_effects(asked, found, now=now)
    step.report(1.0, "Done")
    # as JSON has it: what is kept and read again is equal to what was made
    told = [
        replace(f, title=f"{f.title.rstrip('.')}.", examples=tuple(plain(f.examples)), facts=plain(f.facts))
        for f in found
    ]
    ordered = tuple(sorted(told, key=rank))
    made_at = datetime.now(UTC).replace(tzinfo=None)
    return Report(version, asked.end, made_at, now, ordered, round(time.monotonic() - began, 3))


def rank(finding: Finding) -> tuple[float, ...]:
    """What findings are sorted by: level, then money that goes without the rows, then share; higher ones first."""
    effect = finding.effect
    money = 0.0
    if effect is not None:
        before, after = effect.with_, effect.without
        money = abs(before.gross - after.gross) + abs(before.returned - after.returned)
    return (_LEVELS[finding.level], -money, -(finding.share or 0.0))


def headline(report: Report) -> str:
    """One sentence for the place where data were loaded.

    >>> headline(Report(1, None, datetime(2026, 1, 1), Figures(0, 0, 0, 0, 0, 0.0, 0.0, 0.0), (), 0.1))
    'Nothing was found that needs a look.'
    """
    serious, look = report.count("serious"), report.count("look")
    parts = [f"{serious:,} serious"] if serious else []
    parts += [f"{look:,} to look at"] if look else []
    if not parts:
        return "Nothing was found that needs a look."
    first = report.findings[0].title
    return f"{' and '.join(parts)}. {'The first' if serious + look > 1 else 'It is'}: {first}"


# ---- kept in the workspace


def keep_report(writer: Writer, report: Report) -> None:
    """Keep it as the workspace's latest; inside `Store.atomic(data=False)`."""
    writer.run("DELETE FROM quality_reports")
    text = json.dumps(report.to_json(), ensure_ascii=False, allow_nan=False)
    writer.run(Query("INSERT INTO quality_reports VALUES (?, ?::JSON, ?)", (report.version, text, report.made_at)))


def last_report(store: Store) -> Report | None:
    """The latest report that was kept; stale where its `version` is not the store's. None if none can be read."""
    rows = store.rows(Query("SELECT answer FROM quality_reports ORDER BY created_at DESC LIMIT 1"))
    try:
        return Report.from_json(json.loads(str(rows[0]["answer"]))) if rows else None
    except (Refusal, LookupError, TypeError, ValueError):  # kept by another version of Limelight
        return None


def quality_job(writer: Writer, step: Step) -> dict[str, Any]:
    """Make the report and keep it: work for the runner's SQL lane (core.jobs), or inside `Store.atomic(data=False)`.

    While it runs nobody else can change the data, so that all of the report is about one version. The answer has no
    rows and no ids: version, seconds, how many findings of each level, headline.
    """
    made = report(writer.store, step=step)
    keep_report(writer, made)
    counts: dict[str, int] = {level: made.count(level) for level in _LEVELS}
    return {"version": made.version, "seconds": made.seconds, **counts, "headline": headline(made)}


# ---- the detectors


def _detected(asked: Asked, step: Step, detectors: Sequence[Detect]) -> list[Finding]:
    found: list[Finding] = []
    for n, detect in enumerate(detectors):
        name = detect.__module__.rpartition(".")[2]
        words = WORDS.get(name, f"Checking: {name}")
        asked.step = step.part(n / len(detectors), (n + 1) / len(detectors))
        asked.step.report(0.0, words)
        try:
            found += detect(asked)
        except Cancelled:
            raise
        except Exception as error:  # noqa: BLE001  # one detector's defect must not take the report with it
            found.append(_not_checked(words, error))
    return found


def _not_checked(words: str, error: Exception) -> Finding:
    """Says what was not looked at. An exception's message may hold a customer's id: it is neither shown nor logged."""
    if isinstance(error, Refusal):
        reason = error.message
    else:
        frames = traceback.extract_tb(error.__traceback__)
        log.error("%s: %s at %s", words, type(error).__name__, " < ".join(_at(f) for f in reversed(frames)))
        ours = [f for f in frames if "core" in Path(f.filename).parts]  # not the library that it called
        at = _at((ours or frames)[-1])
        reason = f"Limelight made a mistake of its own ({type(error).__name__} at {at}); please report it."
    return Finding(
        code="not_checked",
        level="look",
        title=f"Not checked: {words[:1].lower()}{words[1:]}.",
        meaning=reason,
        scope="rows",
        count=0,
        of=0,
        facts={"reason": reason},
    )


def _at(frame: traceback.FrameSummary) -> str:
    return f"{Path(frame.filename).name}:{frame.lineno}"
