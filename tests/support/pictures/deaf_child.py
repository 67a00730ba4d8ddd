"""A process in the place of the one that reads pictures, which never reads."""

from __future__ import annotations

import time

if __name__ == "__main__":
    time.sleep(60)
