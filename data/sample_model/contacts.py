"""Where users live and how to reach them: only domains and number ranges that are reserved for fiction."""

import numpy as np

from data.sample_model.people import COUNTRIES
from data.sample_model.settings import Ints

CITIES: dict[str, tuple[str, ...]] = {
    "GB": ("London", "Leeds", "Bristol", "Glasgow", "Stoke-on-Trent", "Newcastle upon Tyne"),
    "DE": ("Köln", "München", "Leipzig", "Hamburg"),
    "FR": ("Besançon", "Orléans", "Lyon", "Saint-Étienne"),
    "IE": ("Dublin", "Dún Laoghaire", "Cork"),
    "SE": ("Malmö", "Göteborg", "Stockholm"),
    "US": ("Portland, OR", "Boston", "St. Paul"),
    "NL": ("Utrecht", "'s-Hertogenbosch"),
    "ES": ("Málaga", "A Coruña"),
    "PL": ("Łódź", "Kraków"),
}
# Prefixes (country code, then the national number without its 0) and the number of free last digits, as set aside by
# the regulators of each country for film and fiction; none is known to us for NL, ES and PL.
NUMBERS: dict[str, tuple[tuple[str, str, int], ...]] = {
    "GB": (("44", "7700900", 3), ("44", "2079460", 3), ("44", "1134960", 3), ("44", "1174960", 3), ("44", "1632960", 3),
           ("44", "1214960", 3), ("44", "1614960", 3), ("44", "1414960", 3)),
    "DE": (("49", "3023125", 3), ("49", "6990009", 3), ("49", "8999998", 3)),
    "FR": (("33", "63998", 4), ("33", "19900", 4)),
    "IE": (("353", "2091", 5),),
    "SE": (("46", "8465004", 2), ("46", "31390060", 1)),
    "US": (("1", "21255501", 2), ("1", "50355501", 2), ("1", "61755501", 2)),
}  # fmt: skip
FIRST = (
    "ada", "ben", "chloe", "dario", "elif", "finn", "greta", "hugo", "ines", "jonas", "kira", "liam", "maeve", "nils",
    "olga", "pia", "quentin", "rosa", "sami", "tess", "uma", "viktor", "wanda", "yara", "zoe",
)  # fmt: skip
LAST = (
    "ashdown", "berg", "carver", "dorn", "ekholm", "fairley", "gallo", "hart", "iversen", "jansen", "kowal", "lind",
    "marsh", "novak", "oday", "petit", "quist", "rowe", "sorel", "thorne", "ueda", "vance", "weaver", "young", "zeller",
)  # fmt: skip
DOMAINS = ("example.com", "example.org", "example.net", "post.test", "mail.example")
NO_PHONE, NO_EMAIL = 0.12, 0.03


def cities(rng: np.random.Generator, country: Ints) -> list[str]:
    """A city of each user's country; one in twenty is missing."""
    chosen = []
    for code in country.tolist():
        names = CITIES[COUNTRIES[code]]
        chosen.append("" if rng.random() < 0.05 else names[rng.integers(0, len(names))])
    return chosen


def emails(rng: np.random.Generator, size: int) -> list[str]:
    """Distinct addresses under reserved domains; a few are missing."""
    numbers = rng.permutation(90_000)[:size] + 10
    return [
        ""
        if rng.random() < NO_EMAIL
        else f"{FIRST[rng.integers(0, 25)]}.{LAST[rng.integers(0, 25)]}{number}@{DOMAINS[rng.integers(0, 5)]}"
        for number in numbers.tolist()
    ]


def phones(rng: np.random.Generator, country: Ints) -> list[str]:
    """Numbers from ranges reserved for fiction: mostly +44..., some 0044... or national with a leading zero."""
    return [_phone(rng, COUNTRIES[code]) for code in country.tolist()]


def _phone(rng: np.random.Generator, country: str) -> str:
    if country not in NUMBERS or rng.random() < NO_PHONE:
        return ""
    ranges = NUMBERS[country]
    code, prefix, digits = ranges[rng.integers(0, len(ranges))]
    number = f"{prefix}{rng.integers(0, 10**digits):0{digits}d}"
    form = rng.random()
    if country == "US" or form < 0.78:
        return f"+{code}{number}"
    return f"0{number}" if form < 0.93 else f"00{code}{number}"
