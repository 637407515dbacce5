"""The control port of the emulated clouds: faults are switched and the log is read over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bench.clouds.faults import SERVICE_NAMES, CloudName, Fault, parse_fault
from bench.clouds.record import RequestRecorder

SetFault = Callable[[CloudName, Fault | None, int | None], Awaitable[None]]


def control_app(set_fault: SetFault, recorder: RequestRecorder) -> web.Application:
    """What the control port offers.

    ``POST /_control`` switches a fault: ``{"service": "elevenlabs", "fault": "zero_audio", "times": 1}`` and
    the doses of ``Fault`` by name; a fault of null heals. ``GET /_control/log?service=…`` reads the records
    and ``DELETE /_control/log`` forgets them.
    """

    async def switch(request: web.Request) -> web.Response:
        try:
            fields: Any = await request.json()
            if not isinstance(fields, dict) or fields.get("service") not in SERVICE_NAMES:
                raise ValueError(f"expected a JSON object with 'service' out of {', '.join(SERVICE_NAMES)}")
            service, times = fields.pop("service"), fields.pop("times", None)
            await set_fault(service, parse_fault(fields), times)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"service": service, "fault": fields.get("fault")})

    async def read_log(request: web.Request) -> web.Response:
        return web.json_response(recorder.to_builtins(request.query.get("service")))

    async def forget(_request: web.Request) -> web.Response:
        recorder.records.clear()
        return web.Response(status=204)

    app = web.Application()
    app.add_routes(
        [
            web.post("/_control", switch),
            web.get("/_control/log", read_log),
            web.delete("/_control/log", forget),
        ]
    )
    return app
