"""Says at a play's end, in plain words, which shuttles could not be reached any more and were left."""

from __future__ import annotations

from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: went_away
type: notification
short_description: Which shuttles went away in the middle
description: One line for each shuttle that was there at first, behind the recap.
"""


class CallbackModule(CallbackBase):
    """Hears of each task whose shuttle cannot be reached; tells each shuttle once."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "went_away"

    def __init__(self) -> None:
        super().__init__()
        self._last_task: dict[str, str] = {}

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._last_task[result._host.get_name()] = result._task.get_name()

    def v2_playbook_on_stats(self, stats: Any) -> None:
        for host in sorted(stats.dark):  # without those whose absence was told and ignored (present.yml)
            task = self._last_task.get(host, "?")
            self._display.display(
                f'{host} WENT AWAY at "{task}" and was left. Run the same again when it is back.'
            )
