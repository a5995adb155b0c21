"""Where users' attention goes, how it is divided, what it turns into, and how it fades."""

from core.attention.concentration import Concentrated, Concentration, concentration, concentration_users, measured
from core.attention.outcome import (
    MARGIN,
    NO_VIEWS,
    VERDICTS,
    Outcome,
    OutcomeSpec,
    Verdict,
    outcome,
    outcome_users,
)
from core.attention.outcome_ask import Attention, Who, attention_there
from core.attention.share import MOST_TOP, Share, ShareSpec, share, share_users
from core.attention.share_areas import (
    COUNT_DEFINITIONS,
    COUNT_WORDS,
    COUNTS,
    ITEM,
    NOT_GIVEN,
    OTHERS,
    Area,
    Counts,
    area_named,
    areas,
    counts_there,
    default_counts,
)
from core.attention.shrink import Shrunk, shrink, usual_rate

__all__ = [
    "COUNTS",
    "COUNT_DEFINITIONS",
    "COUNT_WORDS",
    "ITEM",
    "MARGIN",
    "MOST_TOP",
    "NOT_GIVEN",
    "NO_VIEWS",
    "OTHERS",
    "VERDICTS",
    "Area",
    "Attention",
    "Concentrated",
    "Concentration",
    "Counts",
    "Outcome",
    "OutcomeSpec",
    "Share",
    "ShareSpec",
    "Shrunk",
    "Verdict",
    "Who",
    "area_named",
    "areas",
    "attention_there",
    "concentration",
    "concentration_users",
    "counts_there",
    "default_counts",
    "measured",
    "outcome",
    "outcome_users",
    "share",
    "share_users",
    "shrink",
    "usual_rate",
]
