"""The REST API, called by its own document with whatever fits it and whatever does not (schemathesis)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.support.broker import Broker
from tests.support.console_alone import ConsoleAlone

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed (make setup)")
pytestmark = pytest.mark.timeout(300)
EXAMPLES = 25
OURS = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
"""What is asked of each answer, beside being no error of the server."""


async def test_no_request_breaks_the_api_and_each_answer_is_as_documented(
    broker: Broker, tmp_path: Path
) -> None:
    async with ConsoleAlone(tmp_path, broker.port) as console:
        console.all_ready()
        await console.until(
            lambda: bool(console.state and "connected to" in console.state.status), "its broker"
        )
        await asyncio.to_thread(_call_everything, console.address)
        assert console.state
        assert console.state.ready


def _call_everything(address: str) -> None:
    schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
    for found in schema.get_all_operations():
        _call(found.ok())


def _call(operation: Any) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def call(case: Any) -> None:
        case.validate_response(case.call(), checks=_checks())

    call()


def _checks() -> list[Any]:
    checks = schemathesis.checks
    return [
        checks.not_a_server_error,
        *(getattr(schemathesis.specs.openapi.checks, name) for name in OURS),
    ]
