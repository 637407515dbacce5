"""What the speaker says of itself."""

from __future__ import annotations

from edge.process import Health
from edge.speaker.player import Player
from edge.speaker.pool.pool import SoundPool
from edge.speaker.voices.rungs import VoiceRungs


def speaker_health(
    output: str, voices: VoiceRungs, player: Player, pool: SoundPool, *, is_warm: bool, busy: bool
) -> Health:
    """Which voice speaks and to what device, for people and for metrics.

    Args:
        output: the setting.
        is_warm: each voice was tried once.
        busy: something sounds, or is about to.
    """
    states, device = voices.states, player.state
    best = next((name for name, state in states.items() if state == "ok"), None)
    told = [f"speaking via {best or 'nothing'} to {output} ({device.name})"]
    if pool.is_on:
        told.append(f"{pool.size} in pool")
    told += [f"{name}: {state}" for name, state in states.items() if state != "ok"]
    if device.reason:
        told.append(device.reason)
    facts = {f"voice.{name}": state for name, state in states.items()}
    facts["buffer"] = f"{player.buffer_s * 1000:.0f} ms"
    facts["pool"] = pool.fact
    facts["output"] = f"{output}: {device.reason or device.name}"
    ready = best is not None and is_warm
    return Health(ready, "; ".join(told), facts, voices.levels, working=player.working, busy=busy)
