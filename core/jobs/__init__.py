"""Long work beside the page: what it is (JobSpec), how it stands (Job), and what carries it out (Runner)."""

from core.jobs.compute import Outcome
from core.jobs.job import Job, JobSpec
from core.jobs.pace import Pace, time_left
from core.jobs.runner import Runner, runner_for

__all__ = ["Job", "JobSpec", "Outcome", "Pace", "Runner", "runner_for", "time_left"]
