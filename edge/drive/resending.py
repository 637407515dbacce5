"""A drive's messages as they are sent anew, into a guide that runs. Pure."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Sequence

from msgspec.structs import replace

from edge.drive.lines import AnyLine, MqttLine, Outcomes, TriggerNumbers
from edge.messages import new_id

TIMES = ("ts", "seen_at")
KEPT = ("vehicle", "cmd/volume", "cmd/chattiness")
"""The broker may have kept these; whatever else it had kept was refused."""


class Resending:
    """Messages to send, and which of the drive's triggers each outcome is of.

    A guide that knows an id, from the ride itself or an earlier playing, takes its trigger for a repetition:
    each id becomes another one, the same wherever it stands. With the times of that day all would be expired.
    """

    def __init__(self, lines: Sequence[AnyLine]) -> None:
        self.messages: list[MqttLine] = []
        self._ids: dict[str, str] = {}
        """The drive's → ours."""
        self._sent: defaultdict[tuple[str, str], deque[int]] = defaultdict(deque)
        """Topic and payload → numbers in the drive."""
        numbers = TriggerNumbers()
        for line in lines:
            number = numbers.count(line)
            if isinstance(line, MqttLine) and not (line.retain and line.topic not in KEPT):
                message = replace(line, payload=self._anew(line), retain=False)
                self.messages.append(message)
                self._sent[message.topic, message.payload].append(number)

    def outcomes(self, came: Sequence[AnyLine]) -> list[Outcomes]:
        """What became of the drive, by its own numbers; 0: what others sent meanwhile.

        Args:
            came: the lines of whoever recorded the playing, messages included.
        """
        sent = {message: deque(numbers) for message, numbers in self._sent.items()}
        numbers, ours = TriggerNumbers(), {}
        for line in came:
            number = numbers.count(line)
            if isinstance(line, MqttLine) and (waiting := sent.get((line.topic, line.payload))):
                ours[number] = waiting.popleft()
        outcomes = [line for line in came if isinstance(line, Outcomes)]
        return [replace(line, trigger=ours.get(line.trigger, 0)) for line in outcomes]

    def _anew(self, line: MqttLine) -> str:
        try:
            body = json.loads(line.payload.removeprefix("\ufeff"))
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            is_target = line.topic == "cmd/cancel"
            return self._ids.get(line.payload.strip(' \t\r\n"'), line.payload) if is_target else line.payload
        for key in TIMES:
            body.pop(key, None)
        if isinstance(body.get("id"), str | int):
            body["id"] = self._ids.setdefault(str(body["id"]), new_id())
        if "target" in body:
            body["target"] = self._ids.get(str(body["target"]), body["target"])
        return json.dumps(body)  # ASCII: what holds half a character could not be sent otherwise
