"""The console process, beside whatever else runs in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.support.ports import free_port
from tests.support.process_alone import ProcessAlone


class ConsoleBeside(ProcessAlone):
    """``shuttle-guide run console`` on a free port; ready means that pages are served."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        port = free_port()
        settings = {"SHUTTLE_GUIDE_CONSOLE__ENABLED": "true", "SHUTTLE_GUIDE_CONSOLE__PORT": str(port)}
        super().__init__("console", folder, settings | dict(environment or {}))
        self.url = f"http://127.0.0.1:{port}"
