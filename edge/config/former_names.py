"""Names that settings of services had before ``services`` had an entry for each; they go on working."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

SettingPath = tuple[str, ...]
_KEYS: dict[str, dict[str, str]] = {
    "groq": {},
    "openai": {"speech_voice": "voice"},
    "local": {},
    "elevenlabs": {"voice_id": "voice", "model_id": "speech_model"},
}
"""A former section, the name of its service too → its keys that have other names now."""
_MOVED: dict[SettingPath, SettingPath] = {
    ("listener", "recognizer", f"{name}_model"): ("services", name, "transcription_model")
    for name in ("groq", "openai")
}


class Twice(NamedTuple):
    """A setting that one source sets by both names."""

    former: str
    present: str
    source: str

    def __str__(self) -> str:
        return f"config: {self.present} counts, not {self.former} (both from {self.source}); remove one"


def present_name(keys: Sequence[str]) -> SettingPath:
    """Where a setting stands now; one that never had another name, where it stands."""
    section, *key = keys
    if section not in _KEYS:
        return _MOVED.get(tuple(keys), tuple(keys))
    return ("services", section, *(_KEYS[section].get(part, part) for part in key))


def take_former(tree: dict[str, Any]) -> Iterator[tuple[SettingPath, Any]]:
    """Take what a file sets by a former name out of its tree: the name as written, and the value."""
    for section in _KEYS:
        if section in tree:
            content = tree.pop(section)
            if isinstance(content, dict):
                yield from (((section, key), value) for key, value in content.items())
            else:
                yield (section,), content
    for path in _MOVED:
        node: Any = tree
        for key in path[:-1]:
            node = node.get(key) if isinstance(node, dict) else None
        if isinstance(node, dict) and path[-1] in node:
            yield path, node.pop(path[-1])
