"""Settings: the only reader of the environment."""

from worker.settings.settings import Settings, environment, get_settings

__all__ = ["Settings", "environment", "get_settings"]
