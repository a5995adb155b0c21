"""The words for what users do. Any other word is kept as it is; these have a default weight, and others' spellings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EventWord:
    """One word of the vocabulary.

    Attributes:
        name: as stored in events.event.
        plain: what a page calls it, plural.
        weight: default weight in the user x item matrix; 0 = says nothing about liking the item.
        aliases: other spellings that the load proposes to map onto it.
    """

    name: str
    plain: str
    weight: float
    aliases: tuple[str, ...] = ()


EVENTS: tuple[EventWord, ...] = (
    EventWord("impression", "Impressions", 0.0, ("imp", "shown", "exposure", "sent", "delivered")),
    EventWord("open", "Opens", 0.0, ("email_open", "opened")),
    EventWord(
        "view", "Views", 1.0, ("pageview", "page_view", "pv", "view_item", "detail", "product_view", "watch", "play")
    ),
    EventWord("click", "Clicks", 1.0, ("clicks", "clicked", "select_item", "tap")),
    EventWord("search", "Searches", 0.0, ("query", "searched", "view_search_results")),
    EventWord(
        "favourite", "Favourites", 3.0, ("favorite", "fav", "wishlist", "add_to_wishlist", "like", "collect", "save")
    ),
    EventWord("share", "Shares", 3.0, ("shared", "forward")),
    EventWord("comment", "Comments", 3.0, ("review", "reviewed", "commented")),
    EventWord("cart", "Carts", 4.0, ("add_to_cart", "addtocart", "add-to-cart", "basket", "atc", "carted")),
    EventWord(
        "purchase",
        "Purchases",
        8.0,
        ("buy", "bought", "order", "transaction", "sale", "sold", "purchased", "checkout", "paid"),
    ),
    EventWord("rating", "Ratings", 5.0, ("rate", "rated", "score", "stars")),
    EventWord("return", "Returns", 0.0, ("refund", "refunded", "returned", "cancellation", "cancel", "chargeback")),
)

NAMES: tuple[str, ...] = tuple(word.name for word in EVENTS)
"""The vocabulary's names, from first notice to last act: the order in which pages list them."""

_BY_SPELLING = {spelling: word.name for word in EVENTS for spelling in (word.name, *word.aliases)}


def known_event(value: str) -> str | None:
    """The vocabulary's word for an event value found in a file, or None if it is the analyst's own word.

    >>> known_event(" Add_To_Cart "), known_event("subscribe")
    ('cart', None)
    """
    return _BY_SPELLING.get(value.strip().lower().replace(" ", "_"))
