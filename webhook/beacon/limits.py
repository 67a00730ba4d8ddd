"""What one caller may take of the beacon, and how long what was counted stays in a process."""

MAX_SEEN_BYTES = 16 * 1024  # of one batch
MAX_EVENTS = 100  # in one batch
MAX_WATCH_S = 1800.0  # the snippet tells no more of one view
MAX_AGENT_CHARACTERS = 512

#: Of one address and one process; a page with a player sends two or three a visit.
BATCHES_A_MINUTE = 60
MAX_ADDRESSES = 200_000  # that are counted in one minute: 30 MB
IDS_KEPT = 100_000  # of batches, to know one that comes again

FLUSH_S = 5.0  # so much is lost where a process is killed, alike in all variants
#: 128 buckets of 1,500 tests. More than run at once anywhere we know of; a process holds 60 MB then.
MAX_CELLS = 200_000
#: Events that wait for the next flush: four times 10,000 a second, and 25 MB.
MAX_WAITING = 200_000

MAX_HELD_BYTES = 16 * 1024 * 1024  # of bodies and answers, of a process
CONNECTIONS = 4  # to the database, of a process
