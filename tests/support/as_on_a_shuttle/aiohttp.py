"""Emulated clouds want aiohttp, a shuttle has none: an SDK that finds it here imports it for nothing."""

raise ImportError("there is no aiohttp on a shuttle")
