"""Sections of the command attention: decay after launch, fatigue, flow between categories, ways to purchase."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pandas as pd

from core.attention import Fade, Fatigue, Flow, Launch, Paths, fatigue, flow, launch, paths
from core.behaviour import Unit, Window
from core.commands.tables import number, percent, table
from core.progress import Step
from core.store import Store

Section = tuple[str, dict[str, Any], list[str]]
_ROWS = 12


def sections(store: Store, window: Window, unit: Unit | None, args: argparse.Namespace, step: Step) -> list[Section]:
    """The four sections: key, result as plain values, text lines. Days since launch need no unit."""
    return [
        ("launch", *_launch(launch(store, None, window, step=step.part(0.0, 0.4)))),
        ("fatigue", *_fatigue(fatigue(store, None, window, step=step.part(0.4, 0.6)))),
        ("flow", *_flow(flow(store, None, window, step=step.part(0.6, 0.8)))),
        ("paths", *_paths(paths(store, None, window, step=step.part(0.8, 1.0)))),
    ]


def _launch(found: Launch) -> tuple[dict[str, Any], list[str]]:
    result: dict[str, Any] = {
        "event": found.question.event, "launched": found.launched, "left_out": found.unknown, "fit": asdict(found.fit),
        "days": _plain(found.days), "categories": _plain(found.categories), "items": _plain(found.items),
        "problem": found.problem,
    }  # fmt: skip
    head = "Attention after an item's launch"
    if found.problem:
        return result, [f"{head}: {found.problem}"]
    lines = [
        f"{head} ({found.question.event} events by day, {found.launched:,} items launched; {found.unknown:,} there "
        "from the beginning are left out): " + _half_life(found.fit)
    ]
    rows = [
        (str(r["category"]), f"{r['items']:,}", f"{r['events']:,}", number(r["half_life"]), number(r["low"]),
         number(r["high"]), percent(r["floor"]))
        for r in _plain(found.categories)
    ]  # fmt: skip
    if rows:
        lines += table(("category", "items", "events", "half-life (days)", "95 % from", "to", "stays"), rows)
    return result, lines


def _half_life(fit: Fade) -> str:
    if fit.half_life is None:
        return fit.problem or ""
    return (
        f"half-life {number(fit.half_life)} days (95 %: {number(fit.low)} to {number(fit.high)}), "
        f"{percent(fit.floor)} of the launch level stays."
    )


def _fatigue(found: Fatigue) -> tuple[dict[str, Any], list[str]]:
    question = found.question
    result: dict[str, Any] = {
        "exposure": question.exposure and question.exposure.event,
        "response": question.response and question.response.event,
        "per": question.per, "days": question.days, "exposures": found.exposures, "waiting": found.waiting,
        "nameless": found.nameless, "anonymous": found.anonymous,
        "odds_ratio": _odds(found.slope.slope), "odds_ratio_low": _odds(found.slope.low),
        "odds_ratio_high": _odds(found.slope.high), "runs": found.slope.runs, "halves": found.halves,
        "halves_low": found.halves_low, "halves_high": found.halves_high, "cap": found.cap,
        "table": _plain(found.table), "problem": found.problem,
    }  # fmt: skip
    if found.problem:
        return result, [f"Fatigue: {found.problem}"]
    told = "the same people's odds cannot be followed."
    if found.slope.slope is not None:
        told = (
            f"the same user's odds at each further one times {number(result['odds_ratio'])} (95 %: "
            f"{number(result['odds_ratio_low'])} to {number(result['odds_ratio_high'])})"
        )
        told += f"; half of the first at no. {number(found.halves)}, cap {found.cap}." if found.cap else "."
    lines = [f"Fatigue ({result['response']} after {result['exposure']}, by {question.per}): {told}"]
    rows = [
        (str(r["n"]), f"{r['exposures']:,}", f"{r['responses']:,}", percent(r["rate"]), percent(r["low"]),
         percent(r["high"]), percent(r["first_rate"]), number(r["ratio"]))
        for r in result["table"]
    ]  # fmt: skip
    head = ("no.", "exposures", "responses", "rate", "95 % from", "to", "the same at no. 1", "ratio")
    return result, lines + table(head, rows)


def _flow(found: Flow) -> tuple[dict[str, Any], list[str]]:
    result: dict[str, Any] = {
        "event": found.question.event, "category": found.question.category, "moves": found.moves,
        "users": found.users, "stays": found.stays, "table": _plain(found.table), "problem": found.problem,
    }  # fmt: skip
    if found.problem:
        return result, [f"Flow between categories: {found.problem}"]
    lines = [
        f"Flow between categories ({found.question.event} to {found.question.event} within a visit): {found.moves:,} "
        f"moves of {found.users:,} users, {percent(found.stays / found.moves)} within the category."
    ]
    away = sorted((r for r in result["table"] if r["source"] != r["target"]), key=lambda r: -r["moves"])[:_ROWS]
    rows = [
        (f"{r['source']} > {r['target']}", f"{r['moves']:,}", f"{r['users']:,}", percent(r["share"]), number(r["lift"]))
        for r in away
    ]
    return result, lines + table(("to another category", "moves", "users", "of the source", "x chance"), rows)


def _paths(found: Paths) -> tuple[dict[str, Any], list[str]]:
    ways = [{**r, "path": list(r["path"])} for r in _plain(found.table)]
    result: dict[str, Any] = {
        "goal": found.question.goal, "visits": found.visits, "users": found.users, "bought": found.bought,
        "empty": found.empty, "bands": _plain(found.bands), "ways": ways, "problem": found.problem,
    }  # fmt: skip
    if found.problem:
        return result, [f"Ways to purchase: {found.problem}"]
    lines = [f"Ways to purchase: {found.visits:,} visits of {found.users:,} users, {found.bought:,} came to the goal."]
    rows = [
        (" > ".join(r["path"]) or "(straight)", f"{r['visits']:,}", f"{r['users']:,}", percent(r["share"]),
         percent(r["low"]), percent(r["high"]), f"{r['seconds']:,.0f}")
        for r in ways[:_ROWS]
    ]  # fmt: skip
    return result, lines + table(("way", "visits", "users", "bought", "95 % from", "to", "seconds"), rows)


def _odds(slope: float | None) -> float | None:
    return None if slope is None else math.exp(slope)


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Records that JSON can hold: not known is None."""
    rows: Callable[..., list[dict[str, Any]]] = frame.to_dict
    return [
        {name: None if isinstance(v, float) and math.isnan(v) else v for name, v in row.items()}
        for row in rows("records")
    ]
