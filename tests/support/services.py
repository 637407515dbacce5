"""Services for tests: the built-in entries with what a test changes of them."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.config import BUILT_IN, Service, Settings

PATIENT = {
    f"SHUTTLE_GUIDE_{stage}__BUDGET__{bound}": "20000"
    for stage in ("COMMENTATOR", "SPEAKER")
    for bound in ("INITIAL_MS", "MAX_MS")
}
"""The best rung speaks, however late a busy machine makes it; for tests that are not about that."""


def service(name: str, **changes: Any) -> Service:
    """A built-in entry, changed."""
    return msgspec.structs.replace(BUILT_IN[name], **changes)


def with_services(settings: Settings | None = None, /, **changed: Service) -> Settings:
    """Settings whose services are these, beside the built-in ones."""
    return msgspec.structs.replace(settings or Settings(), services=BUILT_IN | changed)
