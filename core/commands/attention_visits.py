"""The sections of `attention` about visits: visits, active, hours, focus, searches."""

from __future__ import annotations

from dataclasses import asdict

from core.attention import WEEKDAYS, clock, focus, searches, visits
from core.behaviour import stickiness
from core.commands.attention_asked import Asked, Told, records
from core.commands.tables import number, percent, table
from core.progress import Step
from core.store import Store

_TERMS = 20


def tell_visits(store: Store, asked: Asked, step: Step) -> Told:
    """Visits and how engaged they are."""
    found = visits(store, asked.rule, asked.unit, asked.window, step=step)
    figures, choice = found.figures, found.choice
    if figures is None or choice is None or found.problem:
        return _problem("visits", "Visits", found.problem or "")
    result = asdict(figures) | {
        "rule": {
            "used": choice.used,
            "gap_minutes": asked.rule.gap_minutes,
            "key_events": list(asked.rule.key_events),
            "share_with_session": choice.share_with_session,
        },
        "outside": found.outside,
        "unit": found.unit,
        "over_time": records(found.table),
        "notes": list(found.notes),
    }
    lines = [
        f"Visits       {figures.visits:,} by {figures.users:,} users, {number(figures.visits_per_user)} each",
        f"  engaged    {figures.engaged:,}, {percent(figures.engagement_rate)} (95 %: {percent(figures.rate_low)} to "
        f"{percent(figures.rate_high)}): 10 s or longer, or {' or '.join(asked.rule.key_events)}, or two or more views",
        f"  depth      {number(figures.views_per_visit)} views, {number(figures.events_per_visit)} events a visit",
        f"  length     {number(figures.median_seconds)} s in the middle of {figures.measured:,} visits of known length",
        f"  purchase   in {percent(figures.conversion)} of visits",
    ]
    if figures.dwell_seconds is not None:
        lines.append(
            f"  dwell      {number(figures.dwell_seconds / 3600)} hours, {number(figures.dwell_per_event)} s a view; "
            f"missing for {percent(figures.dwell_missing)}"
        )
    return Told("visits", result, lines + [f"  Note: {note}" for note in found.notes])


def tell_active(store: Store, asked: Asked, step: Step) -> Told:
    """Active users on the last day, in the last 7 and 30, and stickiness."""
    found = stickiness(store, asked.window)
    if found.problem:
        return _problem("active", "Active", found.problem)
    last = found.table.iloc[-1]
    result = {name: int(last[name]) for name in ("dau", "wau", "mau")}
    whole = {f"{name}_complete": bool(last[f"{name}_complete"]) for name in result}
    said = ", ".join(
        f"{result[name]:,} {words}{'' if whole[f'{name}_complete'] else ' (not all covered)'}"
        for name, words in (("dau", "on the day"), ("wau", "in 7 days"), ("mau", "in 30 days"))
    )
    lines = [
        f"Active       users up to {last['day']}: {said}",
        f"  stickiness {percent(found.latest)} (mean daily of 30 days / active in them; 3.3 % = one day each)",
    ]
    stuck = {"stickiness": found.latest, "stickiness_day": str(found.latest_day) if found.latest_day else None}
    return Told("active", {**result, "day": str(last["day"]), **whole, **stuck}, lines)


def tell_hours(store: Store, asked: Asked, step: Step) -> Told:
    """Hours by weekdays."""
    found = clock(store, asked.zone, asked.rule, asked.window, step=step)
    if found.table.empty:
        return _problem("hours", "Hours", found.problem or "")
    lines = [f"Hours        ({asked.zone})"]
    for name in ("events", "visits", "purchases"):
        if found.table[name].any():
            top = found.table.iloc[int(found.table[name].to_numpy().argmax())]
            day = WEEKDAYS[int(top["weekday"])]
            lines.append(f"  {name:<10} most on {day} from {int(top['hour']):02}:00, {int(top[name]):,}")
    return Told("hours", {"zone": asked.zone, "cells": records(found.table), "problem": found.problem}, lines)


def tell_focus(store: Store, asked: Asked, step: Step) -> Told:
    """Focused and roaming users."""
    found = focus(store, window=asked.window, step=step)
    if found.problem:
        return _problem("focus", "Focus", found.problem)
    rows = [
        (
            f"  {row['kind']}",
            f"{row['users']:,}",
            percent(row["share"]),
            number(row["views_per_user"]),
            percent(row["buyers_share"]),
            number(row["revenue_per_user"]),
        )
        for row in records(found.kinds)
    ]
    head = ("  users", "users", "share", "views each", "buyers", "revenue each")
    result = {
        "over": found.over, "choices": found.choices, "focused_up_to": found.spec.focused,
        "roaming_from": found.spec.roaming, "kinds": records(found.kinds), "bands": records(found.bands),
    }  # fmt: skip
    what = f"{found.choices:,} of “{found.over}”" if found.over else f"{found.choices:,} items"
    return Told("focus", result, [f"Focus        how evenly users' views fall on {what}", *table(head, rows)])


def tell_searches(store: Store, asked: Asked, step: Step) -> Told:
    """What is searched for."""
    found = searches(store, asked.rule, asked.window, step=step)
    if found.problem:
        return _problem("searches", "Searches", found.problem)
    top = records(found.table, _TERMS)
    rows = [
        (f"  {row['term']}", f"{row['searches']:,}", f"{row['users']:,}", percent(row["bought_share"]),
         percent(row["not_found"]))
        for row in top[:5]
    ]  # fmt: skip
    counts = {
        name: getattr(found, name)
        for name in ("column", "searches", "wordless", "users", "followed", "looked", "carted", "bought")
    }
    lines = [f"Searches     {found.searches:,} by {found.users:,} users for {len(found.table):,} terms"]
    head = ("  term", "searches", "users", "bought", "not found")
    return Told("searches", counts | {"terms": len(found.table), "top": top}, [*lines, *table(head, rows)])


def _problem(key: str, head: str, problem: str) -> Told:
    return Told(key, {"problem": problem}, [f"{head:<12} {problem}"])


TELL = (tell_visits, tell_active, tell_hours, tell_focus, tell_searches)
