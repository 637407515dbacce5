"""A scene that the tests of a file share, and that a test which is tried again gets anew."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Generic, TypeVar

import pytest

SceneT = TypeVar("SceneT")


class SharedScene(Generic[SceneT]):
    """One scene for all tests of a file, set up for the first that asks.

    A test that is tried again gets another one: what its first try has left behind (known ids, a silenced
    guide) would have it fail again, whatever was the matter.

    Args:
        make: sets a scene up for this test and those behind it.
    """

    def __init__(
        self, make: Callable[[pytest.Item], AbstractAsyncContextManager[SceneT]], stack: AsyncExitStack
    ) -> None:
        self._make = make
        self._stack = stack
        self._scene: SceneT | None = None
        self._error: BaseException | None = None

    async def of(self, test: pytest.Item) -> SceneT:
        """The scene for this try of a test; raises again what setting it up has raised before."""
        again = getattr(test, "execution_count", 1) > 1
        if self._error is not None and not again:
            raise self._error
        if self._scene is None or again:
            self._scene = self._error = None
            await self._stack.aclose()
            try:
                self._scene = await self._stack.enter_async_context(self._make(test))
            except BaseException as error:
                self._error = error
                raise
        return self._scene


@asynccontextmanager
async def shared_scene(
    make: Callable[[pytest.Item], AbstractAsyncContextManager[SceneT]],
) -> AsyncIterator[SharedScene[SceneT]]:
    """Nothing is left behind on exit."""
    async with AsyncExitStack() as stack:
        yield SharedScene(make, stack)
