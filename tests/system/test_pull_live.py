"""A booted shuttle that no engineer reaches fetches its releases itself. One story, told in order."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.file_server import Fault, FileServer
from tests.support.fleet import (
    ANSIBLE,
    PACKAGES,
    Fleet,
    make_bundle,
    make_variant,
    manifest_of,
    write_manifest,
)
from tests.support.machine import Machine
from tests.support.shuttle import Shuttle

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
ROOT = "/opt/shuttle-guide"
CRASHES = 'raise SystemExit("this release is broken")\n'


class Depot:
    """A mirror, which the shuttle reaches, and what is published there."""

    def __init__(self, folder: Path, fleet: Fleet, mirror: FileServer) -> None:
        self._folder = folder
        self._fleet = fleet
        self.mirror = mirror
        self._published = 0

    def publish(self, release: str, edits: dict[str, str]) -> None:
        folder = self._folder / release
        shutil.rmtree(folder, ignore_errors=True)
        make_variant(self._fleet.bundle, folder, release, edits, self._fleet.signer)
        self._published += 1
        manifest = manifest_of(folder)
        write_manifest(folder, {**manifest, "made": manifest["made"] + self._published}, self._fleet.signer)
        self.mirror.files.update(
            {f"/{path.name}": path.read_bytes() for path in folder.iterdir() if path.is_file()}
        )


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    if not ANSIBLE.exists() or not shutil.which("ssh"):
        pytest.skip("system tests: no Ansible in .venv-deploy (make setup), or no ssh")
    with Machine(name="pul", network="10.213.77", packages=PACKAGES, flavour="ssh") as machine:
        fleet = Fleet(tmp_path_factory.mktemp("fleet"), {"shuttle-01": machine})
        make_bundle(fleet.bundle, fleet.signer)
        yield fleet


@pytest.fixture(scope="module")
def depot(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Depot]:
    """The shuttle has its first release, and asks this mirror from then on."""
    with FileServer({}, fleet.machines["shuttle-01"].gateway) as mirror:
        fleet.own["shuttle-01"] |= {
            "app_pull_url": f"{mirror.url}/",
            "app_ready_within_s": 30,
            "app_wait_standing_s": 5,
        }
        played = fleet.play("site")
        assert played.returncode == 0, played.output
        yield Depot(tmp_path_factory.mktemp("depot"), fleet, mirror)


@pytest.fixture
def shuttle(fleet: Fleet, depot: Depot) -> Shuttle:
    return Shuttle(fleet, "shuttle-01")


def pull(shuttle: Shuttle) -> str:
    """What the unit says."""
    lines = "journalctl --sync; journalctl --no-pager --quiet --output=cat -t shuttle-pull"
    before = len(shuttle.machine.run(lines).splitlines())
    shuttle.machine.attempt("systemctl start shuttle-pull.service", timeout_s=300)
    return "\n".join(shuttle.machine.run(lines).splitlines()[before:])


def is_settled(shuttle: Shuttle) -> bool:
    state = shuttle.machine.run(f"{ROOT}/roll-out state {shuttle.release()}").strip()
    return state == "settled" and shuttle.machine.attempt(f"ls {ROOT}/at-risk").returncode != 0


def test_it_looks_by_itself_after_a_start(shuttle: Shuttle) -> None:
    assert shuttle.machine.run("systemctl is-enabled shuttle-pull.timer").strip() == "enabled"
    assert "shuttle-pull.timer" in shuttle.machine.run("systemctl list-timers --no-pager shuttle-pull.timer")


def test_a_release_comes_over_a_line_that_is_cut_and_is_proven_aloud(depot: Depot, shuttle: Shuttle) -> None:
    depot.publish("pulled-release", {})
    faults: tuple[Fault | None, ...] = (None, None, "cut")
    depot.mirror.faults.extend(faults)  # type: ignore[arg-type]
    before = shuttle.release()
    assert "the next run goes on there" in pull(shuttle)
    assert shuttle.release() == before
    assert pull(shuttle) == "pull: pulled-release runs, and is proven"
    assert shuttle.release() == "pulled-release"
    assert is_settled(shuttle)
    assert shuttle.sound().any(), "of the speaker that was started anew, which has begun from the start"
    assert shuttle.speaks()


def test_a_broken_release_is_put_back_and_not_tried_again(depot: Depot, shuttle: Shuttle) -> None:
    depot.publish("broken-release", {"edge/speaker/main.py": CRASHES})
    told = pull(shuttle)
    assert "pull: broken-release did not prove healthy" in told
    assert told.endswith("pulled-release was put back.")
    assert "broken-release was put back here" in pull(shuttle)
    assert shuttle.release() == "pulled-release"
    assert is_settled(shuttle)
    assert shuttle.speaks()


def test_a_shuttle_that_drives_keeps_what_runs_until_it_stands(depot: Depot, shuttle: Shuttle) -> None:
    depot.publish("third-release", {})
    shuttle.publish("vehicle", "vehicle", '{"speed_kmh":12.5}')
    assert "the shuttle drives; it changes over when it stands" in pull(shuttle)
    assert shuttle.release() == "pulled-release"
    shuttle.publish("vehicle", "vehicle", '{"speed_kmh":0}')
    assert pull(shuttle) == "pull: third-release runs, and is proven"
    assert is_settled(shuttle)


def test_whoever_begins_a_change_stops_it_and_the_end_starts_it(shuttle: Shuttle) -> None:
    is_active = "systemctl is-active shuttle-pull.timer"
    shuttle.machine.run(f"{ROOT}/roll-out begin")
    assert shuttle.machine.attempt(is_active).stdout.strip() == "inactive"
    shuttle.machine.run(f"{ROOT}/roll-out ready")
    # Started and not waited for.
    shuttle.machine.run(f"timeout 50 sh -c 'until {is_active} --quiet; do sleep 0.2; done'")
    assert is_settled(shuttle)


def test_site_keeps_what_was_pulled_and_ends_the_pulling_where_it_is_told_to(
    fleet: Fleet, shuttle: Shuttle
) -> None:
    fleet.own["shuttle-01"]["app_pull_url"] = ""
    shuttle.machine.run(f"rm {ROOT}/install-release")
    played = fleet.play("site", "--tags", "configure,activate")
    assert played.returncode == 0, played.output
    assert shuttle.release() == "third-release"
    assert is_settled(shuttle)
    assert shuttle.machine.attempt("systemctl cat shuttle-pull.timer").returncode != 0
    assert shuttle.machine.attempt("ls /etc/shuttle-guide/pull.json").returncode != 0
    shuttle.machine.run(f"test -x {ROOT}/install-release")
