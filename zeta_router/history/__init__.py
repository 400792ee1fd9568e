"""What a log tells people: its attempts, statistics, exports, and what a router would decide with it today."""

from zeta_router.history.attempts import LoggedAttempt, logged_attempts
from zeta_router.history.reading import looking_back, open_log
from zeta_router.history.statistics import ModelStatistics, Statistics, statistics
from zeta_router.history.today import decide_today, todays_fold

__all__ = [
    "LoggedAttempt",
    "ModelStatistics",
    "Statistics",
    "decide_today",
    "logged_attempts",
    "looking_back",
    "open_log",
    "statistics",
    "todays_fold",
]
