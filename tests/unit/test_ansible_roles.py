"""What every role of deploy/ansible has, and what none does."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ANSIBLE = Path(__file__).parents[2] / "deploy" / "ansible"
ROLES = sorted(path.name for path in (ANSIBLE / "roles").iterdir() if path.is_dir())
PLATFORMS = {"Debian": {"bookworm", "trixie"}, "Ubuntu": {"jammy", "noble"}}
SERVERS = {
    "rabbitmq": {"Debian": {"trixie"}},
    "recognizer_server": {"Debian": {"bookworm", "trixie"}, "Ubuntu": {"noble"}},
}
"""Not of a shuttle: only these have what they need (RabbitMQ 4; Python 3.11)."""
OF_THE_SITE = {"bundle_dir", "bundle_on_device"}
"""Named in the inventory or by the engineer, for whoever needs it; `bundle` is only the first that does."""

READERS = ("sha256sum --check", "install-release")
"""Programs that read their input before anything else, and all of it."""


class _Loader(yaml.CSafeLoader):
    """Takes Ansible's own tags as plain text."""


_Loader.add_multi_constructor("!", lambda loader, tag, node: str(node.value))


@functools.cache
def load(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), _Loader)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_says_where_it_runs(role: str) -> None:
    about = load(ANSIBLE / "roles" / role / "meta" / "main.yml")["galaxy_info"]
    told = {platform["name"]: set(platform["versions"]) for platform in about["platforms"]}
    assert told == SERVERS.get(role, PLATFORMS)
    assert about["role_name"] == role
    assert about["description"]
    assert about["min_ansible_version"] == "2.19"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_a_readme_with_an_example(role: str) -> None:
    readme = (ANSIBLE / "roles" / role / "README.md").read_text("utf-8")
    assert readme.startswith(f"# {role}\n")
    assert "meta/argument_specs.yml" in readme
    assert re.search(r"```(yaml|sh)\n.+?```", readme, re.DOTALL)


@pytest.mark.parametrize("role", ROLES)
def test_each_variable_that_may_be_set_is_described(role: str) -> None:
    folder = ANSIBLE / "roles" / role
    described: set[str] = set()
    for entry in load(folder / "meta" / "argument_specs.yml")["argument_specs"].values():
        described |= entry.get("options", {}).keys()
    assert load(folder / "defaults" / "main.yml").keys() - described == set()


@pytest.mark.parametrize("role", ROLES)
def test_a_switch_may_be_given_on_the_command_line(role: str) -> None:
    """``-e audio_headless=false`` gives a text, which Ansible takes for no condition, and Jinja for true."""
    folder = ANSIBLE / "roles" / role
    entries = load(folder / "meta" / "argument_specs.yml")["argument_specs"].values()
    options = [option for entry in entries for option in entry.get("options", {}).items()]
    for switch in {name for name, about in options if about.get("type") == "bool"}:
        asked = re.compile(rf"\b(when:|not|if|and|or) {switch}\b(?! \| bool)|\b{switch} \| (?!bool\b)")
        parts = [path for part in ("tasks", "templates", "vars") for path in (folder / part).rglob("*.*")]
        assert [path.name for path in parts if asked.search(path.read_text("utf-8"))] == [], switch


def test_each_role_of_a_roll_out_is_a_tag() -> None:
    """``site.yml --tags audio`` plays what that role brings."""
    tasks = ANSIBLE / "playbooks" / "tasks"
    brought = [*load(tasks / "bring.yml"), *load(tasks / "prepare_release.yml")]
    played = [(task[key]["name"], task) for task in brought for key in task if key.endswith("import_role")]
    roles = {"bundle", "base", "mosquitto", "audio", "power", "metrics", "app", "models", "gpu", "llm"}
    assert {role for role, _ in played} == roles
    assert [role for role, task in played if role not in task.get("tags", [])] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_no_variables_of_another(role: str) -> None:
    others = "|".join(other for other in ROLES if other != role)
    foreign = re.compile(rf"(?<![\w./-])(?:{others})_[a-z]\w*")
    found = {
        f"{path.relative_to(ANSIBLE)}: {name}"
        for path, text in texts_of(ANSIBLE / "roles" / role)
        for name in foreign.findall(text)
        if name not in OF_THE_SITE
    }
    assert found == set()


@pytest.mark.parametrize("role", ROLES)
def test_what_is_given_to_a_program_is_read_to_its_end(role: str) -> None:
    """Else Ansible fails where the program ends first: "Broken pipe"."""
    for path in yaml_of(ANSIBLE / "roles" / role):
        for task in flat(load(path)):
            for module in ("ansible.builtin.command", "ansible.builtin.shell"):
                given = task.get(module)
                if not isinstance(given, dict) or "stdin" not in given:
                    continue
                called = given.get("cmd") or " ".join(given["argv"])
                reads = any(program in called for program in READERS) or "cat >/dev/null" in called
                assert reads, f"{path}: {task['name']}"


def test_package_lists_of_today_are_not_read_again() -> None:
    tasks = [
        task for role in ROLES for path in yaml_of(ANSIBLE / "roles" / role) for task in flat(load(path))
    ]
    reading = [task["ansible.builtin.apt"] for task in tasks if "ansible.builtin.apt" in task]
    assert reading
    assert [task for task in reading if task.get("update_cache") and "cache_valid_time" not in task] == []


def texts_of(folder: Path) -> Iterator[tuple[Path, str]]:
    """What Jinja sees of a role: values (not keys, by which it passes something on) and templates."""
    for path in yaml_of(folder):
        for text in values(load(path)):
            yield path, text
    for path in (folder / "templates").rglob("*.j2"):
        yield path, path.read_text("utf-8")


def yaml_of(folder: Path) -> list[Path]:
    parts = ("defaults", "vars", "tasks", "handlers")
    return sorted(path for part in parts for path in (folder / part).rglob("*.yml"))


def values(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key != "name":
                yield from values(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from values(value)
    elif isinstance(tree, str):
        yield tree


def flat(tasks: Any) -> Iterator[dict[str, Any]]:
    for task in tasks if isinstance(tasks, list) else []:
        if isinstance(task, dict):
            yield task
            for part in ("block", "rescue", "always"):
                yield from flat(task.get(part))
