"""What is wrong with the data, what that does to the figures, and repairs as rules over the rows that were loaded."""

from core.quality.behind import count_behind, rows_behind, stream_rows_csv, users_behind
from core.quality.effect import Skipped, effects
from core.quality.figures import figures
from core.quality.report import Report, headline, keep_report, last_report, quality_job, report
from core.quality.report_codec import finding_from_json, finding_to_json
from core.quality.types import (
    KEY,
    Action,
    Asked,
    Cap,
    Effect,
    Exclude,
    Figures,
    Fill,
    FillMethod,
    Finding,
    Kind,
    Level,
    Merge,
    Param,
    Reader,
    Repair,
    Returns,
    Scope,
    Selection,
)
from core.quality.volume import Daily, Measure, daily

__all__ = [
    "KEY",
    "Action",
    "Asked",
    "Cap",
    "Daily",
    "Effect",
    "Exclude",
    "Figures",
    "Fill",
    "FillMethod",
    "Finding",
    "Kind",
    "Level",
    "Measure",
    "Merge",
    "Param",
    "Reader",
    "Repair",
    "Report",
    "Returns",
    "Scope",
    "Selection",
    "Skipped",
    "count_behind",
    "daily",
    "effects",
    "figures",
    "finding_from_json",
    "finding_to_json",
    "headline",
    "keep_report",
    "last_report",
    "quality_job",
    "report",
    "rows_behind",
    "stream_rows_csv",
    "users_behind",
]
