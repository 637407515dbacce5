"""What ``shuttle-guide report`` packs for support, on a machine of stubs that tell all that they know."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from edge.doctor import report
from edge.doctor.report import NotHadError, journal_line
from edge.journal_events import MessageId
from tests.support.canaries import KEY, PASSWORD, PROMPT, QUESTION, parts_found
from tests.support.command import shuttle_guide
from tests.support.guide import clean_environment
from tests.support.ports import free_port
from tests.support.waiting import until

SPEAKER = "shuttle-guide-speaker.service"
OURS = {
    "_SYSTEMD_UNIT": SPEAKER,
    "_TRANSPORT": "journal",
    "_PID": "812",
    "SHUTTLE_ID": "shuttle-01",
    "PRIORITY": "6",
    "__REALTIME_TIMESTAMP": "1790000000000000",
}
TURN = OURS | {"MESSAGE_ID": MessageId.TURN_ENDED.value, "MESSAGE": f"announcement spoken: {QUESTION}"}
TURN |= {"KIND": "announcement", "OUTCOME": "spoken", "TTFA_MS": "412.5", "STAGE_FIRST_SAMPLE_MS": "410.0"}
JOURNAL = (
    TURN,
    OURS | {"MESSAGE_ID": MessageId.MESSAGE_REFUSED.value, "CODE": "no_text", "MESSAGE": f"came {QUESTION}"},
    OURS | {"MESSAGE_ID": MessageId.AUDIO_LOST.value, "DEVICE": "shuttle_speaker", "MESSAGE": "it is gone"},
    OURS | {"PRIORITY": "4", "MESSAGE": f"the key {KEY} is not taken"},
    OURS | {"MESSAGE": f"a line of every day: {QUESTION}"},
    OURS | {"_TRANSPORT": "stdout", "PRIORITY": "3", "MESSAGE": f"a library heard {QUESTION}"},
    OURS | {"_SYSTEMD_UNIT": "shuttle-guide-llm.service", "PRIORITY": "3", "MESSAGE": PROMPT},
    OURS | {"_SYSTEMD_UNIT": "other.service", "PRIORITY": "3", "MESSAGE": QUESTION},
    OURS | {"_SYSTEMD_UNIT": "init.scope", "_PID": "1", "UNIT": SPEAKER, "MESSAGE": "Main process exited"},
    OURS | {"MESSAGE_ID": [1, 2], "MESSAGE": None, "PRIORITY": None},
)


def stub(folder: Path, name: str, script: str) -> None:
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def packed(path: Path) -> dict[str, str]:
    """Name → content."""
    files = {}
    with tarfile.open(path) as archive:
        for entry in archive.getmembers():
            file = archive.extractfile(entry)
            assert file is not None
            files[Path(entry.name).name] = file.read().decode()
    return files


async def test_no_key_and_no_word_gets_in_from_anywhere(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_text(
        "\n".join(json.dumps(line, ensure_ascii=False) for line in JOURNAL) + "\nnot JSON [[\n"
    )
    stub(tmp_path, "journalctl", f'case "$*" in *--reverse*) tac {journal};; *) exit 1;; esac')
    stub(tmp_path, "nvpmodel", f"env; echo 'NV Power Mode: 25W'; cat {tmp_path}/.env")
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\nHF_TOKEN={KEY}\n")
    (tmp_path / ".env").chmod(0o600)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "elevenlabs_api_key").write_text(KEY)
    (credentials / "mqtt_events_password").write_text(PASSWORD)
    environment = clean_environment(tmp_path, free_port())
    environment |= {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "CREDENTIALS_DIRECTORY": str(credentials),
        "GROQ_API_KEY": KEY,
        "SHUTTLE_GUIDE_GROQ__BASE_URL": "http://127.0.0.1:9",
        "SHUTTLE_GUIDE_ELEVENLABS__BASE_URL": f"http://user:{PASSWORD}@127.0.0.1:9",
        "SHUTTLE_GUIDE_OPENAI__BASE_URL": f"http://127.0.0.1:9/v1?api_key={PASSWORD}",
        "SHUTTLE_GUIDE_MODELS_MIRROR": f"https://user:{PASSWORD}@127.0.0.1",
        "HTTPS_PROXY": f"http://user:{PASSWORD}@127.0.0.1:9",
    }
    file = tmp_path / "r.tar.gz"
    before = os.umask(0)
    try:
        ended = await shuttle_guide("report", str(file), environment=environment, folder=tmp_path)
    finally:
        os.umask(before)
    assert ended.exit_code == 0, ended.err
    assert file.stat().st_mode & 0o777 == 0o600
    files = packed(file)
    whole = "\n".join(files.values()) + ended.out + ended.err
    assert not parts_found(whole), parts_found(whole)
    assert "NV Power Mode: 25W" in files["power.txt"]
    kept = [json.loads(line) for line in files["journal-0.jsonl"].splitlines()[1:]]
    assert [line.get("EVENT") or line["MESSAGE"] for line in kept] == [
        "TURN_ENDED",
        "MESSAGE_REFUSED",
        "AUDIO_LOST",
        "the key *** is not taken",
        "Main process exited",
    ]
    assert kept[0]["TTFA_MS"] == "412.5"
    assert kept[0]["STAGE_FIRST_SAMPLE_MS"] == "410.0"
    assert {check["name"] for check in json.loads(files["doctor.json"])} >= {"python", "broker", "speaker"}
    assert json.loads(files["settings.json"])["services"]["groq"]["api_key"] == "(set)"
    assert "not had: power.txt: nvfancontrol -q: No such file or directory" in files["contents.txt"]
    assert all(name in files["contents.txt"] for name in files.keys() - {"contents.txt"})


async def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    there, link = tmp_path / "there", tmp_path / "link"
    there.write_text("mine")
    link.symlink_to(tmp_path / "elsewhere")
    for path in (there, link):
        ended = await shuttle_guide(
            "report", str(path), environment=clean_environment(tmp_path, free_port()), folder=tmp_path
        )
        assert ended.exit_code == 1
        assert "exists; name another file" in ended.err
    assert there.read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()
    ended = await shuttle_guide(
        "report", "no/folder/r.tgz", environment=clean_environment(tmp_path, free_port()), folder=tmp_path
    )
    assert (ended.exit_code, ended.err.count("\n")) == (1, 1)


def runs(pid: str) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_program_that_never_ends_is_ended_with_its_children(tmp_path: Path) -> None:
    children = tmp_path / "children"
    script = f"sleep 600 & echo $! >{children}; echo told; wait"
    with pytest.raises(NotHadError, match="did not end within"):
        await report.program_output(("sh", "-c", script), 3.0)
    await until(lambda: not runs(children.read_text().strip()))


async def test_a_program_that_writes_for_ever_is_cut_at_a_lines_end() -> None:
    text = await report.program_output(("yes", "a line of it"))
    assert len(text) <= report.LARGEST_PART + 40
    assert set(text.splitlines()[:-1]) == {"a line of it"}
    assert text.endswith("(the rest is left out)\n")


@pytest.mark.parametrize("field", ["MESSAGE", "TEXT", "CODE_FUNC", "_CMDLINE", "STAGE_x"])
def test_a_field_that_is_not_known_to_be_harmless_is_dropped(field: str) -> None:
    kept = journal_line(TURN | {field: QUESTION})
    assert kept is not None
    assert not parts_found(json.dumps(kept, ensure_ascii=False))
