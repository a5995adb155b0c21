"""What a campaign changed: saved lists, and the honest reading of what came after them."""

from core.experiments.brought import bring_list
from core.experiments.effect import SRM_ALARM, effect, newcombe, srm_p, two_proportion_p, welch, wilson
from core.experiments.people import responders
from core.experiments.readout import readout
from core.experiments.stored import delete_saved, get_saved, list_saved, save_list, saved_users
from core.experiments.types import ARMS, Arm, ArmName, Effect, Readout, SavedList

__all__ = [
    "ARMS",
    "SRM_ALARM",
    "Arm",
    "ArmName",
    "Effect",
    "Readout",
    "SavedList",
    "bring_list",
    "delete_saved",
    "effect",
    "get_saved",
    "list_saved",
    "newcombe",
    "readout",
    "responders",
    "save_list",
    "saved_users",
    "srm_p",
    "two_proportion_p",
    "welch",
    "wilson",
]
