"""A funnel by brute force: every start of every user, one event after the other, in plain Python."""

from __future__ import annotations

from itertools import groupby
from typing import Any

PAUSE = 30 * 60


class Event(dict[str, Any]):
    """One event of a known user: user, at (seconds), event, item, plus own columns."""


def fits(step: tuple[str, dict[str, str]], event: Event) -> bool:
    """Whether the event could be the step: a word, "*" for any but impressions, and values of columns."""
    word, where = step
    kind = event["event"] == word or (word == "*" and event["event"] != "impression")
    return kind and all(event.get(column) == value for column, value in where.items())


def reach(
    events: list[Event], steps: list[tuple[str, dict[str, str]]], order: str, within: float | None, same: str | None
) -> tuple[int, float | None]:
    """The most steps that any start of these events (one user's) comes through, and the earliest such start."""
    if same == "visit":
        events = visits([e for e in events if e["event"] != "impression" or any(fits(step, e) for step in steps)])
    if order == "strict":
        return _strict(events, steps, within, same)
    if same is None:
        groups = [events]
    else:
        held = sorted((e for e in events if e.get(same) is not None), key=lambda e: e[same])
        groups = [list(each) for _, each in groupby(held, key=lambda e: e[same])]
    best: tuple[int, float | None] = (0, None)
    for group in groups:
        for start in group:
            found = _any(group, steps, start, within) if order == "any" else _ordered(group, steps, start, within)
            if found > best[0] or (found == best[0] and found and start["at"] < (best[1] or 0)):
                best = (found, start["at"])
    return best


def visits(events: list[Event]) -> list[Event]:
    """The events, each with its visit's number: 30 minutes without one begin another."""
    made, last, visit = [], None, 0
    for event in sorted(events, key=lambda e: e["at"]):
        visit += last is None or event["at"] - last >= PAUSE
        last = event["at"]
        made.append(Event(event, visit=visit))
    return made


def _ordered(group: list[Event], steps: Any, start: Event, within: float | None) -> int:
    """The furthest that a search through all ways from this start comes."""
    if not fits(steps[0], start):
        return 0

    def further(used: list[int], at: float, step: int) -> int:
        if step == len(steps):
            return step
        most = step
        for n, event in enumerate(group):
            late = within is not None and event["at"] - start["at"] > within
            if n not in used and event["at"] >= at and not late and fits(steps[step], event):
                most = max(most, further([*used, n], event["at"], step + 1))
                if most == len(steps):
                    break
        return most

    return further([next(n for n, e in enumerate(group) if e is start)], start["at"], 1)


def _any(group: list[Event], steps: Any, start: Event, within: float | None) -> int:
    """How many leading steps find events of their own in the stretch that begins with `start`."""
    inside = [e for e in group if e["at"] >= start["at"] and (within is None or e["at"] - start["at"] <= within)]
    free = list(range(len(inside)))
    for done, step in enumerate(steps):
        hit = next((n for n in free if fits(step, inside[n])), None)
        if hit is None:
            return done
        free.remove(hit)
    return len(steps)


def _strict(events: list[Event], steps: Any, within: float | None, same: str | None) -> tuple[int, float | None]:
    def place(event: Event) -> tuple[float, int, int, float]:
        could = [n for n, step in enumerate(steps) if fits(step, event)]
        held = event.get(same) if same is not None else None
        last = float("inf") if held is None else held if isinstance(held, int) else ord(held)
        return (event["at"], could[0] if could else len(steps), sum(1 << n for n in could), last)

    line = sorted((e for e in events if e["event"] != "impression" or place(e)[1] < len(steps)), key=place)
    best: tuple[int, float | None] = (0, None)
    for n, start in enumerate(line):
        if not fits(steps[0], start) or (same is not None and start.get(same) is None):
            continue
        done = 1
        while done < len(steps) and n + done < len(line):
            event = line[n + done]
            late = within is not None and event["at"] - start["at"] > within
            if late or not fits(steps[done], event) or (same is not None and event.get(same) != start.get(same)):
                break
            done += 1
        if done > best[0]:
            best = (done, start["at"])
    return best
