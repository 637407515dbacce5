"""A state directory that is missing is made; one that cannot be made is told in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.lifecycle import _make_state_dir


def test_it_is_made_with_the_folders_that_it_is_in(tmp_path: Path) -> None:
    folder = tmp_path / "lib" / "shuttle-guide"
    _make_state_dir(str(folder))
    assert folder.is_dir()
    _make_state_dir(str(folder))


def test_where_it_cannot_be_made_one_line_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    _make_state_dir(str(tmp_path / "file" / "state"))
    (record,) = caplog.records
    assert record.getMessage() == (
        f"state_dir {tmp_path}/file/state cannot be made (Not a directory): nothing survives a restart"
    )
