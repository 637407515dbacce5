"""The index follows the folder, survives a restart, and is harmed by no file."""

from __future__ import annotations

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge.commentator.knowledge import Knowledge, files
from edge.commentator.knowledge.files import MAX_FILE_BYTES
from edge.commentator.knowledge.index import Entry
from tests.support.waiting import PATIENCE_S


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / "cafe.md").write_text("# Café\n\nOpen until ten.", encoding="utf-8")
    return folder


def sources(knowledge: Knowledge, question: str) -> list[str]:
    return [passage.source for passage in knowledge.search(question, "en")]


def test_new_changed_and_removed_pages_are_noticed(folder: Path) -> None:
    knowledge = Knowledge(folder, ("en",))
    assert knowledge.refresh()
    assert not knowledge.refresh()
    (folder / "sub").mkdir()
    (folder / "sub" / "beach.md").write_text("# Beach\n\nBlack sand.", encoding="utf-8")
    assert knowledge.refresh()
    assert sources(knowledge, "where is the beach") == ["sub/beach.md"]
    (folder / "cafe.md").write_text("# Pottery\n\nClay.", encoding="utf-8")
    assert knowledge.refresh()
    assert sources(knowledge, "café") == []
    assert sources(knowledge, "pottery") == ["cafe.md"]
    (folder / "cafe.md").unlink()
    assert knowledge.refresh()
    assert sources(knowledge, "pottery") == []
    assert knowledge.page_count() == 1


def test_a_file_that_was_only_touched_is_not_news(folder: Path) -> None:
    knowledge = Knowledge(folder, ("en",))
    knowledge.refresh()
    os.utime(folder / "cafe.md", (1, 1))
    assert not knowledge.refresh()
    assert sources(knowledge, "café") == ["cafe.md"]


def test_the_index_is_kept_between_starts(folder: Path, tmp_path: Path) -> None:
    first = Knowledge(folder, ("en",), tmp_path / "index.db")
    first.refresh()
    first.close()
    second = Knowledge(folder, ("en",), tmp_path / "index.db")
    assert sources(second, "café") == ["cafe.md"]
    assert not second.refresh()


