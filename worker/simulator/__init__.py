"""A simulated platform that speaks Mux's protocol: for the demo, and for tests of faults.

It is a real HTTP server, and strict where Mux is: what it accepts, Mux should accept too.
"""

from worker.simulator.faults import Fault
from worker.simulator.journal import Entry, Journal
from worker.simulator.library import Media
from worker.simulator.platform import SimulatedMux

__all__ = ["Entry", "Fault", "Journal", "Media", "SimulatedMux"]
