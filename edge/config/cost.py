"""Settings of what a day may cost."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from edge.config.kinds import Section


class CostSettings(Section, frozen=True):
    """What all processes together may spend on paid services in one day, live and ahead."""

    money_per_day: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    """In the currency of the services' prices; absent: no ceiling. From 80 % on remarks are made without paid
    services, and nothing is made ahead; at the ceiling answers are, too. Announcements are spoken as ever.
    Refused while a service that may be asked has no price."""
    tokens_per_day: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None
    """The same for what language models read and write: for accounts that have so many a day."""
    characters_per_day: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None
    """The same for what voices speak: for accounts that have so many a month."""
