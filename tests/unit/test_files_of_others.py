"""Every place that opens a file by its name: where others may write, two modules that are careful do it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.sources import parsed

PRODUCT = Path(__file__).parents[2] / "edge"
CAREFUL = {"plain_file.py": "reads plain files of a bounded size", "atomic_file.py": "writes new files"}
PACKAGE_DATA = "its own data, which comes with the guide"
ALLOWED = {
    "acceptance/gps.py": "a receiver that the operator names",
    "bus/paths.py": "locks beside its sockets (tests of the bus)",
    "cli/private_broker.py": "in a new folder of its own",
    "cli/replay.py": "the caller's drive",
    "cli/report.py": "in memory; the file itself by plain_file.py",
    "cli/trigger.py": "the caller's event, which may be a pipe",
    "commentator/knowledge/index.py": "the commentator's own index, in its own folder",
    "commentator/prompts/__init__.py": PACKAGE_DATA,
    "console/openapi.py": "run by a developer",
    "console/replayed.py": "in a new folder of its own",
    "console/static_files.py": PACKAGE_DATA,
    "config/own_file.py": "settings; it asks who else may write them (test_dotenv_file.py)",
    "listener/button_device.py": "an input device that the operator names",
    "listener/input_file.py": "a recording that the operator names as microphone",
    "listener/input_pipe.py": "a pipe that the operator names as microphone",
    "listener/recognizers/cloud.py": "in memory",
    "models/catalogue.py": PACKAGE_DATA,
    "models/fetch.py": "with an opener of plain_file.py; what it flushes it has just written",
    "models/http_download.py": "with an opener of plain_file.py",
    "package_tables.py": PACKAGE_DATA,
    "power/gpio_line.py": "a GPIO chip that root names",
    "speaker/pool/archive.py": "what plain_file.py and atomic_file.py have opened",
    "telemetry/fleet/store.py": "telemetry's own, in its own state folder",
    "telemetry/schema.py": "run by a developer",
    "vitals/tree.py": "/sys and /proc",
}
"""Module → whose files it opens by other means."""

BY_NAME = {"read_bytes", "read_text", "write_bytes", "write_text"}
OF_MODULE = {("os", "open"), ("wave", "open"), ("tarfile", "open"), ("sqlite3", "connect")}
OWNERSHIP = {"chown", "fchown", "lchown", "chmod", "fchmod"}


Calls = dict[str, list[ast.Call]]
"""Module → its calls that open a file or change whose it is."""


@pytest.fixture(scope="module")
def calls() -> Calls:
    return {
        path: [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and (opens(node) or changes_ownership(node))
        ]
        for path, tree in parsed(PRODUCT, "open", "connect", *BY_NAME, *OWNERSHIP)
    }


def opens(call: ast.Call) -> bool:
    match call.func:
        case ast.Name("open"):
            return True
        case ast.Attribute(ast.Name(module), name) if (module, name) in OF_MODULE:
            return True
        case ast.Attribute(_, "open"):
            mode = call.args[0] if call.args else None
            return isinstance(mode, ast.Constant) and isinstance(mode.value, str) and len(mode.value) <= 3
        case ast.Attribute(_, name):
            return name in BY_NAME
    return False


def changes_ownership(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in OWNERSHIP


def test_each_module_that_opens_files_by_name_says_whose(calls: Calls) -> None:
    found = {name for name, called in calls.items() if any(map(opens, called))}
    assert found - CAREFUL.keys() == ALLOWED.keys()


def test_ownership_and_rights_of_a_file_are_changed_by_two_alone(calls: Calls) -> None:
    """For sockets, and for what the fleet desires: telemetry writes it, and all processes read it."""
    found = {name for name, called in calls.items() if any(map(changes_ownership, called))}
    assert found == {"bus/paths.py", "telemetry/fleet/desired_file.py"}
