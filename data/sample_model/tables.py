"""The files of items, users and the past campaign as rows of text, with the dirt that such files have."""

from dataclasses import dataclass

import numpy as np

from data.sample_model.campaign import SENT_AT
from data.sample_model.catalogue import CATEGORIES, SUBCATEGORIES
from data.sample_model.contacts import cities, emails, phones
from data.sample_model.people import COUNTRIES
from data.sample_model.settings import BOT, N_USERS, WINBACK, Ints, iso, iso_day
from data.sample_model.sheet import pounds
from data.sample_model.shop import Shop

ITEM_HEADER = ("item_id", "title", "category", "subcategory", "brand", "price", "launched_on", "tags")
USER_HEADER = (
    "user_id", "signup_date", "country", "city", "birth_year", "gender", "loyalty_tier", "newsletter_format", "email",
    "phone", "consent_email", "consent_sms", "consent_post",
)  # fmt: skip
CAMPAIGN_HEADER = ("user_id", "arm", "channel", "sent_at", "offer_item", "offer_category", "campaign")
CONSENT = ("no", "yes", "")
ODD_YEARS = ("1899", "2031", "1900", "0")
TEXT_FORMAT = 41


@dataclass(frozen=True)
class Table:
    """A file's header and rows, and the rows (by id) that carry each kind of dirt."""

    header: tuple[str, ...]
    rows: list[list[str]]
    dirt: dict[str, list[str]]


def item_table(rng: np.random.Generator, shop: Shop) -> Table:
    """All items; some categories spelled otherwise, some titles and prices missing or zero."""
    items = shop.world.items
    rows = [
        [item, title, *SUBCATEGORIES[sub], brand, pounds(price), iso_day(launched), tags]
        for item, title, sub, brand, price, launched, tags in zip(
            items.ids(), items.titles, items.sub.tolist(), items.brands, items.price.tolist(), items.launched.tolist(),
            items.tags, strict=True,
        )
    ]  # fmt: skip
    chosen = rng.permutation(len(rows))
    kinds = {"category_variant": 36, "missing_title": 14, "missing_price": 11, "zero_price": 4, "missing_category": 6}
    dirt: dict[str, list[str]] = {}
    for kind, number in kinds.items():
        picked, chosen = np.sort(chosen[:number]).tolist(), chosen[number:]
        for turn, row in enumerate(picked):
            _spoil_item(rows[row], kind, turn)
        dirt[kind] = [rows[row][0] for row in picked]
    return Table(ITEM_HEADER, rows, dirt)


def _spoil_item(row: list[str], kind: str, turn: int) -> None:
    if kind == "category_variant":
        name = row[2]
        row[2] = (name.upper(), f" {name}", f"{name} ", name.lower(), name[:-1], f"{name}s")[turn % 6]
    elif kind == "zero_price":
        row[5] = "0.00"
    else:
        row[{"missing_title": 1, "missing_category": 2, "missing_price": 5}[kind]] = ""


def user_table(rng: np.random.Generator, shop: Shop) -> Table:
    """All users in order of id; a few impossible years of birth, and twelve people with a second account."""
    people = shop.world.people
    country = people.country[:N_USERS]
    tier = _tiers(rng, shop)
    year = np.clip(np.round(rng.normal(1984, 13, N_USERS)), 1938, 2008).astype(int)
    gender = rng.choice(["f", "m", "x", ""], N_USERS, p=[0.52, 0.34, 0.02, 0.12])
    no_year = rng.random(N_USERS) < 0.13
    plain = set(rng.choice(N_USERS, TEXT_FORMAT, replace=False).tolist())
    places, mails, numbers = cities(rng, country), emails(rng, N_USERS), phones(rng, country)
    rows = [
        [
            people.ids[i], iso_day(int(people.joined[i])), COUNTRIES[country[i]], places[i],
            "" if no_year[i] else str(year[i]), str(gender[i]), tier[i], "text" if i in plain else "html", mails[i],
            numbers[i], *(CONSENT[answer] for answer in people.consent[i].tolist()),
        ]
        for i in range(N_USERS)
    ]  # fmt: skip
    dirt = _spoil_users(rng, rows, people.having(BOT))
    rows.sort(key=lambda row: row[0])
    return Table(USER_HEADER, rows, dirt)


def _tiers(rng: np.random.Generator, shop: Shop) -> list[str]:
    """Loyalty tier by orders in the year; one in twenty is missing."""
    log = shop.log
    bought = log.of_type("purchase")
    pairs = np.unique(np.stack([log["user"][bought], log["order"][bought]]), axis=1)
    orders = np.bincount(pairs[0], minlength=len(shop.world.people.ids))[:N_USERS]
    names = np.array(["none", "bronze", "silver", "gold"], object)[np.digitize(orders, [1, 4, 8])]
    names[rng.random(N_USERS) < 0.05] = ""
    return [str(name) for name in names]


def _spoil_users(rng: np.random.Generator, rows: list[list[str]], bots: Ints) -> dict[str, list[str]]:
    for bot in bots.tolist():
        rows[bot][3:6] = ["", "", ""]
    chosen = [i for i in rng.permutation(len(rows)).tolist() if rows[i][8]]
    odd, firsts, seconds = chosen[:8], chosen[8:20], chosen[20:32]
    for turn, i in enumerate(odd):
        rows[i][4] = ODD_YEARS[turn % len(ODD_YEARS)]
    for first, second in zip(firsts, seconds, strict=True):
        rows[second][8] = rows[first][8].title()
        rows[second][2:5] = rows[first][2:5]
        rows[second][9] = rows[first][9]
    return {
        "impossible_birth_year": sorted(rows[i][0] for i in odd),
        "second_account": sorted(f"{rows[a][0]} {rows[b][0]}" for a, b in zip(firsts, seconds, strict=True)),
    }


def campaign_table(shop: Shop) -> Table:
    """The past campaign, one row a member. The control was sent nothing; its channel and time are the plan's."""
    campaign, items, ids = shop.campaign, shop.world.items, shop.world.people.ids
    rows = [
        [
            ids[user], "contacted" if contacted else "control", WINBACK.channel, iso(SENT_AT),
            items.ids()[offer], CATEGORIES[items.category[offer]], WINBACK.name,
        ]
        for user, contacted, offer in zip(
            campaign.user.tolist(), campaign.contacted.tolist(), campaign.offer.tolist(), strict=True
        )
    ]  # fmt: skip
    return Table(CAMPAIGN_HEADER, sorted(rows), {})
