"""What the tests with sound share: fixtures, and what is done about a machine that others use, too."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.broker import broker
from tests.support.lost_sound import lost_sound
from tests.support.shared_scene import SharedScene
from tests.support.sound_server import sound_server

__all__ = ["broker", "sound_server"]

HERE = Path(__file__).parent
TRIES_MORE = 2
PATIENCE_S = 300
"""A guide alone needs up to half a minute to be ready on a busy machine, and some tests are patient."""
LONGEST_FIRST = (
    "test_conversation_sound",
    "test_listener_answers",
    "test_guide_survives",
    "test_loudspeaker_is_heard",
    "test_over_its_words",
    "test_pool_plays",
    "test_player_sound_server",
    "test_guide_obeys",
    "test_listener_audio",
    "test_mqtt_as_it_is",
    "test_guide_speaks",
    "test_turns_end_once",
    "test_listener_set_otherwise",
)
"""A file stays in one worker: what takes longest shall not be begun last, beside idle workers."""
LOST = pytest.StashKey[dict[str, int]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of real time are tried again, and no others; each file says why. The report names each that was.

    Raises:
        pytest.UsageError: one is to be tried again, and does not say why.
    """
    places = [number for number, item in enumerate(items) if item.path.parent == HERE]
    ours = sorted((items[number] for number in places), key=_rank)
    for number, item in zip(places, ours, strict=True):
        items[number] = item
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(PATIENCE_S))
        if (real_time := item.get_closest_marker("real_time")) is not None:
            if not real_time.args:
                raise pytest.UsageError(f"{item.nodeid}: expected a reason in real_time(…), came none")
            item.add_marker(pytest.mark.flaky(reruns=TRIES_MORE, reruns_delay=1))


def _rank(item: pytest.Item) -> int:
    name = item.path.stem
    return LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Beside a failure stands whether sound was torn meanwhile."""
    report = yield
    before = item.stash.get(LOST, None)
    if (
        report.when == "call"
        and report.failed
        and before is not None
        and hasattr(report.longrepr, "addsection")
    ):
        scene = item.funcargs["scene"]  # type: ignore[attr-defined]
        torn = {name: count - before.get(name, 0) for name, count in lost_sound(scene).items()}
        told = ", ".join(f"{name} {count}" for name, count in torn.items() if count > 0)
        report.longrepr.addsection("sound that was lost meanwhile", told or "none that is known")
    return report


@pytest_asyncio.fixture(loop_scope="module")
async def scene(scenes: SharedScene[Any], request: pytest.FixtureRequest) -> Any:
    """What the file's ``scenes`` make; another one for each further try of a test."""
    made = await scenes.of(request.node)
    request.node.stash[LOST] = lost_sound(made)
    return made
