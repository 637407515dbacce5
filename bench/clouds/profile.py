"""How fast and how steady the emulated clouds are."""

from __future__ import annotations

from dataclasses import dataclass

from bench.clouds.faults import FaultKind


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Latencies in seconds, as a client on this machine sees them."""

    name: str
    first_token_s: float = 0.380
    """Request to first token. A model that reasons spends it, and its reasoning tokens, before content."""
    per_token_s: float = 0.004
    voice_first_byte_s: float = 0.075
    """From the text that sets a generation off to its first audio."""
    transcription_s: float = 0.250
    """From the whole of a short utterance to its transcript."""
    audio_speedup: float = 8.0
    """Audio leaves at this multiple of real time, once it has begun."""
    connection_setup_s: float = 0.120
    """TCP, TLS and routing: added to the first request of every new TCP connection."""
    idle_close_s: float = 60.0
    """A kept connection without a request is closed after this."""
    jitter_s: float = 0.0
    """Each latency is longer by a random amount up to this."""
    stall_probability: float = 0.0
    """For each token and each piece of audio."""
    stall_s: float = 0.0
    seed: int = 1
    """Seed of the random numbers behind jitter and stalls: the same seed, the same weather."""
    starts_with: FaultKind | None = None
    """A fault that every service has from the start."""


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(name="seed"),
        Profile(name="fast", first_token_s=0.120),
        Profile(
            name="lossy",
            connection_setup_s=0.300,
            idle_close_s=15.0,
            jitter_s=0.150,
            stall_probability=0.04,
            stall_s=0.700,
        ),
        Profile(name="dead", starts_with=FaultKind.REFUSE),
        Profile(name="hanging", starts_with=FaultKind.HANG_BEFORE_HEADERS),
    )
}
"""``seed``: the latencies that the design's figures are stated for; ``fast``: a quicker model;
``lossy``: a moving vehicle's mobile network; ``dead``: nobody listens; ``hanging``: dead in the other way,
each connection is accepted and nothing ever comes of it."""
