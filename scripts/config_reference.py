"""Writes ``guide.example.toml`` and ``docs/configuration.md`` from the settings tree.

Run it after changing a setting in ``edge/config``: ``python -m scripts.config_reference``. A test compares.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import typing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edge.config import (
    ENV_PREFIX,
    SECRETS,
    Settings,
    console,
    cost,
    desk,
    fleet,
    hearing,
    kinds,
    recognizer_server,
    services,
    tree,
)
from edge.config.desired import DESIRABLE

ROOT = Path(__file__).parents[1]
DEVICE_DIRS = {
    "runtime_dir": "/run/shuttle-guide",
    "state_dir": "/var/lib/shuttle-guide",
    "models_dir": "/var/lib/shuttle-guide/models",
}
EXAMPLES = {
    "piper.voices": '{ ru = "ru_RU-denis-medium" }',
    "models_mirror": '"http://depot.local:8000"',
    "services.local.base_url": '"http://127.0.0.1:8080/v1"',
    "services.cerebras.model": '"gpt-oss-120b"',
    "services.cerebras.reasoning_effort": '"low"',
    "services.gemini.reasoning_effort": '"low"',
    "services.gemini.model": '"gemini-3.5-flash"',
    "services.openai.reasoning_effort": '"low"',
    "services.openai.speed": "1.2",
    "services.openai.prices.per_million_tokens_in": "0.1",
    "services.openai.prices.per_million_tokens_out": "0.4",
    "services.openai.prices.per_million_characters": "15.0",
    "services.openai.prices.per_hour_of_audio": "0.18",
    "mqtt.username": '"guide"',
    "mqtt.ca_file": '"/etc/ssl/certs/fleet-ca.pem"',
    "answers.knowledge_dir": '"/etc/shuttle-guide/knowledge"',
    "listener.button": '"/dev/input/by-id/usb-button-event-kbd"',
    "listener.button_key": "28",
    "listener.recognizer.whisper.interim_model": '"tiny"',
    "listener.addressee.names": '{ ru = ["гид", "эй гид"] }',
    "cost.money_per_day": "2.5",
    "cost.tokens_per_day": "1_000_000",
    "cost.characters_per_day": "100_000",
    "fleet.host": '"fleet.example.org"',
    "fleet.ca_file": '"/etc/shuttle-guide/fleet/ca.pem"',
    "fleet.cert_file": '"/etc/shuttle-guide/fleet/shuttle.pem"',
    "fleet.key_file": '"/etc/shuttle-guide/fleet/shuttle.key"',
    "fleet.username": '"shuttle-7"',
    "fleet.groups": '["beach"]',
    "desk.control_port": "8011",
    "desk.language": '"de"',
    "desk.ca_file": '"/etc/ssl/certs/depot-ca.pem"',
    "commentator.prompts_dir": '"/etc/shuttle-guide/prompts"',
    "recognizer_server.cert_file": '"/etc/shuttle-guide/recognizer/server.pem"',
    "recognizer_server.key_file": '"/etc/shuttle-guide/recognizer/server.key"',
    "commentator.blocklist_dir": '"/etc/shuttle-guide/blocklists"',
}
"""Where there is no default to show."""
ALL_KEYS = "openai"
"""The built-in service that every key is shown for; of the others those that differ from an empty entry."""
SERVICES = """\
Every entry of `services` has these keys; the values are those of `openai`. Further ones can be added by any
name of a-z, 0-9 and _ that begins with a letter, and be named in `commentator.models`, `answers.models`,
`speaker.voices` and `listener.recognizer.order`; {reserved} are taken. The key of a service is
`NAME_API_KEY` in the environment or in `.env`, or the systemd credential `name_api_key`.

