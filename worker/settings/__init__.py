"""Settings: the only reader of the environment."""

from worker.settings.settings import Settings, environment, get_settings
from worker.settings.strays import find_strays, warn_of_strays

__all__ = ["Settings", "environment", "find_strays", "get_settings", "warn_of_strays"]
