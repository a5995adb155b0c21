"""Who comes back: cohorts by day, week and month, and how long users stay (Kaplan-Meier)."""

from core.retention.cohort_users import retention_rule, retention_users
from core.retention.cohorts import ALL, KEY_PERIODS, KeyFigure, Retention, retention
from core.retention.definitions import RETENTION_WORDS
from core.retention.kaplan import Curve, kaplan_meier, log_rank
from core.retention.pauses import usual_silence
from core.retention.question import BRACKETS, PERIODS, Clock, Kind, Retain, read_brackets, say_bracket
from core.retention.survival import Compared, Ends, Side, Survival, Survive, survival, survival_users
from core.retention.ways import OTHERS, UNKNOWN, named_way, ways

__all__ = [
    "ALL",
    "BRACKETS",
    "KEY_PERIODS",
    "OTHERS",
    "PERIODS",
    "RETENTION_WORDS",
    "UNKNOWN",
    "Clock",
    "Compared",
    "Curve",
    "Ends",
    "KeyFigure",
    "Kind",
    "Retain",
    "Retention",
    "Side",
    "Survival",
    "Survive",
    "kaplan_meier",
    "log_rank",
    "named_way",
    "read_brackets",
    "retention",
    "retention_rule",
    "retention_users",
    "say_bracket",
    "survival",
    "survival_users",
    "usual_silence",
    "ways",
]
