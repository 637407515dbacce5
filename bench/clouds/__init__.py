"""Emulated clouds: scripted Groq, OpenAI and ElevenLabs on loopback, with set latencies and faults.

``CloudEmulator`` starts them inside a test; ``python -m bench.clouds`` in a process of their own.
What they speak was read from the vendors' SDKs and documents and from published recordings of the
real servers; where a document and a measurement disagree, the measurement won, and the code says so.
"""

from bench.clouds.faults import Fault, FaultKind
from bench.clouds.manner import Manner
from bench.clouds.profile import PROFILES, Profile
from bench.clouds.record import RequestRecord
from bench.clouds.server import CloudEmulator

__all__ = ["PROFILES", "CloudEmulator", "Fault", "FaultKind", "Manner", "Profile", "RequestRecord"]
