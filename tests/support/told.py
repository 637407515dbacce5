"""What a speaker tells that only the test knows of."""

from __future__ import annotations

from edge.messages import Feed, Playback, SpeechReport


def playback(*reports: SpeechReport, instance: str = "speaker", turn_id: str | None = None) -> Playback:
    """News of a speaker whose device is open; ``turn_id``: what sounds."""
    return Playback(
        instance=instance,
        started_mono=0.0,
        turn_id=turn_id,
        output="open",
        voice=None,
        muted=False,
        volume=1.0,
        recent=reports,
    )


class Inbox(list[Feed]):
    """News that wait until they are asked for."""

    def take(self) -> list[Feed]:
        waiting = list(self)
        self.clear()
        return waiting

    def close(self) -> None: ...
