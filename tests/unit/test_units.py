"""The unit files: what systemd itself says of them, and what they promise each other."""

from __future__ import annotations

import configparser
import fnmatch
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.bus.topology import PIPES, PROCESSES, feed_path, pipe_path
from edge.config import FleetSettings
from edge.config.tree import SECRETS

UNITS = Path(__file__).parents[2] / "systemd"
COMMON = UNITS / "shuttle-guide-.service.d" / "10-common.conf"
SERVICES = [f"shuttle-guide-{name}.service" for name in (*PROCESSES, "llm", "power", "recognizer-server")]
RULES = UNITS / "udev" / "70-shuttle-guide.rules"
EXPOSURE_MAX = 1.5
EXPOSURE_MAX_GPU = 2.0
NEWER_THAN_249 = {
    "RestartSteps",
    "RestartMaxDelaySec",
    "RestartMode",
    "LoadCredentialEncrypted",
    "SetCredentialEncrypted",
    "ImportCredential",
    "RestrictFileSystems",
    "MemoryZSwapMax",
    "MemoryPressureWatch",
    "ExtensionDirectories",
    "OpenFile",
    "StartupCPUWeight",
    "CPUWeight=idle",
    "PrivatePIDs",
    "DelegateSubgroup",
    "notify-reload",
}
"""What is tempting here and would be a warning on Ubuntu 22.04 (systemd 249)."""
needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine"
)


