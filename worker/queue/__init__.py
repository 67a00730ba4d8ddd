"""What jobs and publications share as queues: hints, leases, back-off, notification."""
