"""What one caller may take of the receiver: bytes, seconds and connections.

Here and not beside the code that keeps them, because the first process must not import the application: what
it counts has no folder yet.
"""

MAX_BODY_BYTES = 256 * 1024  # platforms send 2 to 20 kB
MAX_LINE_BYTES = 2048
MAX_HEADERS = 64
MAX_HEADER_BYTES = 8190
MAX_DRAINED_BYTES = 1024 * 1024  # of a body that was refused, so that its sender reads why before we hang up

HEAD_TIMEOUT_S = 3.0  # for the whole head of a connection's first request
KEEPALIVE_S = 15  # for that of a later one, with the pause before it: both cost the same
REQUEST_TIMEOUT_S = 10.0  # from the end of the head to the last byte of the answer; no platform waits longer

MAX_CONNECTIONS = (
    800  # of a process; with those to the database below the 1024 files that Linux allows by default
)
