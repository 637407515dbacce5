"""Compose files: read, and judged by compose's own schema."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import yaml


def compose_file(path: Path) -> dict[str, Any]:
    """What stands in a compose file. Raises jsonschema.ValidationError: compose does not know all of it."""
    content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    vendored = resources.files("check_jsonschema.builtin_schemas") / "vendor" / "compose-spec.json"
    schema = json.loads(vendored.read_text("utf-8"))
    jsonschema.validators.validator_for(schema)(schema).validate(content)
    return content
