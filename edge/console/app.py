"""The console's web app: pages, their live parts, what their buttons do, and who may come in."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from edge.config import Settings
from edge.console import api
from edge.console.broker_link import BrokerAwayError, BrokerLink, CommandRefusedError
from edge.console.changes import Changes
from edge.console.effective_settings import effective_settings
from edge.console.events import EventStreams
from edge.console.forms import FORMS, fields_of
from edge.console.now import GuideNow
from edge.console.pages import PAGES, Pages
from edge.console.replayed import ReplayRefusedError, Replays
from edge.console.spoken_words import SpokenWords
from edge.console.static_files import STATIC
from edge.console.turn_journal import JournalEntry, NotHadError, journal_of
from edge.console.words import chosen_language, words_in
from edge.http.access import Access, AccountTokens, Guard, address_of, refused
from edge.messages import LANGUAGES, Language

if TYPE_CHECKING:
    from edge.console.desk_line import DeskLines

TOKEN_COOKIE = "shuttle_guide_console"
LANGUAGE_COOKIE = "language"
YEAR_S = 365 * 86_400
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
OPEN_PATHS = frozenset({"/login", "/health", *(f"/static/{name}" for name in STATIC)})
SPOKEN_PATHS = frozenset({"/spoken", "/spoken/events"})
MOST_BODY_BYTES = 4 << 20
"""A drive of some hours; all else is far shorter."""


class ConsoleApp:
    """Answers the requests for pages.

    Args:
        now: what is shown.
        changes: wakes the pages that are open.
        link: says to the guide what people press.
        replays: plays drives.
        spoken: the words that sound.
    """

    def __init__(
        self,
        settings: Settings,
        now: GuideNow,
        changes: Changes,
        link: BrokerLink,
        replays: Replays,
        spoken: SpokenWords,
    ) -> None:
        self._spoken = spoken
        self._replays = replays
        self._settings = settings
        self._link = link
        self._now = now
        self._changes = changes
        self._desks: DeskLines | None = None
        self._pages = Pages(
            now, lambda: (link.is_connected, link.status), partial(effective_settings, settings)
        )
        self._streams = EventStreams(changes)
        self._token = settings.console.token
        self.guard: Guard
        """In front of this app; it counts wrong tokens, also those of the log-in page."""

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", lambda request: RedirectResponse("/driver", 303)),
            *(Route(f"/{name}", partial(self._page, name)) for name in PAGES),
            Route("/spoken", self._spoken_page),
            Route("/spoken/events", self._spoken_events),
            WebSocketRoute("/desk/line", self._desk_line),
            Route("/events/{page}", self._events),
            Route("/journal/{turn_id}", self._journal),
            Route("/replayed", self._replayed, methods=["POST"]),
            Route("/do/{name}", self._do, methods=["POST"]),
            Route("/language", self._choose_language, methods=["POST"]),
            Route("/login", self._login, methods=["GET", "POST"]),
            Route("/logout", self._logout, methods=["POST"]),
            Route("/static/{name}", _static),
        ]

    async def _page(self, name: str, request: Request) -> Response:
        language = self._language(request)
        tried = request.query_params.get("tried", "")[:128]
        page = self._pages.page(
            name,
            language,
            has_token=self._token is not None,
            tried=tried,
            said=request.query_params.get("said", "")[:300],
        )
        return _html(page)

    async def _spoken_page(self, request: Request) -> Response:
        return HTMLResponse(self._pages.page("spoken", self._language(request)))

    async def _spoken_events(self, request: Request) -> Response:
        return self._spoken.stream()

    async def _desk_line(self, socket: WebSocket) -> None:
        """What a desk needs is loaded with the first one: most consoles never have any."""
        from edge.console.desk_line import DeskLines
        from edge.console.desk_sending import OwnGuide

        if self._desks is None:
            guide = OwnGuide(self._now, self._changes, self._link)
            self._desks = DeskLines(self._settings, guide, self._pages.fragment)
        await self._desks.serve(socket, self._language(socket))

    async def _events(self, request: Request) -> Response:
        page = request.path_params["page"]
        if page not in PAGES:
            return refused(404, f"expected one of {', '.join(PAGES)}")
        tried = request.query_params.get("tried", "")[:128]
        return self._streams.response(partial(self._pages.parts, page, self._language(request), tried))

    async def _journal(self, request: Request) -> Response:
        if not self._settings.console.journal:
            return refused(404, "the journal is not shown (console.journal)")
        turn_id, why = request.path_params["turn_id"], ""
        entries: list[JournalEntry] = []
        try:
            entries = await journal_of(turn_id)
        except NotHadError as error:
            why = str(error)
        page = self._pages.page(
            "journal",
            self._language(request),
            has_token=self._token is not None,
            turn_id=turn_id[:64],
            entries=entries,
            why=why,
        )
        return _html(page)

    async def _replayed(self, request: Request) -> Response:
        """A drive that was dropped on the page, as a part of it."""
        try:
            figures = await self._replays.play(await request.body())
        except ReplayRefusedError as error:
            return refused(error.status, str(error))
        return _html(self._pages.fragment("replayed", self._language(request), figures=figures))

    async def _do(self, request: Request) -> Response:
        """A form was sent. A script asks for JSON; without one the browser is led back."""
        name = request.path_params["name"]
        if name not in FORMS:
            return refused(404, f"expected one of {', '.join(FORMS)}")
        words = words_in(self._language(request))
        given = await fields_of(request)
        leaf, body = FORMS[name](given)
        tried = ""
        try:
            sent = await self._link.send(leaf, body)
            tried, said, status = sent.id, words("do.done"), 202
        except CommandRefusedError as error:
            said, status = words("do.failed", why=str(error)), 422
        except BrokerAwayError:
            said, status = words("do.failed", why=words("do.no_broker")), 503
        if "application/json" in request.headers.get("accept", ""):
            return api.json_response({"said": said, "id": tried}, status)
        back = {"try": "/try"}.get(given.get("page", ""), "/driver")
        return RedirectResponse(f"{back}?{urlencode({'said': said, 'tried': tried})}", 303)

    async def _choose_language(self, request: Request) -> Response:
        given = await fields_of(request)
        back = f"/{given['page']}" if given.get("page") in PAGES else "/"
        response = RedirectResponse(back, 303)
        if given.get("language") in LANGUAGES:
            self._set_cookie(response, LANGUAGE_COOKIE, given["language"])
        return response

    async def _login(self, request: Request) -> Response:
        if self._token is None:
            return RedirectResponse("/", 303)
        said, status = "", 200
        words = words_in(self._language(request))
        if request.method == "POST":
            token = (await fields_of(request)).get("token", "").strip()
            address, now = address_of(request.scope), time.monotonic()
            if self.guard.failed.wait_s(address, now):
                said, status = words("login.wait"), 429
            elif AccountTokens({"console": self._token})(token) is None:
                self.guard.failed.add(address, now)
                said, status = words("login.wrong"), 401
            else:
                self.guard.failed.forgive(address)
                response = RedirectResponse("/", 303)
                self._set_cookie(response, TOKEN_COOKIE, token)
                return response
        page = self._pages.page("login", self._language(request), has_token=False, said=said)
        return _html(page, status)

    async def _logout(self, request: Request) -> Response:
        response = RedirectResponse("/login", 303)
        response.delete_cookie(TOKEN_COOKIE, httponly=True, samesite="strict")
        return response

    def _language(self, request: HTTPConnection) -> Language:
        asked = request.cookies.get(LANGUAGE_COOKIE)
        accepted = request.headers.get("accept-language", "")
        return chosen_language(asked, accepted, self._settings.shuttle.language)

    def _set_cookie(self, response: Response, name: str, value: str) -> None:
        secure = self._settings.console.cert_file is not None
        response.set_cookie(name, value, max_age=YEAR_S, httponly=True, samesite="strict", secure=secure)


def make_app(
    settings: Settings, now: GuideNow, changes: Changes, link: BrokerLink, spoken: SpokenWords
) -> ASGIApp:
    """The app behind its guard."""
    replays = Replays()
    console = ConsoleApp(settings, now, changes, link, replays, spoken)
    token = settings.console.token
    access = Access(
        who=AccountTokens({"console": token}) if token else None,
        cookie=TOKEN_COOKIE,
        open_paths=OPEN_PATHS | (SPOKEN_PATHS if settings.console.spoken_open else frozenset()),
        max_body_bytes=MOST_BODY_BYTES,
        content_security_policy=POLICY,
    )
    app = Starlette(routes=[*console.routes(), *api.routes(now, link, replays)])
    console.guard = Guard(app, access)
    return _ToLogin(console.guard)


class _ToLogin:
    """Leads a browser that is not known to the log-in page, instead of showing it JSON."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and "text/html" in Headers(scope=scope).get("accept", "")
        )
        if not is_page:
            await self._app(scope, receive, send)
            return
        turned_away = False

        async def sending(message: Message) -> None:
            nonlocal turned_away
            if message["type"] == "http.response.start" and message["status"] == 401:
                turned_away = scope["path"] != "/login"
            if not turned_away:
                await send(message)

        await self._app(scope, receive, sending)
        if turned_away:
            await RedirectResponse("/login", 303)(scope, receive, send)


def _html(page: str, status: int = 200) -> Response:
    """A browser that may tell nobody where a form comes from would call its origin ``null``."""
    return HTMLResponse(page, status, headers={"referrer-policy": "same-origin"})


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        return refused(404, f"expected one of {', '.join(STATIC)}")
    return STATIC[name].response(request.query_params.get("v"))
