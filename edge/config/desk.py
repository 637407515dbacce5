"""Settings of a person's terminal: the recognizer server that ``listen`` and ``desk`` hear with."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from edge.config.kinds import Port, Section
from edge.config.recognizer_server import DictationLanguage
from edge.config.secret import Secret


class DeskSettings(Section, frozen=True):
    """``shuttle-guide desk``, ``listen --server`` and the console's desk. See docs/desk.md."""

    server: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    """The recognizer server: a name or an address, with ``:PORT`` where its data port is not 8012; ``wss``
    unless it is on this machine. ``ws://…`` goes there unencrypted, and without a token only."""
    control_port: Port | None = None
    """Where the server takes commands, which a chosen language is; absent: the port below its data port."""
    language: DictationLanguage | None = None
    """What is dictated; absent: the server finds it out, or has one of its own."""
    token: Secret | None = None
    """Where the server asks for one."""
    ca_file: str | None = None
    """Whose certificates count; absent: the system's authorities."""
    input: Annotated[str, Meta(min_length=1)] = "default"
    """The microphone, as ``listener.input`` names one."""
    clipboard: bool = True
    """Put each finished sentence and each selection into the terminal's clipboard (OSC 52). On the console's
    desk: whether each finished sentence is copied until the page is told otherwise."""
