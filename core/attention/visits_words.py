"""What the figures of visits, hours, focus and searches mean, in the words that pages and hovers use."""

from __future__ import annotations

VISIT_DEFINITIONS: dict[str, str] = {
    "visits": (
        "A visit is a user's events with no pause of the chosen length between them, or those that share the data's own"
        " session id. It counts in the period in which it began. Impressions and returns are in no visit. Events"
        " without a user form visits only by a session id."
    ),
    "engaged": (
        "Engaged: 10 seconds or longer, or a key event, or two or more views. Engagement rate = engaged visits / all"
        " visits (the definition of Google Analytics). The rest is like a bounce."
    ),
    "length": (
        "From a visit's first event to its last, or to the end of the dwell that its events carry. A visit of one event"
        " without dwell has no measurable length and is left out of the median."
    ),
    "depth": "Views per visit: the mean over all visits, those without a view included.",
    "events_per_visit": "Events per visit, of any kind but impressions and returns: the mean over all visits.",
    "dwell": "Seconds that the data's own dwell column gives for events in these visits. Events without it add none.",
    "conversion": "Visits with a purchase in them / all visits.",
    "parts": "By what the visit's first event came with, or by whose visit it is. Lines: 95 % Wilson intervals.",
    "clock": "Hours of the chosen zone's own clock, summer time included. Visits stand in the hour they began.",
    "clock_events": "Events in this hour of the week, those without a user included, impressions not.",
    "clock_visits": "Visits that began in this hour of the week.",
    "clock_users": "Known users who did anything in this hour of the week, each once; impressions do not count.",
    "clock_purchases": "Orders placed in this hour of the week.",
    "clock_conversion": "Of the visits begun in this hour of the week, the share with a purchase in them.",
    "focus": (
        "Evenness = the entropy of a user's looks (views, if not chosen otherwise) over categories / the most it could"
        " be with as many looks: 0 = all on one, 1 = spread as evenly as can be. Users with fewer than 5 looks are"
        " apart. Few looks seem even more easily than many, so compare kinds with their looks per user in mind."
    ),
    "focus_yield": (
        "Buyers: users with a purchase in the period; revenue: purchases less returns. What goes along with focus is"
        " not caused by it."
    ),
    "searches": (
        "Words from the events “search”, upper and lower case alike. Not found: no view, click, cart or purchase after"
        " it in the visit before the next search. Bought: a purchase later in the same visit, of whatever item."
    ),
}
