"""What the listener hears with is told in one block, and the GPU by its name."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from edge.config import Settings
from edge.listener.hearing_told import told_of_hearing
from edge.listener.options import recognition_hint, recognition_hints
from edge.listener.segment import RecognitionRequest
from edge.vitals.board import gpu_name
from edge.vitals.tree import Tree


def test_all_that_was_chosen_and_what_it_came_to() -> None:
    recognizer = {"order": {"ru": ["gigaam", "faster_whisper"]}, "hint": "Убуд"}
    listener = {"languages": ["ru", "en"], "recognizer": recognizer}
    settings = msgspec.convert({"listener": listener}, Settings)
    runs = {"gigaam": "gigaam/v3-e2e-ctc on cuda → cpu (no driver)", "faster_whisper": "base on cpu int8"}
    told = told_of_hearing(settings, runs, "silero v6", (90, 410), "NVIDIA Jetson Orin Nano").splitlines()
    assert told == [
        "hears with:",
        "  gigaam: gigaam/v3-e2e-ctc on cuda → cpu (no driver)",
        "  faster_whisper: base on cpu int8",
        "  languages: ru: gigaam, faster_whisper; en: faster_whisper",
        "  speech is found by silero v6; Whisper's beam 5; hint: Убуд, Гид, эй гид, гайд, Нуану, Guide, "
        "hey guide, Nuanu",
        "  memory 90 → 410 MiB; GPU: NVIDIA Jetson Orin Nano",
    ]


def test_a_gpu_is_named_by_its_board_or_by_its_card(tmp_path: Path) -> None:
    assert gpu_name(Tree(tmp_path)) is None
    card = tmp_path / "proc/driver/nvidia/gpus/0000:01:00.0/information"
    card.parent.mkdir(parents=True)
    card.write_text("Model: \t\t NVIDIA H200\nIRQ:   \t\t 30\n")
    assert gpu_name(Tree(tmp_path)) == "NVIDIA H200"
    (tmp_path / "sys/class/devfreq/17000000.gpu").mkdir(parents=True)
    (tmp_path / "proc/device-tree").mkdir()
    (tmp_path / "proc/device-tree/model").write_text("NVIDIA Jetson AGX Orin\0")
    assert gpu_name(Tree(tmp_path)) == "NVIDIA Jetson AGX Orin"


def test_the_hint_of_a_language_has_the_names_of_that_language_alone() -> None:
    recognizer = {"hint": "Убуд"}
    listener = {"languages": ["ru", "en"], "recognizer": recognizer}
    settings = msgspec.convert({"listener": listener}, Settings)
    hint, hints = recognition_hint(settings), recognition_hints(settings)
    assert hints == {"ru": "Убуд, Гид, эй гид, гайд, Нуану", "en": "Убуд, Guide, hey guide, Nuanu"}
    request = RecognitionRequest(np.zeros(1, np.int16), None, hint, hints)
    assert (request.hint_in("en"), request.hint_in(None)) == (hints["en"], hint)
    assert RecognitionRequest(np.zeros(1, np.int16), None, "Убуд").hint_in("ru") == "Убуд"
