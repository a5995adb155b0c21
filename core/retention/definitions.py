"""What the figures of retention mean, in the words that pages, hovers and the command line use."""

from __future__ import annotations

RETENTION_WORDS: dict[str, str] = {
    "n-day": "Came back in that very period after the start, as a share of the users who could be seen so long.",
    "unbounded": (
        "Came back in that period or in any later one, up to the end of the data: later cohorts have had less time for"
        " it than earlier ones."
    ),
    "bracket": "Came back in at least one of the range's periods, its first and last included.",
    "calendar": (
        "Period N is the N-th calendar day, week (from Monday) or month (UTC) after the one that holds the user's"
        " start, so a user who starts late on a day has day 1 soon."
    ),
    "own": (
        "Period N is the N-th stretch of 24 hours (day), 7 × 24 hours (week) or 30 × 24 hours (month) from the user's"
        " own first moment."
    ),
    "incomplete": (
        "Pale: not over by the end of the data, so the share may still rise. Counting from each user's own start, a"
        " share is of those alone whose period is over. The row All sums the cohorts that are complete at a period."
    ),
    "cohort": "Users whose first such event in all the data lies in the period. Events without a user count nowhere.",
    "lapse": (
        "Estimated (Kaplan-Meier) share whose last activity lies later than that day after their first. Gone: no"
        " activity for the chosen days of silence, up to the end of the data. Whoever came back after a longer silence"
        " has stayed."
    ),
    "again": (
        "Estimated (1 - Kaplan-Meier) share of buyers whose second order came within so many days of the first. Orders"
        " without a number: one per day."
    ),
    "log_rank": (
        "Log-rank test: how often chance alone would part the curves so far if the parts were alike. Below 5 % is taken"
        " as a difference. p-values of pairs are corrected for their number (Holm)."
    ),
}
