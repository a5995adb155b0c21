"""Where users' attention goes, how it is divided, what it turns into, and how it fades."""

from core.attention.fading_fit import Fade
from core.attention.fatigue import Fatigue, fatigue, fatigue_users
from core.attention.fatigue_runs import FatigueQuestion, Per, exposure_events
from core.attention.fatigue_slope import Slope
from core.attention.flow import Flow, FlowQuestion, flow, flow_users
from core.attention.launch import Launch, launch, launch_users
from core.attention.launch_counts import LaunchQuestion, launch_events
from core.attention.path_visits import item_events
from core.attention.paths import PathQuestion, Paths, paths, paths_users

__all__ = [
    "Fade",
    "Fatigue",
    "FatigueQuestion",
    "Flow",
    "FlowQuestion",
    "Launch",
    "LaunchQuestion",
    "PathQuestion",
    "Paths",
    "Per",
    "Slope",
    "exposure_events",
    "fatigue",
    "fatigue_users",
    "flow",
    "flow_users",
    "item_events",
    "launch",
    "launch_events",
    "launch_users",
    "paths",
    "paths_users",
]
