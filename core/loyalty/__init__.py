"""Who is loyal, by what signs, who is slipping, and how users move between stages."""

from core.loyalty.check import ScoreCheck, score_check, score_check_users
from core.loyalty.definitions import DEFINITIONS
from core.loyalty.limit import Limit, product_limit
from core.loyalty.months import NOT_YET, Stages, move_rule, stage_rule, stages, stages_users
from core.loyalty.parts import PARTS, Weights
from core.loyalty.pauses import MOST_NUMBER, WITHIN, PauseLengths, number_users, pauses, pauses_users
from core.loyalty.repeat import HORIZONS, MOST_ORDERS, Repeat, fair_users, repeat, repeat_users
from core.loyalty.rhythm import Shop
from core.loyalty.score import BANDS, OneScore, Score, score, score_csv, score_of, score_users
from core.loyalty.slipping import (
    LEAST_DAYS,
    UNUSUAL,
    Became,
    Slipping,
    slipping,
    slipping_check,
    slipping_csv,
    slipping_users,
)
from core.loyalty.wallet import BANDS as WALLET_BANDS
from core.loyalty.wallet import (
    NEEDED,
    Requirements,
    Wallet,
    item_columns,
    requirements,
    requirements_users,
    wallet,
    wallet_columns,
    wallet_users,
)
from core.loyalty.wallet import Kind as WalletKind
from core.segments import STAGES

__all__ = [
    "BANDS", "DEFINITIONS", "HORIZONS", "LEAST_DAYS", "MOST_NUMBER", "MOST_ORDERS", "NEEDED", "NOT_YET", "PARTS",
    "STAGES", "UNUSUAL", "WALLET_BANDS", "WITHIN", "Became", "Limit", "OneScore", "PauseLengths", "Repeat",
    "Requirements", "Score", "ScoreCheck", "Shop", "Slipping", "Stages", "Wallet", "WalletKind", "Weights",
    "fair_users",
    "item_columns", "move_rule", "number_users", "pauses", "pauses_users", "product_limit", "repeat", "repeat_users",
    "requirements", "requirements_users", "score", "score_check", "score_check_users", "score_csv", "score_of",
    "score_users", "slipping", "slipping_check", "slipping_csv", "slipping_users", "stage_rule", "stages",
    "stages_users", "wallet", "wallet_columns", "wallet_users",
]  # fmt: skip
