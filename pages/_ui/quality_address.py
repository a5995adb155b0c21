"""Quality: what the page shows, kept in the address, so that a link opens the same finding."""

from __future__ import annotations

import re

import streamlit as st

from core.quality import Finding, Report

VIEW = "see"
"""Key of the page's chooser, in session state and in the address."""
VIEWS = ("What was found", "Repairs", "Missing values", "Events by day")
FINDING = "finding"
"""The open finding, in the address."""


def named(report: Report) -> dict[str, Finding]:
    """Name in the address -> finding, in the report's order: the rule, what it is about, and a number where needed."""
    found: dict[str, Finding] = {}
    for finding in report.findings:
        about = finding.selection
        parts = [finding.code, about and about.get("table"), finding.column, finding.facts.get("event")]
        parts.append(about and about.get("paired"))
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", "-".join(str(part) for part in parts if part))
        base, n = name, 1
        while name in found:
            n += 1
            name = f"{base}-{n}"
        found[name] = finding
    return found


def chosen() -> str | None:
    """The finding that the address names; None where it names none."""
    return st.query_params.get(FINDING)


def choose(name: str | None) -> None:
    """Open a finding, or with None the list of all; from a callback."""
    if name is None:
        st.query_params.pop(FINDING, None)
    else:
        st.query_params[FINDING] = name
