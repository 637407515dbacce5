"""The REST API, ``/api/v1/…``: the JSON of the MQTT interface, over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.clock import Moment
from edge.console import openapi
from edge.console.api_bodies import (
    AcceptedBody,
    CommandOrder,
    DroppedBody,
    HealthBody,
    LiveTurnBody,
    TurnsBody,
)
from edge.console.broker_link import BrokerAwayError, BrokerLink, CommandRefusedError, Sent
from edge.console.now import GuideNow
from edge.console.replayed import ReplayRefusedError, Replays
from edge.http.access import refused
from edge.ingest.native_control import COMMANDS
from edge.messages import Dropped


class _ApiError(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


Limit = Annotated[int, Meta(ge=1, le=200)]


class Api:
    """Answers the API's requests."""

    def __init__(self, now: GuideNow, link: BrokerLink, replays: Replays) -> None:
        self._now = now
        self._link = link
        self._replays = replays

    async def state(self, request: Request) -> Response:
        return json_response(self._now.state(Moment.now().date))

    async def turns(self, request: Request) -> Response:
        limit = _converted(request.query_params.get("limit", "50"), Limit, "limit")
        wanted = request.query_params.get("trigger_id")
        turns = [turn for turn in self._now.turns if wanted in (None, turn.trigger_id)][-limit:]
        live = [turn for turn in self._now.live.values() if wanted in (None, turn.trigger_id)]
        drops = [drop for drop in self._now.drops if wanted in (None, drop.trigger_id)]
        return json_response(
            TurnsBody(turns, [LiveTurnBody(*each) for each in live], [_dropped(drop) for drop in drops])
        )

    async def trigger(self, request: Request) -> Response:
        return await self._send("event", await _json_object(request))

    async def announce(self, request: Request) -> Response:
        return await self._send("announce", await _json_object(request))

    async def commands(self, request: Request) -> Response:
        order = _converted(await _json_object(request), CommandOrder, "the body")
        if order.name not in COMMANDS:
            raise _ApiError(422, f"name: expected one of {', '.join(COMMANDS)}")
        value = order.value
        return await self._send(
            f"cmd/{order.name}", "" if value is None else value if isinstance(value, str) else f"{value:.6g}"
        )

    async def drives(self, request: Request) -> Response:
        try:
            return json_response(await self._replays.play(await request.body()))
        except ReplayRefusedError as error:
            raise _ApiError(error.status, str(error)) from error

    async def health(self, request: Request) -> Response:
        missing = self._now.missing
        return json_response(HealthBody(not missing, [*missing], self._link.status))

    async def document(self, request: Request) -> Response:
        return json_response(openapi.document())

    async def _send(self, leaf: str, body: dict[str, Any] | str) -> Response:
        try:
            sent: Sent = await self._link.send(leaf, body)
        except CommandRefusedError as error:
            raise _ApiError(422, str(error)) from error
        except BrokerAwayError as error:
            raise _ApiError(503, str(error)) from error
        return json_response(AcceptedBody(*sent), 202)


def routes(now: GuideNow, link: BrokerLink, replays: Replays) -> list[Route]:
    api = Api(now, link, replays)
    root = "/api/v1"
    return [
        Route("/health", _told(api.health)),
        Route(f"{root}/health", _told(api.health)),
        Route(f"{root}/openapi.json", _told(api.document)),
        Route(f"{root}/state", _told(api.state)),
        Route(f"{root}/turns", _told(api.turns)),
        Route(f"{root}/trigger", _told(api.trigger), methods=["POST"]),
        Route(f"{root}/announce", _told(api.announce), methods=["POST"]),
        Route(f"{root}/commands", _told(api.commands), methods=["POST"]),
        Route(f"{root}/drives", _told(api.drives), methods=["POST"]),
    ]


def json_response(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def _told(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Answers what is wrong with a request in one line."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except _ApiError as error:
            return refused(error.status, str(error))

    return answered


async def _json_object(request: Request) -> dict[str, Any]:
    body = await request.body()
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _ApiError(400, f"expected a JSON object: {error}") from error
    if not isinstance(found, dict):
        raise _ApiError(400, f"expected a JSON object, got {type(found).__name__}")
    return found


def _converted(value: Any, kind: Any, name: str) -> Any:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _ApiError(422, f"{name}: {error}") from error


def _dropped(drop: Dropped) -> DroppedBody:
    return DroppedBody(drop.trigger_id, drop.kind, drop.reason, drop.received_at)
