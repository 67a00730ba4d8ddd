"""Simulated platforms that speak the vendors' protocols: for the demo, and for tests of faults.

Each is a real HTTP server, and strict where the vendor is: what it accepts, the vendor should accept too.
"""

from worker.simulator.api_video import SimulatedApiVideo
from worker.simulator.bunny import SimulatedBunny
from worker.simulator.cloudflare import SimulatedCloudflare
from worker.simulator.fastpix import SimulatedFastPix
from worker.simulator.faults import Fault
from worker.simulator.journal import Entry, Journal
from worker.simulator.library import Media
from worker.simulator.mux import SimulatedMux
from worker.simulator.platform import Simulated
from worker.simulator.vimeo import SimulatedVimeo
from worker.simulator.wistia import SimulatedWistia

_ALL: tuple[type[Simulated], ...] = (
    SimulatedApiVideo,
    SimulatedBunny,
    SimulatedCloudflare,
    SimulatedFastPix,
    SimulatedMux,
    SimulatedVimeo,
    SimulatedWistia,
)

SIMULATED = {simulated.name: simulated for simulated in _ALL}
"""By the names of the platforms."""

__all__ = ["SIMULATED", "Entry", "Fault", "Journal", "Media", "Simulated", "SimulatedMux"]
