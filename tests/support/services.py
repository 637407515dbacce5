"""Services for tests: the built-in entries with what a test changes of them."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.config import BUILT_IN, Service, Settings

PATIENT_SPEAKER = msgspec.convert({"speaker": {"budget": {"initial_ms": 20_000, "max_ms": 20_000}}}, Settings)
"""Nobody is asked beside a voice that is late, whatever else this machine does."""


def budgets(budget_ms: int = 20_000) -> dict[str, str]:
    """Settings with which the best model and voice are waited for so long, in ms.

    A process of ours, or an emulated cloud, may get no processor for a second or two, and no test means that.
    """
    return {
        f"SHUTTLE_GUIDE_{stage}__BUDGET__{bound}": str(budget_ms)
        for stage in ("COMMENTATOR", "SPEAKER")
        for bound in ("INITIAL_MS", "MAX_MS")
    }


def service(name: str, **changes: Any) -> Service:
    """A built-in entry, changed."""
    return msgspec.structs.replace(BUILT_IN[name], **changes)


def with_services(settings: Settings | None = None, /, **changed: Service) -> Settings:
    """Settings whose services are these, beside the built-in ones."""
    return msgspec.structs.replace(settings or Settings(), services=BUILT_IN | changed)
