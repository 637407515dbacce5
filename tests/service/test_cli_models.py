"""``shuttle-guide models`` as a person uses it, against a mirror on loopback."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from edge.model_files.catalogue import load_catalogue
from tests.support.command import Ended, shuttle_guide
from tests.support.file_server import FileServer
from tests.support.guide import clean_environment
from tests.support.ports import free_port

VOICE = b"onnx" * 1000
CATALOGUE = """
[[model]]
name = "piper/mine"
role = "voice"
licence = "CC0-1.0"
languages = ["ru"]
source = "https://host.invalid/mine/"
[[model.file]]
name = "mine.onnx"
size = {size}
sha256 = "{sha256}"

[[model]]
name = "llm/unpinned"
role = "language model"
licence = "MIT"
source = "https://host.invalid/unpinned/"
[[model.file]]
name = "unpinned.gguf"
"""


class Desk:
    """A folder with a catalogue and a models folder."""

    def __init__(self, folder: Path, mirror: str) -> None:
        self.folder = folder
        self.catalogue = folder / "own.toml"
        self.catalogue.write_text(
            CATALOGUE.format(size=len(VOICE), sha256=hashlib.sha256(VOICE).hexdigest()), "utf-8"
        )
        self._settings = {
            "SHUTTLE_GUIDE_MODELS_DIR": str(folder / "models"),
            "SHUTTLE_GUIDE_MODELS_MIRROR": mirror,
        }

    async def models(self, *arguments: str) -> Ended:
        environment = clean_environment(self.folder, free_port()) | self._settings
        own = ("--catalogue", str(self.catalogue))
        return await shuttle_guide("models", *own, *arguments, environment=environment, folder=self.folder)


async def test_list_fetch_verify_path(tmp_path: Path) -> None:
    files = {"/piper/mine/mine.onnx": VOICE, "/llm/unpinned/unpinned.gguf": b"gguf"}
    with FileServer(files) as server:
        desk = Desk(tmp_path, server.url)
        before = await desk.models("path", "mine")
        assert (before.exit_code, before.out) == (1, "")
        assert "models fetch piper/mine" in before.err

        fetched = await desk.models("fetch", "mine", "llm")
        assert fetched.exit_code == 0, fetched.err
        assert "nobody vouches for its checksum" in fetched.err
        assert "mine.onnx" not in fetched.err

        path = await desk.models("path", "mine")
        assert Path(path.out.strip()).read_bytes() == VOICE
        listed = json.loads((await desk.models("list", "--json")).out)
        assert [(model["name"], model["here"]) for model in listed["models"]] == [
            *(("piper/mine", "yes"), ("llm/unpinned", "yes"))
        ]
        assert (await desk.models("verify")).exit_code == 0

        Path(path.out.strip()).write_bytes(VOICE[:-1] + b"?")
        bad = await desk.models("verify")
        assert (bad.exit_code, bad.out.splitlines()[0]) == (1, "WRONG CHECKSUM piper/mine/mine.onnx")


async def test_what_cannot_be_done_is_one_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path, f"http://127.0.0.1:{free_port()}")
    for arguments, told in (
        (("fetch", "nothing"), "there is no model 'nothing'"),
        (("fetch", "--require-pinned", "mine", "llm"), "llm/unpinned: no checksum"),
        (("fetch", "mine", "--mirror", str(tmp_path / "absent")), "the mirror does not have it"),
        (("--dir", "/proc/models", "fetch", "mine"), "cannot be written"),
    ):
        ended = await desk.models(*arguments)
        assert ended.exit_code == 1
        (line,) = ended.err.splitlines()
        assert told in line


def test_the_guides_own_catalogue_is_the_one_in_the_models_folder() -> None:
    shown = Path(__file__).parents[2] / "models/catalogue.toml"
    assert load_catalogue().models == load_catalogue(shown).models
