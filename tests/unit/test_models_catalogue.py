"""The catalogue: ours is good, a bad one is refused in one line, and no entry points out of the folder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from edge.config import Settings
from edge.ladder import RungError
from edge.listener.recognizers.whisper_model import find_model
from edge.model_files.catalogue import Catalogue, CatalogueError, load_catalogue
from edge.model_files.voices import piper_voices

CATALOGUE = load_catalogue()
ENTRY = """
[[model]]
name = "{name}"
role = "voice"
licence = "MIT"
source = "{source}"
[[model.file]]
name = "{file}"
"""


def written(tmp_path: Path, **changes: str) -> Path:
    path = tmp_path / "catalogue.toml"
    entry = {"name": "piper/x", "source": "https://host.example/x/", "file": "x.onnx"} | changes
    path.write_text(ENTRY.format(**entry), "utf-8")
    return path


def test_every_model_that_the_settings_name_by_default_is_there() -> None:
    assert CATALOGUE.find_one(f"whisper/{Settings().listener.recognizer.whisper.model}")


def test_each_role_and_each_language_has_a_model() -> None:
    assert {model.role for model in CATALOGUE.models} == {
        *("recognizer", "vad", "voice", "speaker embedding", "language model", "turn end")
    }
    voices = {language for model in CATALOGUE.models if model.role == "voice" for language in model.languages}
    assert voices == {"ru", "en", "id"}


def test_a_pinned_model_comes_from_a_fixed_address() -> None:
    for model in CATALOGUE.models:
        for source in model.sources:
            assert not (model.pinned and "/resolve/main/" in source), model.name


def test_a_whisper_model_has_all_that_the_recognizer_looks_for() -> None:
    for model in CATALOGUE.find("whisper"):
        names = {file.name for file in model.file}
        assert {"model.bin", "config.json", "tokenizer.json"} <= names
        assert any(name.startswith("vocabulary.") for name in names)


def test_sources_are_https_and_each_has_a_licence() -> None:
    for model in CATALOGUE.models:
        assert model.licence
        assert all(urlsplit(source).scheme == "https" for source in model.sources)


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "../x"},
        {"name": "piper/.."},
        {"name": "piper/a/b"},
        {"name": "elsewhere/x"},
        {"file": "../../etc/passwd"},
        {"file": "/etc/passwd"},
        {"file": ".."},
        {"file": ".lock"},
        {"file": "a\\nb"},
        {"source": "http://host.example/x/"},
        {"source": "file:///etc/"},
        {"source": "https://host.example/x"},
    ],
    ids=lambda bad: "-".join(bad),
)
def test_what_could_lead_elsewhere_is_refused(tmp_path: Path, bad: dict[str, str]) -> None:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(written(tmp_path, **bad))
    assert "\n" not in str(caught.value)


def test_a_catalogue_that_is_no_catalogue_is_one_line(tmp_path: Path) -> None:
    for text in ("[[model", "model = 3", '[[model]]\nname = "piper/x"', "\xff"):
        (tmp_path / "bad.toml").write_text(text, "latin-1")
        with pytest.raises(CatalogueError, match=r"bad\.toml"):
            load_catalogue(tmp_path / "bad.toml")
    with pytest.raises(CatalogueError, match="cannot be used"):
        load_catalogue(tmp_path / "absent.toml")


def test_a_site_may_have_its_own(tmp_path: Path) -> None:
    own = load_catalogue(written(tmp_path))
    assert [model.name for model in own.models] == ["piper/x"]
    assert not own.models[0].pinned


def test_models_are_found_by_name_short_name_and_folder() -> None:
    assert [model.name for model in CATALOGUE.find("base")] == ["whisper/base"]
    assert {model.role for model in CATALOGUE.find("piper")} == {"voice"}
    with pytest.raises(CatalogueError, match="no model 'nothing'"):
        CATALOGUE.find("nothing")
    with pytest.raises(CatalogueError, match="are several"):
        CATALOGUE.find_one("whisper")
    doubled = Catalogue((*CATALOGUE.models, msgspec.structs.replace(CATALOGUE.models[0], name="llm/tiny")))
    with pytest.raises(CatalogueError, match="ambiguous"):
        doubled.find("tiny")


def test_the_settings_find_models_where_they_are_fetched_to() -> None:
    settings = msgspec.convert(
        {
            "models_dir": "/m",
            "piper": {"voices": {"ru": "ru_RU-denis-medium", "en": "/opt/en.onnx", "id": "own.onnx"}},
        },
        Settings,
    )
    assert piper_voices(settings) == {
        "ru": Path("/m/piper/ru_RU-denis-medium/ru_RU-denis-medium.onnx"),
        "en": Path("/opt/en.onnx"),
        "id": Path("own.onnx"),
    }
    with pytest.raises(RungError, match="not found in /m/whisper/base"):
        find_model(settings, "base")
