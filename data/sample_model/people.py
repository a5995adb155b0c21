"""The customers: role, community, rhythm, and the attributes of the users file that do not depend on what they do."""

from dataclasses import dataclass

import numpy as np

from data.sample_model.settings import (
    BOT,
    DAYS,
    DEVICE_MIX,
    GUEST,
    LAPSING,
    LOYAL,
    N_BOTS,
    N_COMMUNITIES,
    N_GUESTS,
    N_RESELLERS,
    N_USERS,
    NEW,
    ONE_OFF,
    REGULAR,
    RESELLER,
    ROLES,
    SHARES,
    WINDOW,
    Floats,
    Ints,
)

COUNTRIES = ("GB", "DE", "FR", "IE", "SE", "US", "NL", "ES", "PL")
COUNTRY_MIX = (0.46, 0.13, 0.11, 0.08, 0.06, 0.05, 0.05, 0.03, 0.03)

RHYTHM = {LOYAL: (38, 50, 0.35), REGULAR: (98, 140, 0.60), LAPSING: (32, 44, 0.35), NEW: (40, 60, 0.80)}
LOOKS_A_YEAR = {LOYAL: 8.0, REGULAR: 4.9, LAPSING: 4.5, NEW: 9.0, ONE_OFF: 18.0, WINDOW: 4.6}
SLOWS_BEFORE_STOP, SLOW_FACTOR = 75, 2.0


@dataclass(frozen=True)
class People:
    """One entry a person: the users of the users file, then guests (who have no id). Days count from the first day.

    `rhythm` is the mean number of busy days between orders (0: does not order by rhythm), `cv` its coefficient of
    variation; `since` and `until` bound the days on which the person may come; `looks` is visits without buying a year.
    """

    ids: list[str]
    role: Ints
    community: Ints
    joined: Ints
    since: Floats
    until: Floats
    rhythm: Floats
    cv: Floats
    looks: Floats
    country: Ints
    main_device: Ints
    consent: Ints

    def having(self, *roles: int) -> Ints:
        """Rows of the people in any of these roles."""
        return np.flatnonzero(np.isin(self.role, roles))


def make_people(rng: np.random.Generator) -> People:
    """All people; ids are given in order of joining, as a shop gives them."""
    role = _roles(rng)
    size = len(role)
    joined, since, until = _lives(rng, role)
    rhythm, cv, looks = np.zeros(size), np.zeros(size), np.zeros(size)
    for kind, (low, high, variation) in RHYTHM.items():
        rows = role == kind
        rhythm[rows] = np.round(rng.uniform(low, high, rows.sum()), 1)
        cv[rows] = variation
    for kind, number in LOOKS_A_YEAR.items():
        rows = role == kind
        looks[rows] = number * rng.gamma(2.0, 0.5, rows.sum())
    community = np.where(np.isin(role, [BOT]), -1, rng.integers(0, N_COMMUNITIES, size))
    return People(
        ids=_ids(rng, joined, size),
        role=role,
        community=np.asarray(community, np.int64),
        joined=joined,
        since=since,
        until=until,
        rhythm=rhythm,
        cv=cv,
        looks=looks,
        country=np.asarray(rng.choice(len(COUNTRIES), size, p=COUNTRY_MIX), np.int64),
        main_device=np.asarray(rng.choice(len(DEVICE_MIX), size, p=DEVICE_MIX), np.int64),
        consent=_consents(rng, size),
    )


def _roles(rng: np.random.Generator) -> Ints:
    shoppers = N_USERS - N_BOTS - N_RESELLERS
    counts = np.round(np.array(SHARES) * shoppers).astype(int)
    counts[-1] += shoppers - counts.sum()
    users = np.concatenate([np.repeat(np.arange(len(SHARES)), counts), [BOT] * N_BOTS, [RESELLER] * N_RESELLERS])
    assert len(users) == N_USERS
    assert ROLES[GUEST] == "guest"
    return np.asarray(np.concatenate([rng.permutation(users), [GUEST] * N_GUESTS]), np.int64)


def _lives(rng: np.random.Generator, role: Ints) -> tuple[Ints, Floats, Floats]:
    """Day of joining, and the days between which each person may come."""
    size = len(role)
    latest = np.full(size, 1.0)
    share_old = np.full(size, 0.70)
    for kind, settled, last in ((REGULAR, 0.70, 220), (LOYAL, 0.80, 120), (WINDOW, 0.5, 330), (ONE_OFF, 0.25, 330)):
        latest[role == kind] = last
        share_old[role == kind] = settled
    old = rng.random(size) < share_old
    joined = np.where(old, -rng.integers(5, 1_500, size), np.floor(rng.uniform(0, latest)))
    joined = np.where(role == LAPSING, -rng.integers(5, 1_500, size), joined)
    joined = np.where(role == NEW, np.floor(rng.uniform(DAYS - 85, DAYS - 2, size)), joined)
    since = np.maximum(joined, 0.0)
    until = np.full(size, float(DAYS))
    until = np.where(role == LAPSING, rng.uniform(235, DAYS - 90, size), until)
    moment = np.clip(np.where(old, rng.uniform(0, DAYS, size), since + rng.exponential(9, size)), 0, DAYS - 1.0)
    one_off = role == ONE_OFF
    until = np.where(one_off, np.minimum(moment + rng.exponential(10, size) + 0.5, DAYS), until)
    since = np.where(one_off, np.maximum(moment - rng.exponential(12, size), since), since)
    return np.asarray(joined, np.int64), since, until


def _ids(rng: np.random.Generator, joined: Ints, size: int) -> list[str]:
    """Six digits with leading zeros, rising with the day of joining; guests have none."""
    numbers = np.sort(rng.choice(np.arange(112, 99_990), N_USERS, replace=False))
    ids = [""] * size
    for number, row in zip(numbers, np.argsort(joined[:N_USERS], kind="stable"), strict=True):
        ids[row] = f"{number:06d}"
    return ids


def _consents(rng: np.random.Generator, size: int) -> Ints:
    """Consent to email, SMS and post, (people, 3): 1 yes, 0 no, -1 never asked."""
    return np.stack(
        [rng.choice([1, 0, -1], size, p=odds) for odds in ([0.64, 0.27, 0.09], [0.34, 0.50, 0.16], [0.52, 0.30, 0.18])],
        axis=1,
    ).astype(np.int64)
