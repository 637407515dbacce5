"""Each word is told when it leaves the loudspeaker, also behind a pause, from the pool, by another voice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bench.spoken import PROMISE_MS, SCENES, Stand, measure, stand
from tests.support.shared_scene import SharedScene, shared_scene

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.real_time("each word's time is compared with its sound"),
]

WORDS = 14
"""Of ``bench.spoken.LONG``, with "5 км" and "50 000" as one each."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SharedScene[Stand]]:
    async with shared_scene(lambda _: stand(tmp_path_factory.mktemp("time"))) as scenes:
        yield scenes


@pytest.mark.parametrize("name", SCENES)
async def test_each_word_is_told_when_it_is_heard(scene: Stand, name: str) -> None:
    words = await measure(scene, SCENES[name], name)
    # A hole that a busy machine tears may cost a word that can be read back.
    assert len(words) >= WORDS * 3 // 4
    heard = [word.heard_mono for word in words]
    assert heard == sorted(heard)
    # A stall of this machine may make one word late; none is early by more.
    off = sorted(abs(word.error_ms) for word in words)
    assert off[len(off) * 9 // 10 - 1] <= PROMISE_MS, [(word.text, round(word.error_ms)) for word in words]
