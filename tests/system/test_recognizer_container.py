"""The recognizer server's container, really built and run: Dockerfile, script, health, user, drain.

The engines are buildah and Podman; the base image is a root file system that is made here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import websockets

from edge.listener.recognizers.cloud import encode_wav
from tests.support.containers import ContainerEngine, container_engine, containers_missing
from tests.support.ports import free_port
from tests.support.recognizer_server import DataClient, needs_voice, sentence
from tests.support.synthetic_whisper import make_model
from tests.support.waiting import until

NEEDS_NO_MACHINE = True
"""An engine of containers on this one is enough."""
MISSING = containers_missing()
pytestmark = [
    pytest.mark.skipif(MISSING is not None, reason=f"containers: {MISSING}"),
    pytest.mark.timeout(1200),  # the first build installs all packages
]
ROOT = Path(__file__).parents[2]
IMAGE = "localhost/shuttle-guide-recognizer:latest"
NAME = "shuttle-guide-recognizer"
VOLUME = f"{NAME}_models"
USER = 10014
TOKEN = "a-token-of-a-test"
HEARD = "shuttle goes to the beach"
REFERENCE = """\
WHISPER_MODEL=base
REALTIME_MODEL=base
LANGUAGE=en
POST_SPEECH_SILENCE_DURATION=0.7
MIN_LENGTH_OF_RECORDING=0.5
SILERO_SENSITIVITY=0.5
"""


class Depot:
    """A copy of what the build is given, the image of it, and the operator's folder."""

    def __init__(self, folder: Path, engine: ContainerEngine) -> None:
        self.engine, self.tree, self.etc = engine, folder / "tree", folder / "etc"
        self.tree.mkdir()
        ignored = (ROOT / ".dockerignore").read_text()
        for given in (".dockerignore", "deploy/fleet/recognizer", *re.findall(r"(?m)^!(.+)$", ignored)):
            copy = shutil.copytree if (ROOT / given).is_dir() else shutil.copy2
            (self.tree / given).parent.mkdir(parents=True, exist_ok=True)
            if not (self.tree / given).exists():
                copy(
                    ROOT / given, self.tree / given, **({"symlinks": True} if copy is shutil.copytree else {})
                )
        self.control, self.data = free_port(), free_port()
        engine.environment |= {
            "RECOGNIZER_ETC": str(self.etc),
            "RECOGNIZER_CONTROL": str(self.control),
            "RECOGNIZER_DATA": str(self.data),
        }
        (self.etc / "credentials").mkdir(parents=True)
        (self.etc / "recognizer.env").write_text(REFERENCE)
        (self.etc / "credentials/recognizer_server_token").write_text(TOKEN)
        for path in (self.etc, *self.etc.rglob("*")):
            os.chown(path, USER, USER)
            path.chmod(0o500 if path.is_dir() else 0o400)
        engine.make_base()
        self.build()

    def script(self, doing: str, engine: str = "podman") -> str:
        script = self.tree / "deploy/fleet/recognizer/engine.sh"
        ended = self.engine.run("env", f"ENGINE={engine}", script, doing)
        return ended.stdout + ended.stderr

    def build(self) -> str:
        return self.script("build", "buildah")

    def inside(self, *command: str, check: bool = True) -> str:
        return self.engine.run("podman", "exec", NAME, *command, check=check).stdout

    def bring_model(self) -> None:
        self.engine.run("podman", "volume", "create", VOLUME)
        told = self.engine.run("podman", "volume", "inspect", "--format", "{{.Mountpoint}}", VOLUME).stdout
        make_model(Path(told.strip()) / "whisper/base", hears=HEARD, languages=("en", "ru"))

    def healthy(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.control}/health").status_code == 200
        except httpx.HTTPError:
            return False

    def remove(self) -> None:
        self.engine.run("podman", "rm", "--force", "--ignore", NAME, check=False)
        self.engine.run("podman", "volume", "rm", "--force", VOLUME, check=False)


