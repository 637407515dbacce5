#!/usr/bin/python3 -B
"""Fetches the depot's bundle and rolls it out on the shuttle that it runs on, which nobody has to reach.

usage: pull [--again]   --again: also what was put back here, or is not later than what ran here

``shuttle-pull.service`` calls it, ``/etc/shuttle-guide/pull.json`` says where from. What it does itself is to
fetch, to refuse and to ask whether the guide is well; releases are made by ``install-release``, and changed,
proven and put back by ``roll-out``, as when an engineer's machine tells them to. For the Python that the
machine has, 3.10 or newer.
"""

from __future__ import annotations

import fcntl
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pull_file import FETCH_S, LaterError, RefusedError, bring, one_line, small, within
from pull_health import (
    COMMAND_S,
    CURRENT,
    ETC,
    OPT,
    ROOT,
    UnhealthyError,
    call,
    lives,
    prove,
    roll_out,
    stands,
)

CACHE = OPT / "cache"
TRIED = OPT / ".pull-tried"
"""A line with the release's name for each change-over to it that has not come to an end."""
SPARE_BYTES = 500_000_000
"""What must be left on the disk: journal, pool and what runs go on writing."""
DAY_S = 86400.0
NOR_THE_OTHER = "(nor was what it was put back to, so it is tried again once a day)"


