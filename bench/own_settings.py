"""The settings of a guide by itself, for measurements and for tests."""

from __future__ import annotations

from pathlib import Path

from edge.config import ENV_PREFIX


def own_settings(folder: Path, broker_port: int, shuttle_id: str) -> dict[str, str]:
    """Environment variables of a guide that holds nothing back, and says nothing that nobody asked for.

    No settings file of this machine has a part in it.

    Args:
        folder: for its sockets and its state; must be there.
        broker_port: of a broker on loopback.
    """
    (empty := folder / "guide.toml").touch()
    return {
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
