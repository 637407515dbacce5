"""What is known of sound that was torn, so that a failure can be told from a hole."""

from __future__ import annotations

from typing import Any

COUNTERS = ("underflows", "overflows", "frames_dropped")
"""The loudspeaker ran dry; the microphone was not read in time, or not listened to."""


def lost_sound(scene: Any) -> dict[str, int]:
    """How often, by counter; of a scene with a ``guide`` or with a ``speaker`` alone.

    A ``room`` adds what was lost in it.
    """
    if hasattr(scene, "guide"):
        processes = scene.guide.state.get("processes", {}).values()
        told = [process["counters"] for process in processes]
    else:
        told = [scene.speaker.state.counters] if scene.speaker.state else []
    lost = {name: sum(counters.get(name, 0) for counters in told) for name in COUNTERS}
    return lost | ({"room": scene.room.lost_blocks} if hasattr(scene, "room") else {})
