"""Learn a head: examples out of the database, directions without labels, a ridge regression within videos."""
