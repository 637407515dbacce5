"""Models come whole or not at all, whatever the network does, and one line says what was wrong."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from msgspec.structs import replace

from edge.model_files import http_download
from edge.model_files.catalogue import Model, ModelFile
from edge.model_files.fetch import Fetched, Fetcher, FetchError, room_for
from edge.model_files.store import Store, StoreError
from tests.support.file_server import Fault, FileServer
from tests.support.ports import free_port

CONTENT = os.urandom(200_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class NoBar:
    def begin(self, name: str, total: int | None, done: int) -> None:
        pass

    def advance(self, count: int) -> None:
        pass


class Depot(NamedTuple):
    """A store, a server to fetch from, and what a person was told."""

    store: Store
    server: FileServer
    told: list[str]

    def fetch(self, model: Model, mirror: str | None = None, *, timeout_s: float = 30.0) -> list[Fetched]:
        options: Any = {"follow_redirects": True, "max_redirects": 5, "timeout": timeout_s}
        with self.store.held(), httpx.Client(**options) as client:
            mirror = mirror or self.server.url
            return Fetcher(self.store, client, NoBar(), mirror=mirror, say=self.told.append).fetch(model)

    def content(self) -> bytes:
        return (self.store.folder / "llm/tiny/model.gguf").read_bytes()


def a_model(*, pinned: bool = True, size: int | None = len(CONTENT)) -> Model:
    file = ModelFile(name="model.gguf", size=size, sha256=SHA256 if pinned else None)
    return Model(
        name="llm/tiny", role="language model", licence="MIT", source="https://x.invalid/", file=(file,)
    )


@pytest.fixture
def depot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Depot]:
    monkeypatch.setattr(http_download, "FIRST_PAUSE_S", 0.01)
    with FileServer({"/llm/tiny/model.gguf": CONTENT}) as server:
        yield Depot(Store(tmp_path / "models"), server, [])


def test_a_model_comes_and_is_not_fetched_twice(depot: Depot) -> None:
    (fetched,) = depot.fetch(a_model())
    assert (fetched.sha256, fetched.first_seen) == (SHA256, False)
    assert depot.content() == CONTENT
    assert depot.fetch(a_model()) == []
    assert [path.name for path in depot.store.cache.iterdir()] == [".lock"]


def test_what_was_cut_in_the_middle_goes_on_where_it_stopped(depot: Depot) -> None:
    depot.server.faults.extend(["cut", "cut"])
    depot.fetch(a_model())
    assert depot.content() == CONTENT
    assert depot.server.ranges == [None, "bytes=100000-", "bytes=150000-"]
    assert len(depot.told) == 2


def test_a_later_fetch_goes_on_with_what_an_earlier_one_left(depot: Depot) -> None:
    depot.server.faults.extend(["cut", "404"])
    with pytest.raises(FetchError, match="404"):
        depot.fetch(a_model())
    depot.fetch(a_model())
    assert depot.content() == CONTENT
    assert depot.server.ranges[-1] == "bytes=100000-"


def test_a_server_that_ignores_ranges_sends_it_all_again(depot: Depot) -> None:
    depot.server.faults.extend(["cut", "ignores_range"])
    depot.fetch(a_model())
    assert depot.content() == CONTENT


def test_a_file_that_changed_meanwhile_is_begun_anew(depot: Depot) -> None:
    depot.server.files["/llm/tiny/model.gguf"] = os.urandom(len(CONTENT))
    depot.server.faults.extend(["cut", "404"])
    with pytest.raises(FetchError):
        depot.fetch(a_model())
    depot.server.files["/llm/tiny/model.gguf"] = CONTENT
    depot.fetch(a_model())
    assert depot.content() == CONTENT


def test_a_part_that_the_server_no_longer_continues_is_begun_anew(depot: Depot) -> None:
    depot.server.faults.extend(["cut", "416"])
    depot.fetch(a_model())
    assert depot.content() == CONTENT
    assert depot.server.ranges[-1] is None


@pytest.mark.parametrize("passing", ["503", "silent", "slow", "redirect", "no_length"])
def test_what_passes_does_no_harm(depot: Depot, passing: Fault) -> None:
    depot.server.faults.append(passing)
    depot.fetch(a_model(), timeout_s=2.0 if passing == "silent" else 30.0)
    assert depot.content() == CONTENT


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        (["404"], "404"),
        (["short"], "100000 bytes instead of 200000"),
        (["web_page"], "a web page"),
        (["cut", "other_part"], "another part"),
        (["redirect_loop"], "redirects"),
        (["503"] * 9, "tried 4 times"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_pass_is_one_line_and_leaves_nothing_in_place(
    depot: Depot, faults: list[Fault], told: str
) -> None:
    depot.server.faults.extend(faults)
    with pytest.raises(FetchError, match=told) as caught:
        depot.fetch(a_model())
    assert "\n" not in str(caught.value)
    assert "llm/tiny/model.gguf" in str(caught.value)
    assert not depot.store.complete(a_model())


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_in_a_row_there_is_the_whole_file_or_none(depot: Depot, seed: int) -> None:
    chance = random.Random(seed)
    faults: list[Fault] = [
        "cut",
        "short",
        "no_length",
        "ignores_range",
        "other_part",
        "web_page",
        "416",
        "503",
    ]
    for _ in range(6):
        depot.server.faults.extend(chance.choices(faults, k=4))
        try:
            depot.fetch(a_model())
        except FetchError:
            assert not (depot.store.folder / "llm/tiny/model.gguf").exists()
        else:
            assert depot.content() == CONTENT
        depot.server.faults.clear()
    depot.fetch(a_model())
    assert depot.content() == CONTENT


def test_a_wrong_checksum_is_refused_and_thrown_away(depot: Depot) -> None:
    depot.server.files["/llm/tiny/model.gguf"] = CONTENT[:-1] + b"?"
    with pytest.raises(FetchError, match="checksum is wrong"):
        depot.fetch(a_model())
    assert [path.name for path in depot.store.cache.iterdir()] == [".lock"]
    assert not depot.store.complete(a_model())


def test_without_a_network_the_line_says_so_and_names_the_way_out(depot: Depot) -> None:
    with pytest.raises(FetchError, match=r"127\.0\.0\.1 cannot be reached .* --mirror FOLDER"):
        depot.fetch(a_model(), mirror=f"http://127.0.0.1:{free_port()}")


def test_another_models_folder_is_a_mirror(depot: Depot, tmp_path: Path) -> None:
    depot.fetch(a_model())
    other = Depot(Store(tmp_path / "other"), depot.server, [])
    depot.server.files.clear()
    other.fetch(a_model(), mirror=str(depot.store.folder))
    assert other.content() == CONTENT
    with pytest.raises(FetchError, match="the mirror does not have it"):
        Depot(Store(tmp_path / "third"), depot.server, []).fetch(a_model(), mirror=str(tmp_path))


def test_what_nobody_vouches_for_is_kept_to_what_came_first(depot: Depot) -> None:
    unpinned = a_model(pinned=False, size=None)
    (fetched,) = depot.fetch(unpinned)
    assert (fetched.sha256, fetched.first_seen) == (SHA256, True)
    shutil.rmtree(depot.store.folder / "llm")
    depot.server.files["/llm/tiny/model.gguf"] = b"something else"
    with pytest.raises(FetchError, match="checksum is wrong"):
        depot.fetch(unpinned)
    depot.server.files["/llm/tiny/model.gguf"] = CONTENT
    (fetched,) = depot.fetch(unpinned)
    assert not fetched.first_seen


def test_a_length_that_nobody_knows_is_refused(depot: Depot) -> None:
    depot.server.faults.append("no_length")
    with pytest.raises(FetchError, match="does not say how long"):
        depot.fetch(a_model(pinned=False, size=None))


def test_a_disk_without_room_is_told_before_anything_comes(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(depot.store.folder.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with depot.store.held(), pytest.raises(FetchError, match="0 MiB are free"):
        room_for(depot.store, [a_model()])
    with pytest.raises(FetchError, match="the disk lacks"):
        depot.fetch(a_model(size=None))


def test_two_fetches_do_not_write_the_same_file(depot: Depot) -> None:
    with depot.store.held(), pytest.raises(StoreError, match="another fetch"):
        depot.fetch(a_model())


def test_https_is_not_left_for_plain_http(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "https":
            return httpx.Response(302, headers={"Location": "http://elsewhere.invalid/model.gguf"})
        return httpx.Response(200, content=CONTENT)

    store = Store(tmp_path)
    client = httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True)
    with store.held(), pytest.raises(FetchError, match="plain http"):
        Fetcher(store, client, NoBar()).fetch(a_model())


@pytest.mark.parametrize("length", ["²", "٣", "1" * 5000, "1_0", "+5", ""])
def test_a_length_that_is_none_is_one_line(tmp_path: Path, length: str) -> None:
    headers = [(b"Content-Length", length.encode("latin-1", "replace"))]

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(CONTENT))

    store = Store(tmp_path)
    client = httpx.Client(transport=httpx.MockTransport(answer))
    with store.held(), pytest.raises(FetchError, match="does not say how long"):
        Fetcher(store, client, NoBar()).fetch(a_model(pinned=False, size=None))


@pytest.mark.parametrize(
    "told", ["bytes {}-9/" + "9" * 5000, "bytes ٥-9/10", "bytes " + "9" * 5000 + "-1/10"]
)
def test_a_range_that_is_none_is_one_line(tmp_path: Path, told: str) -> None:
    """The first answer is cut, the second says this of itself."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "Range" not in request.headers:
            headers = {"Content-Length": "9", "ETag": '"a"'}
            return httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"1234"))
        return httpx.Response(206, headers=[(b"Content-Range", told.format(4).encode())], content=b"56789")

    client = httpx.Client(transport=httpx.MockTransport(answer))
    store = Store(tmp_path)
    with store.held(), pytest.raises(FetchError, match=r"another part|does not say how long"):
        Fetcher(store, client, NoBar()).fetch(a_model(pinned=False, size=None))


