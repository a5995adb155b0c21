"""The README of the sample, with the numbers of the very run that wrote it."""

from collections.abc import Sequence
from textwrap import fill
from typing import Any

from data.sample_model import catalogue, dirt, oddities, people, settings
from data.sample_model.taste import WANDER

EXPLAINED = {
    "unparseable_time": "`event_time` is no time at all; rejected at load",
    "missing_event_type": "`event_type` is empty; rejected at load",
    "bad_quantity": "`quantity` is no number (`abc`, `1,5`: the decimal mark here is a point); rejected at load",
    "bad_price": "`unit_price` is no number; rejected at load",
    "bad_rating": "`rating` is no number; rejected at load",
    "missing_item": "a view, click or cart without item; loads with no item",
    "impossible_rating": "11, 0, -1 or 55 on a scale of 1 to 5; loads",
    "future_date": "the year is 2062 (a slip); loads, and moves the last event: leave such rows out before asking",
    "exact_repeat": "copies of a row, each copy after the first counted",
    "negative_quantity": "returns booked as purchases of a negative quantity (they did happen)",
    "non_product": "lines with item POST, GIFTWRAP or DISCOUNT (at -5.00) in real orders",
    "zero_price": "free samples at 0.00 in real orders",
    "price_slip": "prices a hundred times too high, not sent back; true prices in `dirt.price_slips`",
    "quantity_outlier": "orders of absurd quantities, each cancelled in full minutes later",
    "quantity_outlier_return": "the cancellations of these",
    "price_outlier": "orders at absurd prices, each cancelled in full minutes later",
    "price_outlier_return": "the cancellations of these",
    "test_id": "sessions with orders under the ids " + ", ".join(dirt.TEST_IDS),
}


def readme(facts: dict[str, Any]) -> str:
    """Markdown text: files, columns, planted truths with their numbers, how to make it again."""
    text = "\n\n".join([
        _head(facts), _columns(), _expected(facts), _people(facts), _attention(facts), _campaign(facts), _dirt(facts),
    ]) + "\n"  # fmt: skip
    return _wrapped(text)


def _wrapped(text: str) -> str:
    """Paragraphs filled to one width; headings and tables as they are."""
    blocks = [
        block if block.startswith(("|", "#")) else fill(block, 110, break_long_words=False, break_on_hyphens=False)
        for block in text.strip().split("\n\n")
    ]
    return "\n\n".join(blocks) + "\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _head(facts: dict[str, Any]) -> str:
    start, until = facts["period"]["from"][:10], facts["period"]["until"][:10]
    return f"""# Sample data: Lumen & Loom (synthetic)

**Synthetic.** This shop does not exist; no person, address or number in these files is real. Domains and telephone
numbers are reserved for examples and fiction. Made by `python data/make_sample.py` (seed {facts["seed"]}); do not
edit
by hand. `--out DIR` writes elsewhere, `--seed N` makes another year. The same seed gives the same rows.

| file | what it holds |
|---|---|
| `events.csv.gz` | {facts["load"]["rows_read"]:,} events, from {start} up to, not including, {until}, UTC |
| `items.csv` | {settings.N_ITEMS:,} items in 10 categories of 4 subcategories |
| `users.csv` | {settings.N_USERS:,} users with attributes, contacts, consent |
| `campaign.csv` | a past campaign: who was contacted, who was held back |
| `truth.json` | what was planted, as numbers and ids, for tests |
| `truth_users.csv`, `truth_items.csv` | the same for each user and item; never to be given to a model |

What is not like a real shop: the log holds few visits that only look (a third of visits end in an order, where real
shops see a
few per cent), so that a file of this size has enough buyers. Messages of a campaign go out on a few days, so these
days are high."""