@pytest.fixture(scope="module")
def depot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Depot]:
    folder = tmp_path_factory.mktemp("depot")
    folder.chmod(0o755)
    with container_engine(folder) as engine:
        yield Depot(folder, engine)


@contextlib.asynccontextmanager
async def running(depot: Depot) -> AsyncIterator[None]:
    depot.remove()  # of a run that was killed
    try:
        depot.bring_model()
        depot.script("run")
        await until(depot.healthy, within_s=120)
        yield
    finally:
        depot.remove()


async def test_it_is_healthy_recognises_and_runs_as_somebody_who_may_nothing(depot: Depot) -> None:
    async with (
        running(depot),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{depot.control}", timeout=60) as client,
    ):
        depot.engine.run("podman", "healthcheck", "run", NAME)
        assert NAME in depot.script("status")
        said = {"file": ("said.wav", encode_wav(np.zeros(16_000, np.float32)))}
        asked = "/v1/audio/transcriptions"
        assert (await client.post(asked, files=said)).status_code == 401
        told = await client.post(
            asked, files=said, data={"model": "any"}, headers={"Authorization": f"Bearer {TOKEN}"}
        )
        assert told.status_code == 200
        status = depot.inside("cat", "/proc/1/status")
        assert re.findall(r"(?m)^(?:Uid|Gid):\t(\d+)", status) == [str(USER)] * 2
        assert re.findall(r"(?m)^CapEff:\t(\w+)", status) == ["0" * 16]
        assert re.findall(r"(?m)^NoNewPrivs:\t(\d)", status) == ["1"]
        for path in ("/opt/shuttle-guide/x", "/var/lib/shuttle-guide/models/x"):
            tried = depot.engine.run("podman", "exec", NAME, "touch", path, check=False)
            assert "Read-only file system" in tried.stderr, path
        assert depot.inside("cat", "/etc/pip.conf", check=False) == "", "what the build was told is not kept"


@needs_voice
async def test_what_was_said_is_still_told_when_it_is_stopped(depot: Depot) -> None:
    address = f"ws://127.0.0.1:{depot.data}/?token={TOKEN}"
    async with running(depot), websockets.connect(address, ping_timeout=None) as socket:
        client = DataClient(socket)
        await client.speak(sentence(1))
        await client.until(lambda told: told["type"] == "recording_start")
        stopping = asyncio.create_task(asyncio.to_thread(depot.engine.run, "podman", "stop", NAME))
        assert (await client.sentence()).startswith("shuttle")
        with contextlib.suppress(websockets.ConnectionClosed):
            async for _ in socket:
                pass
        assert socket.close_code == 1012
        await stopping
        ended = depot.engine.run("podman", "inspect", "--format", "{{.State.ExitCode}}", NAME).stdout
        assert ended.strip() == "0"
        assert "stopping: what was said is still told" in depot.engine.run("podman", "logs", NAME).stderr
        depot.script("stop")
        assert NAME not in depot.script("status")


def test_without_a_token_it_does_not_start(depot: Depot) -> None:
    refused = depot.engine.run("podman", "run", "--rm", IMAGE, check=False)
    assert refused.returncode == 78
    assert "expected a token" in refused.stderr


def test_a_change_of_code_makes_the_layers_of_code_alone(depot: Depot) -> None:
    with (depot.tree / "edge/recognizer_server/outbox.py").open("a") as file:
        file.write(f"# {uuid.uuid4()}\n")  # which no former run has built
    steps = re.split(r"(?m)^STEP ", depot.build())[1:]
    remade = [re.sub(r"^\d+/\d+: ", "", step).split()[0:2] for step in steps[1:] if "Using cache" not in step]
    assert [name for name, _ in remade] == ["COPY", "RUN", "WORKDIR", "USER"], remade
    assert remade[0][1] == "edge"