The former sections `[groq]`, `[openai]`, `[local]`, `[elevenlabs]` and their variables
(`SHUTTLE_GUIDE_GROQ__MODEL`, …) go on working, with `speech_voice` and `voice_id` for `voice`, `model_id` for
`speech_model`, and `listener.recognizer.groq_model` and `openai_model` for `transcription_model`. The
environment goes before the file by whatever name; where one source has both, the present name counts and a
line says so.
"""

TOML_HEAD = """\
# All settings of the guide with their defaults. Copy to /etc/shuttle-guide/guide.toml and uncomment what
# you change. The environment overrides this file: SHUTTLE_GUIDE_MQTT__PORT=1884 sets port in [mqtt].
# Keys and passwords do not belong here: see .env.example (development) or systemd credentials (device).
# Written by scripts/config_reference.py from edge/config.
"""
MARKDOWN_HEAD = """\
# Configuration

Written by `scripts/config_reference.py` from `edge/config`; do not edit by hand.

The guide works with no configuration at all. Sources, later ones win:

1. the defaults below;
2. `/etc/shuttle-guide/guide.toml`, or the file that `SHUTTLE_GUIDE_CONFIG` names (every key is in
   `guide.example.toml`);
3. `.env` in the working directory (for what the environment does not set), at a desk only: no service reads
   one, a user reads one of his own or root's that nobody else may write, root only one of root's in a folder
   of root's; a line says why one is not read (the settings file, too, must be root's where root reads it);
4. the environment: `SHUTTLE_GUIDE_<SECTION>__<KEY>`, lists separated by commas, tables as JSON
   (`SHUTTLE_GUIDE_PIPER__VOICES='{"ru": "ru_RU-denis-medium"}'`) or key by key (`…_PIPER__VOICES__RU=…`);
5. for secrets: systemd credentials (`groq_api_key`, `mqtt_password`, …; all of them stand at the end;
   for commands of root the files in `/etc/shuttle-guide/credentials`), or the environment variables of the
   same names in capitals;
6. where there is a fleet (`fleet.host`), what it desires ([fleet.md](fleet.md)): of the keys with a † only.

A value that cannot be used stops the start (exit code 78) with one line that names the key, the value, what
is allowed and where it came from. `shuttle-guide config check` tries it, `config show` prints what is in
force; secrets show as `(set)` or `(not set)` only, and `***` stands for a password or key in an address.

A setting that there is no more (`edge/config/gone.py`) is told in a line, changes nothing and stops nothing.

