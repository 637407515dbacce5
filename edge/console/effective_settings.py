"""Each setting in force, with where it comes from. Keys and passwords are left out."""

from __future__ import annotations

import json
from typing import NamedTuple

from edge.config import Settings, as_dict, environment
from edge.config.convert import dotted
from edge.config.desired import flat
from edge.config.load import OwnSources, flattened, loaded
from edge.config.tree import secrets_with


class EffectiveSetting(NamedTuple):
    """One row."""

    key: str
    value: str
    """As JSON."""
    source: str
    """The file, the variable or the fleet's version that sets it; empty: the default."""


def effective_settings(settings: Settings) -> list[EffectiveSetting]:
    """All settings that the console runs with, in their order."""
    env = environment(dotenv=None)
    own, desired = OwnSources(env), loaded(env).desired
    by_fleet = {dotted(path) for path, _ in flat(desired.settings)} if desired else set()
    secret = {dotted(path) for path in secrets_with(settings.services).values()}
    return [
        EffectiveSetting(
            key,
            json.dumps(value, ensure_ascii=False),
            f"fleet {desired.version}"
            if desired and key in by_fleet
            else own.source_of(tuple(key.split("."))),
        )
        for key, value in flattened(as_dict(settings))
        if key not in secret
    ]
