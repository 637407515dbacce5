"""All emulated clouds together, each on a loopback port of its own."""

from __future__ import annotations

from collections import deque
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

from bench.clouds import chat_wire
from bench.clouds.chat import EmulatedChat
from bench.clouds.control import control_app
from bench.clouds.elevenlabs import ElevenLabsService
from bench.clouds.faults import CloudName, Fault, FaultKind, FaultSwitch
from bench.clouds.listener import LOOPBACK, CloudListener
from bench.clouds.manner import CANONICAL, Manner
from bench.clouds.pacing import Weather
from bench.clouds.profile import PROFILES, Profile
from bench.clouds.record import RequestRecord, RequestRecorder
from bench.clouds.replies import Reply, scripted_remarks
from bench.clouds.speech import SpeechService
from bench.clouds.tones import decode
from bench.clouds.transcription import Hear, TranscriptionService

GROQ_KEY = "gsk_emulated_groq_key"
OPENAI_KEY = "sk-emulated-openai-key"
ELEVENLABS_KEY = "sk_emulated_elevenlabs_key"


class CloudEmulator:
    """Groq (chat, transcription), OpenAI (both, and speech) and ElevenLabs on loopback.

    They live for the time of an ``async with``.

    Example:
        async with CloudEmulator("seed") as clouds:
            environment = {**os.environ, **clouds.env()}
            ...
            await clouds.set_fault("elevenlabs", "cut_mid_stream", times=1, after_audio_ms=300)
    """

    def __init__(
        self,
        profile: str | Profile = "seed",
        *,
        reply: Reply | None = None,
        reasoning: str = "",
        hear: Hear = decode,
        port: int = 0,
    ) -> None:
        """``reply`` chooses the models' answers; ``reasoning`` is thought before each;
        ``hear`` transcribes (by default it understands what the emulated voices speak).

        ``port``: Groq's; OpenAI, ElevenLabs and the control port follow it. 0 takes any free ones.

        Raises:
            ValueError: there is no profile of that name.
        """
        if isinstance(profile, str):
            if profile not in PROFILES:
                raise ValueError(f"no profile {profile!r}: use one of {', '.join(PROFILES)}")
            profile = PROFILES[profile]
        self.profile = profile
        weather = Weather(profile)
        chosen_reply = reply or scripted_remarks()
        groq = EmulatedChat(chat_wire.GROQ, GROQ_KEY, weather, chosen_reply, reasoning)
        openai = EmulatedChat(chat_wire.OPENAI, OPENAI_KEY, weather, chosen_reply, reasoning)
        speech = SpeechService(OPENAI_KEY, weather)
        elevenlabs = ElevenLabsService(ELEVENLABS_KEY, weather)
        groq_ears = TranscriptionService(chat_wire.GROQ, GROQ_KEY, weather, hear)
        openai_ears = TranscriptionService(chat_wire.OPENAI, OPENAI_KEY, weather, hear)
        self._faults: dict[CloudName, FaultSwitch] = {
            service.faults.service: service.faults
            for service in (groq, openai, speech, elevenlabs, groq_ears, openai_ears)
        }
        self._chats = {"groq": groq, "openai": openai}
        self._recorder = RequestRecorder()
        self._groq = CloudListener([groq, groq_ears], weather, self._recorder)
        self._openai = CloudListener([openai, openai_ears, speech], weather, self._recorder)
        self._elevenlabs = CloudListener([elevenlabs], weather, self._recorder)
        self._listeners = (self._groq, self._openai, self._elevenlabs)
        self._first_port = port
        self._control_port = 0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self.profile.starts_with is not None:
            for switch in self._faults.values():
                switch.set(Fault(kind=self.profile.starts_with))
        try:
            for index, listener in enumerate(self._listeners):
                self._stack.push_async_callback(listener.close)
                await listener.start(self._first_port + index if self._first_port else 0)
            await self._start_control(self._first_port + len(self._listeners) if self._first_port else 0)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def groq_base_url(self) -> str:
        """The ``groq`` SDK appends /openai/v1."""
        return f"http://{LOOPBACK}:{self._groq.port}"

    @property
    def openai_base_url(self) -> str:
        return f"http://{LOOPBACK}:{self._openai.port}/v1"

    @property
    def elevenlabs_base_url(self) -> str:
        return f"http://{LOOPBACK}:{self._elevenlabs.port}"

    @property
    def control_url(self) -> str:
        return f"http://{LOOPBACK}:{self._control_port}/_control"

    @property
    def log(self) -> deque[RequestRecord]:
        """Every request of every service, oldest first."""
        return self._recorder.records

    def requests(self, service: CloudName) -> list[RequestRecord]:
        return self._recorder.of(service)

    def env(self) -> dict[str, str]:
        """The environment that sends the guide to these clouds."""
        return {
            "SHUTTLE_GUIDE_GROQ__BASE_URL": self.groq_base_url,
            "SHUTTLE_GUIDE_OPENAI__BASE_URL": self.openai_base_url,
            "SHUTTLE_GUIDE_ELEVENLABS__BASE_URL": self.elevenlabs_base_url,
            "GROQ_API_KEY": GROQ_KEY,
            "OPENAI_API_KEY": OPENAI_KEY,
            "ELEVENLABS_API_KEY": ELEVENLABS_KEY,
        }

    async def set_fault(
        self, service: CloudName, kind: FaultKind | str, *, times: int | None = None, **doses: Any
    ) -> None:
        """Let a service fail from now on, or for its next ``times`` requests.

        ``doses`` are fields of ``Fault``.

        Raises:
            ValueError: an unknown kind, or one that the service has not got.
        """
        await self._apply(service, Fault(kind=FaultKind(kind), **doses), times)

    def set_manner(self, service: Literal["groq", "openai"], manner: Manner = CANONICAL) -> None:
        """Let a chat service write its streams like this from now on."""
        self._chats[service].manner = manner

    async def heal(self, *services: CloudName) -> None:
        """End the faults of these services, or of all."""
        for service in services or self._faults:
            await self._apply(service, None)

    async def _apply(self, service: CloudName, fault: Fault | None, times: int | None = None) -> None:
        self._faults[service].set(fault, times)
        for listener in self._listeners:
            await listener.apply_faults()

    async def _start_control(self, port: int) -> None:
        app = control_app(self._apply, self._recorder)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, LOOPBACK, port).start()
        self._control_port = runner.addresses[0][1]
