"""What one caller may take of the receiver: bytes, seconds and connections.

Here and not beside the code that keeps them, because the first process must not import the application: what
it counts has no folder yet.
"""

MAX_BODY_BYTES = 256 * 1024  # platforms send 2 to 20 kB
MAX_LINE_BYTES = 2048
MAX_HEADERS = 64
MAX_HEADER_BYTES = 8190
MAX_DRAINED_BYTES = 1024 * 1024  # of a body that was refused, so that its sender reads why before we hang up

HEAD_TIMEOUT_S = 3.0  # from the first byte of a head to its last; a new connection's first byte included
KEEPALIVE_S = 15  # for the first byte of a later request
REQUEST_TIMEOUT_S = 10.0  # from the end of the head until the answer is there; no platform waits longer
SEND_TIMEOUT_S = 30.0  # more until its caller has read it: a large picture at 30 kB/s

#: Of a process; with an eighth more that are being closed, and those to the database, below the 1024 files
#: that Linux allows by default.
MAX_CONNECTIONS = 800
#: Of bodies and answers, of a process: 96 of the largest bodies. docker-compose.yml has the sum of it all.
MAX_HELD_BYTES = 24 * 1024 * 1024