def test_a_mirror_with_a_password_is_encrypted_or_on_this_machine(depot: Depot) -> None:
    with pytest.raises(FetchError, match="unencrypted") as refused:
        depot.fetch(a_model(), mirror="http://user:hush-hush@depot.example")
    assert "hush" not in str(refused.value)
    depot.fetch(a_model(), mirror=depot.server.url.replace("://", "://user:hush-hush@"))
    assert depot.content() == CONTENT


def test_sources_are_tried_in_turn(depot: Depot) -> None:
    (absent, wrong, good) = ("/absent/", "/wrong/", "/good/")
    files = {f"{wrong}model.gguf": CONTENT[:-1] + b"?", f"{good}model.gguf": CONTENT}

    def answer(request: httpx.Request) -> httpx.Response:
        content = files.get(request.url.path)
        if content is None:
            return httpx.Response(404)
        length = {"Content-Length": str(len(content))}
        return httpx.Response(200, headers=length, stream=httpx.ByteStream(content))

    sources = tuple(f"https://x.invalid{path}" for path in (absent, wrong, good))
    client = httpx.Client(transport=httpx.MockTransport(answer))
    with depot.store.held():
        (fetched,) = Fetcher(depot.store, client, NoBar()).fetch(replace(a_model(), source=sources))
    assert (fetched.sha256, depot.content()) == (SHA256, CONTENT)
    shutil.rmtree(depot.store.folder / "llm")
    with depot.store.held(), pytest.raises(FetchError, match=r"404.*; the checksum is wrong") as caught:
        Fetcher(depot.store, client, NoBar()).fetch(replace(a_model(), source=sources[:2]))
    assert "\n" not in str(caught.value)
