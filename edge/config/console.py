"""Settings of the console: the pages on which people look at the guide."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from edge.config.kinds import Port, Section
from edge.config.secret import Secret


class ConsoleSettings(Section, frozen=True):
    """The console's pages and their REST API. See docs/console.md."""

    enabled: bool = True
    """``false``: no page is served."""
    address: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    """An address of this machine. Any but a loopback address needs a token (credential ``console_token``) and
    a certificate. As a unit of systemd the console asks for the token on loopback, too."""
    port: Port = 8484
    cert_file: str | None = None
    """The certificate (PEM, with its chain) that browsers are shown, with ``key_file``."""
    key_file: str | None = None
    token: Secret | None = None
    spoken_open: bool = False
    """Show the passengers' page ``/spoken`` without a token, to whoever reaches this address: what is said,
    answers too, and nothing else."""
    passengers_words: bool = False
    """Show on the driver's page what passengers say while they say it. It is never kept."""
    journal: bool = False
    """Show engineers a turn's journal. On a device the unit needs the group ``systemd-journal`` for it."""