def main() -> int:
    try:
        with (OPT / ".pull.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LaterError("another one is at work (systemctl status shuttle-pull)") from None
            pull(json.loads((ETC / "pull.json").read_text()), again="--again" in sys.argv[1:])
    except LaterError as reason:
        print(f"<5>pull: {one_line(reason)}")
    except (RefusedError, OSError, subprocess.SubprocessError) as error:
        print(f"<3>pull: {one_line(error)}")
        return 1
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        said = f"{type(error).__name__}: {one_line(error, 200)}"
        print(f"<3>pull: settings or manifest are not as expected ({said})")
        return 1
    return 0


def pull(settings: dict[str, Any], *, again: bool) -> None:
    """Leaves everything as it is, or a release that is proven (or owed, where the shuttle drives on)."""
    running = CURRENT.resolve().name
    if not (OPT / "kept/proven").exists():
        raise LaterError("no release was proven here yet; the first one comes by site.yml")
    nobody_else_at_work()
    if roll_out("state", running) == "unproven":
        prove_or_put_back(running, settings)
    manifest = newest(settings["url"])
    release = manifest["release"]
    if release == running:
        return
    judge(manifest, running, again=again)
    refuse_what_cannot_run(manifest)
    install_release(manifest, "prune", str(settings["keep_releases"]))
    refuse_without_room(manifest)
    with within(FETCH_S, release):
        for file in manifest["files"].values():
            bring(f"{settings['url']}/{file['name']}", CACHE / file["name"], file)
    install_release(manifest, "install")
    judge(manifest, running, again=again)
    take_settings(release, manifest)
    if not stands(settings["wait_standing_s"]):
        raise LaterError(f"{release} is here, and the shuttle drives; it changes over when it stands")
    judge(manifest, running, again=again)
    before = lives()
    prove_or_put_back(release, settings, before)


def nobody_else_at_work() -> None:
    if (OPT / "at-risk").exists():
        raise LaterError("another change is under way (journalctl -u shuttle-put-back)")


def judge(manifest: dict[str, Any], running: str, *, again: bool) -> None:
    """Also when time has passed, in which others may have been here."""
    nobody_else_at_work()
    if CURRENT.resolve().name != running:
        raise LaterError("another release came meanwhile")
    if not again:
        refuse_what_was_here(manifest)


# --- what is there, and whether it is taken


def newest(url: str) -> dict[str, Any]:
    """The manifest that the mirror has, which a trusted key has signed."""
    for _ in range(2):  # one of the two may have been published between the two questions
        content = small(f"{url}/manifest.json")
        with tempfile.NamedTemporaryFile() as signature:
            signature.write(small(f"{url}/manifest.json.sig"))
            signature.flush()
            names = ["-f", str(ETC / "allowed_signers"), "-I", "depot", "-n", "shuttle-guide-bundle"]
            command = ["ssh-keygen", "-Y", "verify", *names, "-s", signature.name]
            checked = subprocess.run(command, input=content, capture_output=True, timeout=COMMAND_S)
        if checked.returncode == 0:
            manifest: dict[str, Any] = json.loads(content)
            return manifest
    raise RefusedError(
        f"{url}/manifest.json: no key of {ETC}/allowed_signers has signed it; nothing is taken of it"
    )


def refuse_what_was_here(manifest: dict[str, Any]) -> None:
    """A mirror may show what was signed once, and is not good any more."""
    release = manifest["release"]
    rejected = OPT / "rejected" / release
    if rejected.exists():
        why = rejected.read_text().strip()
        if NOR_THE_OTHER not in why or abs(time.time() - rejected.stat().st_mtime) < DAY_S:
            raise LaterError(f"{release} was put back here, {why}. Publish another, or: pull --again")
    if times_tried(release) >= 2:
        raise LaterError(
            f"{release} was cut off twice before it was ready. Publish another, or: pull --again"
        )
    latest = max((_made(mark.parent) for mark in OPT.glob("releases/*/.healthy")), default=0)
    latest = max(latest, _made(CURRENT))
    if manifest["made"] <= latest:
        raise LaterError(
            f"{release} is of {_day(manifest['made'])}, not later than what ran here, of {_day(latest)}; it "
            "is not taken. To go back, commit what shall run and publish that, or: pull --again"
        )


def refuse_what_cannot_run(manifest: dict[str, Any]) -> None:
    """Before anything comes."""
    release, files = manifest["release"], manifest["files"]
    info = ROOT / "var/lib/dpkg/info"
    lacking = [
        name
        for name in manifest["build_packages"]
        if not any([*info.glob(f"{name}.list"), *info.glob(f"{name}:*.list")])
    ]
    if manifest["made"] > time.time() + DAY_S:
        raise RefusedError(
            f"{release} is of {_day(manifest['made'])}, and this clock says {_day(time.time())}"
        )
    if manifest["arch"] != platform.machine():
        raise RefusedError(f"{release}: expected one for {platform.machine()}, it is for {manifest['arch']}")
    if "interpreter" not in files and not (ROOT / f"usr/bin/python{manifest['python']}").exists():
        raise RefusedError(f"{release} is for Python {manifest['python']}, which is not here: --interpreter")
    if lacking:
        raise RefusedError(f"{release} needs {', '.join(lacking)}, which only upgrade.yml installs")
    if (CURRENT / ".inference").exists() and (CURRENT / ".inference").read_text() == "gpu":
        raise RefusedError(f"{release}: the site's wheels for this GPU come by upgrade.yml alone")


def refuse_without_room(manifest: dict[str, Any]) -> None:
    files = manifest["files"]
    coming = sum(file["bytes"] for file in files.values() if not (CACHE / file["name"]).exists())
    came = sum(part.stat().st_size for part in CACHE.glob("*.part"))
    unpacked = sum(files[kind]["unpacked_bytes"] for kind in to_unpack(manifest))
    needed = coming - came + unpacked + SPARE_BYTES
    if (free := shutil.disk_usage(OPT).free) < needed:
        raise RefusedError(
            f"{manifest['release']}: expected {needed // 10**6} MB free on the disk, found {free // 10**6} MB"
        )


def to_unpack(manifest: dict[str, Any]) -> set[str]:
    """Kinds of files that ``install-release`` still has to unpack; what releases share may be here."""
    files = manifest["files"]
    if (OPT / "releases" / manifest["release"] / ".complete").exists():
        return set()
    digest = {kind: file["sha256"][:12] for kind, file in files.items()}
    python = f"python-{manifest['python']}" + (f"-{digest['interpreter']}" if "interpreter" in files else "")
    shared = {"interpreter": OPT / python, "wheels": CACHE / f"venv-{digest.get('wheels')}-{python}"}
    return files.keys() - {kind for kind, folder in shared.items() if (folder / ".complete").exists()}


def times_tried(release: str) -> int:
    return TRIED.read_text().splitlines().count(release) if TRIED.exists() else 0


def _made(release: Path) -> int:
    """0 where that is not known."""
    try:
        return int(json.loads((release / "manifest.json").read_text()).get("made", 0))
    except (OSError, ValueError, TypeError, AttributeError):
        return 0


def _day(seconds: float) -> str:
    return time.strftime("%F %T", time.gmtime(seconds))


# --- what is called


def install_release(manifest: dict[str, Any], *arguments: str) -> None:
    call([OPT / "install-release", *arguments], json.dumps(manifest))


def take_settings(release: str, manifest: dict[str, Any]) -> None:
    """Those of the release that runs. One that does not take them is left before anything has changed."""
    folder = OPT / "releases" / release
    written = folder / ".manifest.json"
    written.write_text(json.dumps(manifest, indent=4))
    written.replace(folder / "manifest.json")
    for name in ("guide.toml", "drop-ins"):
        if (CURRENT / name).exists():
            shutil.copyfile(CURRENT / name, folder / name)
    settings = f"SHUTTLE_GUIDE_CONFIG={folder}/guide.toml"
    call(["env", settings, folder / ".venv/bin/shuttle-guide", "config", "check"])


# --- there, and back where it is not well


def prove_or_put_back(release: str, settings: dict[str, Any], before: Sequence[str] = ()) -> None:
    try:
        if CURRENT.resolve().name != release:
            change_over(release)
        heard = prove(release, settings, before)
    except UnhealthyError as error:
        reason = one_line(error, 120)
        told = put_back(release, reason, settings)
        TRIED.unlink(missing_ok=True)
        raise RefusedError(f"{release} did not prove healthy ({reason}). {told}") from None
    TRIED.unlink(missing_ok=True)
    said = "is proven" if heard else "the shuttle DRIVES, so nobody has heard it yet"
    print(f"<5>pull: {release} runs, and {said}", flush=True)


def change_over(release: str) -> None:
    TRIED.write_text(f"{release}\n" * (times_tried(release) + 1))  # begin has it on the disk
    roll_out("begin", "by-pull")
    try:
        roll_out("change-to", release)
    except (RefusedError, subprocess.TimeoutExpired) as error:
        raise UnhealthyError(f"the change to it failed: {error}") from None


def put_back(release: str, reason: str, settings: dict[str, Any]) -> str:
    """What came of it. Where all else fails too, that is no proof against this release for ever."""
    former, told = lives(), "It was NOT put back."
    try:
        told = roll_out("put-back", reason, release)
        if not told.endswith("stays."):
            prove(CURRENT.resolve().name, settings, former if "put back." in told else ())
    except (UnhealthyError, RefusedError) as worse:
        told += f" It is NOT HEALTHY either ({one_line(worse, 80)})."
        rejected = OPT / "rejected" / release
        if rejected.exists():
            rejected.write_text(f"{rejected.read_text().strip()} {NOR_THE_OTHER}\n")
    return told


if __name__ == "__main__":
    sys.exit(main())