def _udev_verifies() -> bool:
    if not shutil.which("udevadm"):
        return False
    ended = subprocess.run(["udevadm", "--version"], capture_output=True, text=True, timeout=30, check=False)
    return int(re.match(r"\d*", ended.stdout).group() or 0) >= 254  # type: ignore[union-attr]


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units in a folder of their own, with a program that exists: systemd-analyze looks for it."""
    folder = tmp_path / "units"
    shutil.copytree(UNITS, folder)
    for path in folder.glob("*.service"):
        path.write_text(re.sub(r"(?m)^ExecStart=.*$", "ExecStart=/bin/true", path.read_text()))
    return folder


def with_options(units: Path) -> Path:
    """Everything that a site may add is added."""
    shutil.copytree(units / "optional", units, dirs_exist_ok=True)
    return units


def exposure(units: Path, service: str) -> float:
    """The overall exposure level, 0 to 10."""
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", f"./{service}"]
    ended = subprocess.run(command, cwd=units, capture_output=True, text=True, timeout=30, check=False)
    if "--offline" in ended.stderr:
        pytest.skip(f"systemd-analyze security --offline: {ended.stderr.strip()}")
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", ended.stdout)
    assert found, ended.stdout + ended.stderr
    return float(found.group(1))


def parsed(path: Path) -> configparser.RawConfigParser:
    """The last value of each key; enough to compare single ones."""
    parser = configparser.RawConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path)
    return parser


def values(path: Path, key: str) -> list[str]:
    """Every value that a key is given in a file."""
    return re.findall(rf"(?m)^{key}=(.*)$", path.read_text())


@needs_systemd
@pytest.mark.parametrize("optional", [False, True], ids=["as installed", "with the options"])
@pytest.mark.parametrize("unit", [*SERVICES, "shuttle-guide.target", "shuttle-guide.slice"])
def test_systemd_has_nothing_to_say_about_them(units: Path, unit: str, optional: bool) -> None:
    folder = with_options(units) if optional else units
    command = ["systemd-analyze", "verify", "--man=no", f"./{unit}"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("service", SERVICES)
def test_each_may_do_little(units: Path, service: str) -> None:
    assert exposure(units, service) <= EXPOSURE_MAX


@needs_systemd
@pytest.mark.parametrize("service", ["shuttle-guide-listener.service", "shuttle-guide-llm.service"])
def test_the_graphics_processor_opens_little_more(units: Path, service: str) -> None:
    assert exposure(with_options(units), service) <= EXPOSURE_MAX_GPU


@pytest.mark.parametrize("path", sorted(UNITS.rglob("*")), ids=lambda path: str(path.relative_to(UNITS)))
def test_nothing_is_newer_than_systemd_249(path: Path) -> None:
    if path.is_file():
        assert [word for word in NEWER_THAN_249 if word in path.read_text()] == []


def test_the_target_wants_each_process() -> None:
    wanted = " ".join(values(UNITS / "shuttle-guide.target", "Wants")).split()
    assert wanted == [f"shuttle-guide-{name}.service" for name in PROCESSES]


@pytest.mark.parametrize("name", PROCESSES)
def test_each_process_is_a_user_of_its_own_in_the_common_group(name: str) -> None:
    service = parsed(UNITS / f"shuttle-guide-{name}.service")["Service"]
    assert service["ExecStart"].endswith(f"/shuttle-guide run {name}")
    assert service["User"] == f"shuttle-guide-{name}"
    assert service["StateDirectory"] == f"shuttle-guide/{name}"
    users = (UNITS / "sysusers.d" / "shuttle-guide.conf").read_text()
    assert re.search(rf"(?m)^u shuttle-guide-{name} +-:shuttle-guide ", users)
    assert parsed(COMMON)["Service"]["Group"] == "shuttle-guide"


def test_each_socket_lies_in_a_folder_that_its_binder_alone_writes_in() -> None:
    run = "/run/shuttle-guide"
    lines = [line.split() for line in (UNITS / "tmpfiles.d" / "shuttle-guide.conf").read_text().splitlines()]
    made = {line[1]: tuple(line[2:5]) for line in lines if line[0] == "d" and line[1].startswith(run)}
    assert made.pop(run) == ("0750", "root", "shuttle-guide")
    wanted = {
        str(feed_path(run, name).parent): ("0750", f"shuttle-guide-{name}", "shuttle-guide")
        for name in PROCESSES
    }
    for pipe in PIPES:
        for sends in pipe.senders:
            folder = str(pipe_path(run, pipe, sends.process).parent)
            wanted[folder] = (
                "2710",
                f"shuttle-guide-{pipe.receiver}",
                f"shuttle-guide-{sends.process}",
            )
    assert made == wanted


def test_who_sends_into_a_pipe_is_alone_in_a_group_of_its_own() -> None:
    lines = [line.split() for line in (UNITS / "sysusers.d" / "shuttle-guide.conf").read_text().splitlines()]
    senders = {f"shuttle-guide-{each.process}" for pipe in PIPES for each in pipe.senders}
    assert {(line[1], line[2]) for line in lines if line[0] == "m"} == {(each, each) for each in senders}
    groups = {line[1] for line in lines if line[0] == "g"}
    assert groups == senders | {"shuttle-guide", "shuttle-guide-capture"}
    given = [group for path in UNITS.rglob("*.*") if path.is_file() for group in supplementary(path)]
    assert not senders & set(given)


def supplementary(path: Path) -> list[str]:
    """Groups that a unit or a drop-in gives."""
    return " ".join(values(path, "SupplementaryGroups")).split()


@pytest.mark.parametrize("service", SERVICES)
def test_no_unit_sets_what_the_common_drop_in_would_overrule(service: str) -> None:
    lists = {"Environment", "SystemCallFilter", "ReadWritePaths"}
    own = set(parsed(UNITS / service)["Service"]) - lists
    assert own & set(parsed(COMMON)["Service"]) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_the_watchdog_is_for_who_notifies(service: str) -> None:
    """systemd ends a process of any type that does not feed it, so the common drop-in has none."""
    given = [
        (value, values(UNITS / service, "WatchdogSignal"))
        for path in (UNITS / service, COMMON, *UNITS.glob(f"**/{service}.d/*.conf"))
        for value in values(path, "WatchdogSec")
    ]
    notifies = values(UNITS / service, "Type") == ["notify"]
    assert given == ([("10", ["SIGABRT"])] if notifies else [])
    assert notifies is (service != "shuttle-guide-llm.service")


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("ingest", {"mqtt_password", "mqtt_events_password", "mqtt_control_password"}),
        ("listener", set()),
        ("commentator", {"groq_api_key", "openai_api_key"}),
        ("speaker", {"elevenlabs_api_key", "openai_api_key"}),
        ("telemetry", {"mqtt_password", "mqtt_telemetry_password", "fleet_password"}),
        ("console", {"mqtt_password", "mqtt_console_password", "console_token", "desk_token"}),
        ("recognizer-server", {"recognizer_server_token"}),
    ],
)
def test_each_process_gets_its_own_keys_and_each_key_may_be_absent(name: str, keys: set[str]) -> None:
    path = UNITS / f"shuttle-guide-{name}.service"
    loaded = dict(value.split(":", 1) for value in values(path, "LoadCredential"))
    assert loaded == {key: f"/etc/shuttle-guide/credentials/{key}" for key in keys}
    assert set(values(path, "SetCredential")) == {rf"{key}:\n" for key in keys}
    assert keys <= SECRETS.keys()


def test_only_who_makes_or_hears_sound_gets_the_sound_card() -> None:
    with_card = {
        path.name for path in UNITS.rglob("*.*") if path.is_file() and "char-116" in path.read_text()
    }
    assert with_card == {"shuttle-guide-speaker.service", "shuttle-guide-listener.service"}
    for name in ("ingest", "commentator", "telemetry", "console"):
        assert parsed(UNITS / f"shuttle-guide-{name}.service")["Service"]["PrivateDevices"] == "yes"


def test_only_who_hears_may_record() -> None:
    assert "shuttle-guide-capture" in supplementary(UNITS / "shuttle-guide-listener.service")
    assert supplementary(UNITS / "shuttle-guide-speaker.service") == ["audio"]


@pytest.mark.parametrize(
    ("node", "group"),
    [
        *[(node, "shuttle-guide-capture") for node in ("pcmC0D0c", "pcmC0D19c", "pcmC12D3c")],
        *[(node, None) for node in ("pcmC0D0p", "pcmC12D3p", "controlC0", "controlC12", "seq", "timer")],
        *[(node, None) for node in ("hwC1D0", "midiC1D0", "by-path", "comprC0D0")],
    ],
)
def test_capture_nodes_are_in_a_group_of_their_own(node: str, group: str | None) -> None:
    (rule,) = [line for line in RULES.read_text().splitlines() if line.startswith('SUBSYSTEM=="sound"')]
    found = {key: value for key, value in re.findall(r'(\w+==?)"([^"]*)"', rule)}
    assert found.keys() == {"SUBSYSTEM==", "KERNEL==", "GROUP=", "MODE="}
    assert (found["SUBSYSTEM=="], found["MODE="]) == ("sound", "0660")
    assert (found["GROUP="] if fnmatch.fnmatchcase(node, found["KERNEL=="]) else None) == group


@pytest.mark.skipif(not _udev_verifies(), reason="udevadm verify (systemd 254) is not on this machine")
def test_udev_has_nothing_to_say_about_its_rule() -> None:
    command = ["udevadm", "verify", "--resolve-names=never", str(RULES)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("name", ["speaker", "listener"])
def test_what_sounds_or_hears_is_never_swapped_out(name: str) -> None:
    assert values(UNITS / f"shuttle-guide-{name}.service", "MemorySwapMax") == ["0"]


def test_who_serves_clients_elsewhere_reaches_no_feed() -> None:
    unit = UNITS / "shuttle-guide-recognizer-server.service"
    assert values(unit, "InaccessiblePaths") == ["-/run/shuttle-guide"]


def test_who_powers_off_is_root_without_rights_and_without_a_network() -> None:
    service = parsed(UNITS / "shuttle-guide-power.service")["Service"]
    assert (service["User"], service["PrivateNetwork"]) == ("root", "yes")
    assert service["ExecStart"].split()[1:4] == ["-I", "-m", "edge.power"]
    assert values(UNITS / "shuttle-guide-power.service", "DeviceAllow") == ["char-gpiochip rw"]
    assert values(UNITS / "shuttle-guide-power.service", "CapabilityBoundingSet") == []
    assert parsed(COMMON)["Service"]["CapabilityBoundingSet"] == ""


@pytest.mark.parametrize("name", ["ingest", "telemetry", "console"])
def test_who_talks_to_the_broker_reaches_this_machine_only(name: str) -> None:
    path = UNITS / f"shuttle-guide-{name}.service"
    assert (values(path, "IPAddressDeny"), values(path, "IPAddressAllow")) == (["any"], ["localhost"])


def test_the_desk_reaches_other_machines_where_it_is_asked_for_and_never_with_the_shuttles_own_key() -> None:
    option = UNITS / "optional" / "shuttle-guide-console.service.d" / "desk.conf"
    assert (values(option, "IPAddressDeny"), values(option, "IPAddressAllow")) == ([""], [""])
    key = values(option, "LoadCredential")[0].partition(":")
    assert (key[0], Path(key[2]).parent.name) == ("fleet.key", "console")
    files = [value.partition("=") for value in values(option, "Environment")]
    given = {name.removeprefix("SHUTTLE_GUIDE_FLEET__").lower(): path for name, _, path in files}
    assert given["key_file"] == "/run/credentials/shuttle-guide-console.service/fleet.key"
    assert given.keys() <= set(FleetSettings.__struct_fields__)
    families = values(COMMON, "RestrictAddressFamilies")[0].split()
    assert {"AF_INET", "AF_INET6"} <= {*families}


@pytest.mark.parametrize("path", sorted(UNITS.rglob("*.*")), ids=lambda path: str(path.relative_to(UNITS)))
def test_no_unit_says_where_python_looks_for_code(path: Path) -> None:
    """A console script looks in its release; neither a folder nor a variable may add to that."""
    text = path.read_text() if path.is_file() else ""
    assert "WorkingDirectory=" not in text
    assert "PYTHONPATH" not in text


def test_no_core_is_left_that_would_hold_words_or_keys() -> None:
    assert values(COMMON, "LimitCORE") == ["0"]
    assert [path for path in UNITS.rglob("*.service") if values(path, "LimitCORE")] == []


def test_sound_goes_before_all_else_and_the_local_model_comes_last() -> None:
    weight = {name: int(values(UNITS / name, "CPUWeight")[0]) for name in SERVICES}
    by_weight = [name.removeprefix("shuttle-guide-").removesuffix(".service") for name in weight]
    by_weight.sort(key=lambda name: -weight[f"shuttle-guide-{name}.service"])
    assert by_weight[:2] == ["speaker", "listener"]
    assert by_weight[-1] == "llm"


def test_a_site_can_ask_for_each_option_by_a_setting() -> None:
    roll_out = (UNITS.parent / "deploy/ansible/roles/app/vars/main.yml").read_text()
    offered = set(re.findall(r"- of: (\S+)\n    name: (\S+)\n", roll_out))
    there = {(path.parent.name.removesuffix(".service.d"), path.stem) for path in UNITS.glob("optional/*/*")}
    assert offered == there


def test_no_process_is_ever_given_up() -> None:
    common = parsed(COMMON)
    assert common["Unit"]["StartLimitIntervalSec"] == "0"
    assert common["Service"]["Restart"] == "always"
    assert not any("RestartPrevent" in path.read_text() for path in UNITS.rglob("*.*") if path.is_file())