def _columns() -> str:
    return f"""## Columns

`events.csv.gz`: `event_time` (ISO, UTC), `user_id` (text, six digits with leading zeros; empty: a guest),
`session_id` (empty for
messages and returns), `event_type` ({", ".join(settings.EVENTS)}), `item_id` (`LL-0042`; none for search,
impression, open),
`order_id` (purchase, return), `quantity`, `unit_price` (pounds), `rating` (1 to 5), `dwell_seconds` (views),
`channel`, `device`,
`campaign`, `query` (searches), `weather` (at the user's place that day). A return has a positive quantity and the
order it reverses.

`items.csv`: `item_id, title, category, subcategory, brand, price, launched_on, tags` (`tags` is a list, parted by
`|`).

`users.csv`: `user_id, signup_date, country, city, birth_year, gender, loyalty_tier, newsletter_format` (nearly
constant)`, email,
phone` (`+44...`, `0044...` or national with a leading zero: read it as text)`, consent_email, consent_sms,
consent_post` (yes, no,
empty: never asked).

`campaign.csv`: `user_id, arm` (contacted, control)`, channel, sent_at, offer_item, offer_category, campaign`."""


def _expected(facts: dict[str, Any]) -> str:
    load = facts["load"]
    events = ", ".join(f"{name} {number:,}" for name, number in load["events_with_returns_negative"].items())
    reasons = ", ".join(f"{reason} {number}" for reason, number in load["rejected_by_reason"].items())
    clean = facts["before_dirt"]["all_customers"]
    return f"""## What a load must report

Rows read {load["rows_read"]:,}; rejected {load["rows_rejected"]} ({reasons});
repeats {load["rows_repeated"]}; loaded, repeats kept, {load["rows_loaded_keeping_repeats"]:,}, of them
{load["rows_anonymous"]:,} without user.
Users {load["users"]:,}, items {load["items"]:,} (three of them codes). Events, negative purchases turned into
returns:
{events}.

Before any dirt, bots and test ids left out: users {clean["users"]:,}, buyers {clean["buyers"]:,}, of them with two
or more orders
{clean["buyers_of_two_or_more_orders"]:,}; orders {clean["orders"]:,} (of known users
{clean["orders_of_known_users"]:,}); gross revenue
{clean["gross_revenue"]:,.2f}, returned {clean["returned_value"]:,.2f}, net {clean["net_revenue"]:,.2f} pounds.
Resellers and guests are in."""


