"""Loyalty: who comes back, who is slipping, and what users are worth."""

from __future__ import annotations

from core.errors import Refusal
from core.store import Store
from pages._ui import home_period as period
from pages._ui import loyalty_retention, loyalty_stages, loyalty_value
from pages._ui.shell import refuse, start
from pages._ui.views import pick_view

VIEW = "look_at"
_QUESTIONS = {
    "Retention": "Who comes back",
    "Loyalty": "Who is loyal",
    "Value": "Future value",
}
_DRAW = {
    "Retention": loyalty_retention.draw,
    "Loyalty": loyalty_stages.draw,
    "Value": loyalty_value.draw,
}


def main() -> None:
    """Draw the page."""
    store = start("Loyalty", "Who comes back, and what are they worth?")
    if store is None:
        return
    try:
        _draw(store)
    except Refusal as refusal:
        refuse(refusal)


def _draw(store: Store) -> None:
    view = pick_view(_QUESTIONS, VIEW)
    # what users will do is foretold from all they did up to a day: a period would make old customers new
    shown = period.everything() if view == "Value" else period.choose(store, divided=view == "Retention")
    if shown is not None:
        _DRAW[view](store, shown)


main()
