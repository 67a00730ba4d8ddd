"""Simulated platforms that speak the vendors' protocols: for the demo, and for tests of faults.

Each is a real HTTP server, and strict where the vendor is: what it accepts, the vendor should accept too.
"""

from worker.demo.simulator.faults import InjectedFault
from worker.demo.simulator.journal import Journal, JournalEntry
from worker.demo.simulator.library import Media
from worker.demo.simulator.platform import Simulated
from worker.demo.simulator.vendors.api_video import SimulatedApiVideo
from worker.demo.simulator.vendors.brightcove import SimulatedBrightcove
from worker.demo.simulator.vendors.bunny import SimulatedBunny
from worker.demo.simulator.vendors.cloudflare import SimulatedCloudflare
from worker.demo.simulator.vendors.fastpix import SimulatedFastPix
from worker.demo.simulator.vendors.jwplayer import SimulatedJwPlayer
from worker.demo.simulator.vendors.mux import SimulatedMux
from worker.demo.simulator.vendors.peertube import SimulatedPeerTube
from worker.demo.simulator.vendors.s3 import SimulatedS3
from worker.demo.simulator.vendors.vimeo import SimulatedVimeo
from worker.demo.simulator.vendors.wistia import SimulatedWistia

_ALL: tuple[type[Simulated], ...] = (
    SimulatedApiVideo,
    SimulatedBrightcove,
    SimulatedBunny,
    SimulatedCloudflare,
    SimulatedFastPix,
    SimulatedJwPlayer,
    SimulatedMux,
    SimulatedPeerTube,
    SimulatedS3,
    SimulatedVimeo,
    SimulatedWistia,
)

SIMULATED = {simulated.name: simulated for simulated in _ALL}
"""By the names of the platforms."""

__all__ = ["SIMULATED", "InjectedFault", "Journal", "JournalEntry", "Media", "Simulated", "SimulatedMux"]
