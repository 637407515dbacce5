"""The environment of a guide by itself, for measurements and for tests."""

from __future__ import annotations

import os
from pathlib import Path

from edge.config import ENV_PREFIX

REPOSITORY = Path(__file__).parents[1]


def own_environment(folder: Path, broker_port: int, shuttle_id: str) -> dict[str, str]:
    """Return settings of a guide that holds nothing back, and says nothing that nobody asked for.

    Nothing that this machine or its user has set has a part in it.

    Args:
        folder: for its sockets, state and log; short enough for socket paths. It is made.
        broker_port: of a broker on loopback, which may be started later.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (empty := folder / "guide.toml").touch()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(REPOSITORY),
        f"{ENV_PREFIX}CONFIG": str(empty),
        f"{ENV_PREFIX}SHUTTLE__ID": shuttle_id,
        f"{ENV_PREFIX}MQTT__PORT": str(broker_port),
        f"{ENV_PREFIX}RUNTIME_DIR": str(folder / "run"),
        f"{ENV_PREFIX}STATE_DIR": str(folder / "state"),
        f"{ENV_PREFIX}COMMENTATOR__CHATTINESS": "unlimited",
        # Who counts requests, scripts replies or measures: those of the pool and the openers switch them on.
        f"{ENV_PREFIX}COMMENTATOR__AHEAD__ENABLED": "false",
        f"{ENV_PREFIX}COMMENTATOR__OPENERS": "false",
        f"{ENV_PREFIX}ANSWERS__OPENERS": "false",
        # Guides run side by side; who wants the console gives it a port of its own.
        f"{ENV_PREFIX}CONSOLE__ENABLED": "false",
    }