@pytest.mark.parametrize("content", [b"", b"this is no database", b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_index_is_made_anew(folder: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "index.db").write_bytes(content)
    knowledge = Knowledge(folder, ("en",), tmp_path / "index.db")
    assert knowledge.refresh()
    assert sources(knowledge, "café") == ["cafe.md"]


def test_an_index_of_another_making_is_made_anew(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("edge.commentator.knowledge.index.scheme", lambda: "an older one")
        old = Knowledge(folder, ("en",), tmp_path / "index.db")
        old.refresh()
        old.close()
    assert Knowledge(folder, ("en",), tmp_path / "index.db").refresh()


def test_where_nothing_can_be_written_the_index_is_in_memory(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    knowledge = Knowledge(folder, ("en",), tmp_path / "not there" / "index.db")
    knowledge.refresh()
    assert sources(knowledge, "café") == ["cafe.md"]
    assert "kept in memory" in caplog.text


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"# Caf\xe9\n\nOpen.", "expected UTF-8 text, came byte 0xe9 in line 1; save it as UTF-8"),
        (b"\x7fELF\0\0\0", "came a NUL in line 1"),
        (b"x" * (MAX_FILE_BYTES + 1), f"at most {MAX_FILE_BYTES} bytes"),
        (
            (b"|a" * 256 + b"|\n" + b"|-" * 256 + b"|\n" + b"a\n" * 64 + b"\n") * 8,
            "expected at most 100000 parts",
        ),
    ],
)
def test_a_file_that_is_no_page_is_skipped_with_one_line(
    folder: Path, caplog: pytest.LogCaptureFixture, content: bytes, complaint: str
) -> None:
    (folder / "bad.md").write_bytes(content)
    knowledge = Knowledge(folder, ("en",))
    with caplog.at_level(logging.INFO):
        knowledge.refresh()
        knowledge.refresh()
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("knowledge: bad.md skipped: ")
    assert complaint in line
    assert sources(knowledge, "café") == ["cafe.md"]


def test_a_file_whose_name_is_no_text_is_skipped_with_one_line(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / os.fsdecode(b"temp\xe9l.md")).write_text("# Temple\n\nOpen until six.", encoding="utf-8")
    knowledge = Knowledge(folder, ("en",))
    knowledge.refresh()
    knowledge.refresh()
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == "knowledge: temp l.md skipped: expected a name in UTF-8; rename it"
    assert sources(knowledge, "café") == ["cafe.md"]


def test_more_pages_than_can_be_held_are_told_of_once(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 2)
    for number in range(3):
        (folder / f"z{number}.md").write_text(f"# Temple {number}\n\nOpen.", encoding="utf-8")
    knowledge = Knowledge(folder, ("en",))
    knowledge.refresh()
    knowledge.refresh()
    assert knowledge.page_count() == 2
    (line,) = [record.getMessage() for record in caplog.records]
    assert "holds more than 2 pages" in line


def test_what_a_link_leads_to_outside_the_folder_is_not_told_to_passengers(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "safe.md").write_text("# Safe\n\nIts number is seven.", encoding="utf-8")
    (folder / "safe.md").symlink_to(outside / "safe.md")
    (folder / "outside").symlink_to(outside)
    (folder / "nowhere.md").symlink_to(outside / "nowhere.md")
    (folder / "menu.md").symlink_to(folder / "cafe.md")
    knowledge = Knowledge(folder, ("en",))
    knowledge.refresh()
    knowledge.refresh()
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("knowledge: safe.md skipped: expected a page in this folder, came a link")
    assert sources(knowledge, "safe") == []
    assert sources(knowledge, "café") == ["cafe.md", "menu.md"]


def test_questions_are_answered_while_a_large_page_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowledge = Knowledge(folder, ("en",))
    knowledge.refresh()
    reading, answered = threading.Event(), threading.Event()

    def read_slowly(*_: object) -> list[Entry]:
        reading.set()
        assert answered.wait(PATIENCE_S), "nobody could ask meanwhile"
        return []

    monkeypatch.setattr("edge.commentator.knowledge.knowledge.entries_of", read_slowly)
    (folder / "large.md").write_text("# Large", encoding="utf-8")
    with ThreadPoolExecutor() as threads:
        refreshed = threads.submit(knowledge.refresh)
        assert reading.wait(PATIENCE_S)
        assert sources(knowledge, "café") == ["cafe.md"]
        assert knowledge.page_count() == 1
        answered.set()
        assert refreshed.result()
    assert knowledge.page_count() == 2


def test_a_page_that_went_bad_is_not_quoted_any_more(folder: Path) -> None:
    knowledge = Knowledge(folder, ("en",))
    knowledge.refresh()
    (folder / "cafe.md").write_bytes(b"\0")
    assert knowledge.refresh()
    assert sources(knowledge, "café") == []


def test_a_repaired_page_is_back(folder: Path) -> None:
    (folder / "beach.md").write_bytes(b"\xff")
    knowledge = Knowledge(folder, ("en",))
    knowledge.refresh()
    (folder / "beach.md").write_text("# Beach\n\nBlack sand.", encoding="utf-8")
    assert knowledge.refresh()
    assert sources(knowledge, "beach") == ["beach.md"]


def test_other_and_hidden_files_are_no_pages(folder: Path) -> None:
    for name in (".draft.md", "photo.jpg", "notes.txt"):
        (folder / name).write_text("# Draft\n\nSecret.", encoding="utf-8")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.md").write_text("# Draft\n\nSecret.", encoding="utf-8")
    (folder / "dangling.md").symlink_to("nowhere.md")
    knowledge = Knowledge(folder, ("en",))
    knowledge.refresh()
    assert knowledge.page_count() == 1


def test_a_folder_that_is_gone_leaves_what_is_known(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    knowledge = Knowledge(folder, ("en",))
    knowledge.refresh()
    folder.rename(folder.with_name("elsewhere"))
    assert not knowledge.refresh()
    assert not knowledge.refresh()
    assert sources(knowledge, "café") == ["cafe.md"]
    assert len(caplog.records) == 1


def test_questions_are_answered_while_the_folder_is_read_again(folder: Path) -> None:
    knowledge = Knowledge(folder, ("en",))
    knowledge.refresh()
    for number in range(50):
        (folder / f"page{number}.md").write_text(f"# Page {number}\n\nBlack sand.", encoding="utf-8")
    with ThreadPoolExecutor(2) as threads:
        refreshed = threads.submit(knowledge.refresh)
        while not refreshed.done():
            assert sources(knowledge, "café") == ["cafe.md"]
    assert refreshed.result()
    assert knowledge.page_count() == 51


def test_an_index_that_fails_is_made_anew(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    knowledge = Knowledge(folder, ("en",))
    knowledge.refresh()
    knowledge._index.close()
    assert sources(knowledge, "café") == []
    assert "made anew" in caplog.text
    assert knowledge.refresh()
    assert sources(knowledge, "café") == ["cafe.md"]