def _people(facts: dict[str, Any]) -> str:
    rows = [
        [c["community"], c["users"], ", ".join(f"{k} {v:.0%}" for k, v in c["category_shares"].items()),
         ", ".join(c["favourite_subcategories"])]
        for c in facts["communities"]
    ]  # fmt: skip
    counts = ", ".join(f"{name} {number:,}" for name, number in facts["roles"]["users_by_role"].items())
    loyal, regular, lapsing = (people.RHYTHM[role] for role in (settings.LOYAL, settings.REGULAR, settings.LAPSING))
    return f"""## Who the users are

Eight communities of taste. On top of its community each user has a style of their own and wanders over the whole
range for
{_percent(WANDER[0])} to {_percent(WANDER[1])} of choices.

{_table(("community", "users", "likes", "above all"), rows)}

Roles: {counts}. Rhythms (mean days between orders, drawn per user, `truth_users.csv`; time runs faster in busy
weeks): loyal
{loyal[0]} to {loyal[1]}, regular {regular[0]} to {regular[1]}, lapsing {lapsing[0]} to {lapsing[1]} until
{people.SLOWS_BEFORE_STOP}
days before they stop, then {people.SLOW_FACTOR:g} times as long; all of them stop at least 90 days before the end
(save those whom the
past campaign won back). New users join in the last 85 days. One-off users order once. Window users look and do not
order, unless a
message moves them. Bots look at 40 to 94 pages a run, 3 to 9 seconds apart with hardly any variation,
{_percent(oddities.NIGHT)} of runs at
night, never buy. Resellers order 20 to 60 pieces a line."""


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _attention(facts: dict[str, Any]) -> str:
    fatigue = [
        [f["exposure"], f["impressions"], f["true_click_rate"], f["realised_click_rate"], f["true_open_rate_email"]]
        for f in facts["fatigue"]
    ]
    mix = [
        [m["name"], m["planted_relative_conversion"] or "-", f"{m['sessions']:,}", m["share_with_order"]]
        for m in (*facts["channels"], *facts["devices"])
    ]
    watched, launches = facts["watched"], facts["launches"]
    over, under = len(watched["over_watched"]), len(watched["under_watched"])
    half_lives = ", ".join(map(str, catalogue.HALF_LIVES))
    return f"""## Attention

**Fatigue.** The nth message of the same campaign is clicked with a chance that depends on n alone (a click of the
same campaign before
the next message, within 21 hours; rates are per impression):

{_table(("nth message", "impressions", "true click rate", "realised", "true open rate (email)"), fatigue)}

**Over-watched** ({over} items: looked at {catalogue.OVER_VIEWS:g} times as often, for longer, bought
{catalogue.OVER_BUYS:g} times as often) and **under-watched** ({under} items: looked at {catalogue.UNDER_VIEWS:g}
times as often, bought {catalogue.UNDER_BUYS:g} times); other items have
{watched["purchases_per_view_of_other_items"]} purchase lines a
view. Ids and counts: `watched` in `truth.json`.

**Launches.** {launches["launched_in_the_year"]} items start during the year; attention t days after launch is
{catalogue.PLATEAU:g} + {1 - catalogue.PLATEAU:g} x 0.5^(t / half-life) of that at launch, half-life {half_lives} days
(`truth_items.csv`; {len(launches["big_launches"])} big ones in `truth.json`).

**Channels and devices.** Planted relative conversion, realised sessions and share with an order:

{_table(("name", "planted", "sessions", "share with order"), mix)}

**Days.** Tracking failed on {" and ".join(facts["days"]["outage"])}; {facts["days"]["spike"]} is a spike; the
season peaks at the end of
November. Views last {_percent(settings.RAIN_DWELL - 1)} longer in rain and snow (before rounding)."""


def _campaign(facts: dict[str, Any]) -> str:
    c = facts["campaign"]
    rows = [
        [
            "contacted",
            c["realised"]["contacted"]["users"],
            c["true_rate_contacted"],
            c["realised"]["contacted"]["rate"],
        ],
        ["control", c["realised"]["control"]["users"], c["true_rate_control"], c["realised"]["control"]["rate"]],
        ["difference", "", c["true_uplift"], c["realised"]["difference"]],
    ]
    return f"""## The past campaign

`{c["name"]}`, {c["channel"]}, sent {c["sent_at"]}, to customers with consent and no order for
{settings.PURCHASE_PAUSE_DAYS} days; arms dealt by
lot, 4 to 1. Outcome: at least one purchase in the {c["window_days"]} days from sending (half-open). The uplift is
known exactly, since who would
have bought anyway is known: {c["true_uplift_of_fans"]:.3f} for members of odd-numbered communities, who like candles,
{c["true_uplift_of_others"]:.3f} for the others. Of eight seeds
tried, this one's realised difference lies nearest to the true one.

{_table(("arm", "users", "true rate", "realised rate"), rows)}"""


def _dirt(facts: dict[str, Any]) -> str:
    planted = facts["dirt"]
    rows = [[f"`{k}`", v["count"], EXPLAINED[k]] for k, v in planted["events.csv.gz"].items()]
    others = [
        f"`{file}`: " + ", ".join(f"{kind} {len(ids)}" for kind, ids in planted[file].items())
        for file in ("items.csv", "users.csv")
    ]
    return f"""## Dirt

Never two kinds in one row; line numbers of each kind in `truth.json`. The guests'
{facts["load"]["rows_anonymous"]:,} rows without user are no
mistake.

{_table(("kind", "rows", "what it is"), rows)}

{"; ".join(others)} (`second_account`: pairs of ids that share an email address but for its case)."""
