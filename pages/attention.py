"""Attention: where users' attention goes, what it turns into, and where it is lost."""

from __future__ import annotations

from core.errors import Refusal
from core.store import Store
from pages._ui import (
    attention_fading,
    attention_funnel,
    attention_outcome,
    attention_paths,
    attention_share,
    attention_visits,
)
from pages._ui import home_period as period
from pages._ui.shell import refuse, start
from pages._ui.views import pick_view

VIEW = "look_at"
_QUESTIONS = {
    "Visits": "Visits and rhythm",
    "Share": "Who gets the attention",
    "Outcome": "Over- and under-watched",
    "Fading": "How attention fades",
    "Paths": "Paths",
    "Funnel": "Funnel",
}
_OVER_TIME = ("Visits", "Share", "Funnel")
_DRAW = {
    "Visits": attention_visits.draw,
    "Share": attention_share.draw,
    "Outcome": attention_outcome.draw,
    "Fading": attention_fading.draw,
    "Paths": attention_paths.draw,
    "Funnel": attention_funnel.draw,
}


def main() -> None:
    """Draw the page."""
    store = start("Attention", "Where does our users' attention go, and what does it become?")
    if store is None:
        return
    try:
        _draw(store)
    except Refusal as refusal:
        refuse(refusal)


def _draw(store: Store) -> None:
    view = pick_view(_QUESTIONS, VIEW)
    shown = period.choose(store, divided=view in _OVER_TIME)
    if shown is not None:
        _DRAW[view](store, shown)


main()