A key is sent encrypted, or to this machine (`localhost` or a loopback address, as it is written): a
`base_url` with `http://` or `ws://` to anywhere else is refused where a key is set, and so is a plain address
that holds a password. No redirect is followed, and no proxy of the environment is asked for this machine.
"""


class Entry(NamedTuple):
    """One setting."""

    path: tuple[str, ...]
    default: Any
    allowed: str
    text: str


def entries() -> list[Entry]:
    """All settings, the plain ones of a section before its subsections."""
    return list(_walk(Settings(), (), _docstrings()))


def toml_text() -> str:
    lines = [TOML_HEAD]
    section: tuple[str, ...] = ()
    for entry in entries():
        if entry.path[:-1] != section:
            section = entry.path[:-1]
            lines.append(f"\n[{'.'.join(section)}]")
        lines += [f"# {line}" for line in _wrapped(entry.text)]
        dotted = ".".join(entry.path)
        value = EXAMPLES.get(dotted) or _toml(entry.default)
        lines.append(f"# {entry.path[-1]} = {value}")
    return "\n".join(lines) + "\n"


def markdown_text() -> str:
    lines = [MARKDOWN_HEAD]
    reserved = ", ".join(f"`{name}`" for name in sorted(services.RESERVED))
    section: tuple[str, ...] | None = None
    for entry in entries():
        if entry.path[:-1] != section:
            section = entry.path[:-1]
            lines += [
                f"\n## {'.'.join(section) or 'Top level'}\n",
                *([SERVICES.format(reserved=reserved)] if section == ("services", ALL_KEYS) else ()),
                "| key | default | allowed | meaning |",
                "|---|---|---|---|",
            ]
        default = "–" if entry.default is None else f"`{_toml(entry.default)}`"
        meaning = entry.text.replace("|", "\\|").replace("``", "`")
        mark = " †" if entry.path in DESIRABLE else ""
        lines.append(f"| `{entry.path[-1]}`{mark} | {default} | {entry.allowed} | {meaning} |")
    lines.append("\n## Secrets\n\n| credential | environment |\n|---|---|")
    lines += [f"| `{name}` | `{name.upper()}` |" for name in SECRETS]
    lines.append("| `name_api_key` | `NAME_API_KEY`, of the service `name` |")
    lines.append(
        f"\nThe environment variable of a setting is `{ENV_PREFIX}` and its path: `speaker.budget.max_ms` is "
        f"`{ENV_PREFIX}SPEAKER__BUDGET__MAX_MS`."
    )
    return "\n".join(lines) + "\n"


def _walk(
    section: msgspec.Struct, path: tuple[str, ...], texts: dict[tuple[str, str], str]
) -> typing.Iterator[Entry]:
    hints = typing.get_type_hints(type(section), include_extras=True)
    subsections = []
    for name in section.__struct_fields__:
        value = getattr(section, name)
        if isinstance(value, msgspec.Struct) or name == "services":
            subsections.append((name, value))
        elif (*path, name) not in SECRETS.values() and _is_shown(path, name, value):
            value = value if path else DEVICE_DIRS.get(name, value)
            is_told = path[:1] == ("services",) and path[1] != ALL_KEYS
            text = "" if is_told else texts.get((type(section).__name__, name), "")
            yield Entry((*path, name), value, _allowed(hints[name]), text)
    for name, value in subsections:
        if isinstance(value, msgspec.Struct):
            yield from _walk(value, (*path, name), texts)
        else:
            for service in sorted(value, key=lambda service: service != ALL_KEYS):
                yield from _walk(value[service], (*path, name, service), texts)


def _is_shown(path: tuple[str, ...], name: str, value: Any) -> bool:
    if path[:1] != ("services",) or path[1] == ALL_KEYS:
        return True
    is_example = ".".join((*path, name)) in EXAMPLES
    return len(path) == 2 and (is_example or value != getattr(services.Service(), name))


def _allowed(kind: Any) -> str:
    """The type for people: choices, bounds, or its plain name."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        meta = arguments[1]
        low, high = (meta.ge if meta.ge is not None else meta.gt), meta.le
        name = _allowed(arguments[0])
        if low is not None or high is not None:
            return f"{name}, {low:g} … {high:g}"
        if meta.pattern is None:
            return name
        pattern = f"matches `{meta.pattern}`".replace("|", "\\|")
        return kinds.PATTERNS_IN_WORDS.get(meta.pattern, pattern)
    if origin is typing.Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    if origin is tuple:
        return "list of " + _allowed(arguments[0])
    if origin is dict:
        return "table " + " → ".join(_allowed(argument) for argument in arguments)
    if arguments:
        return _allowed(next(argument for argument in arguments if argument is not type(None)))
    words = {"str": "text", "int": "whole number", "float": "number", "bool": "`true`, `false`"}
    return words.get(kind.__name__, str(kind.__name__))


MODULES = (kinds, services, hearing, cost, fleet, console, desk, recognizer_server, tree)


def _docstrings() -> dict[tuple[str, str], str]:
    """(class, field) → the text below the field."""
    texts = {}
    sources = [inspect.getsource(module) for module in MODULES]
    for node in (node for source in sources for node in ast.parse(source).body):
        if not isinstance(node, ast.ClassDef):
            continue
        for field, below in zip(node.body, node.body[1:], strict=False):
            is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
                texts[node.name, field.target.id] = " ".join(str(below.value.value).split())  # type: ignore[attr-defined]
    return texts


def _toml(value: Any) -> str:
    if value is None:
        return '""'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict) and value:
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return "{}" if value == {} else str(value)


def _wrapped(text: str) -> list[str]:
    return re.findall(r"\S.{0,100}(?=\s|$)", text.replace("``", "`"))


if __name__ == "__main__":
    (ROOT / "guide.example.toml").write_text(toml_text(), "utf-8")
    (ROOT / "docs/configuration.md").write_text(markdown_text(), "utf-8")
