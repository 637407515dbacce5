"""Build onnxruntime and CTranslate2 for an Orin's GPU, on a board of that JetPack (docs/gpu.md).

    python -m scripts.build_gpu_wheels --jetpack 6 --folder /data/build [--dry-run] [--cpu] [ENGINE …]

With the Python of the guide, which the wheels are for. Prints what to write into the inventory. ``--cpu``
builds the same without CUDA, to try the steps on any machine.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from scripts.bundle_archive import sha256_of

ORIN = 87
"""The architecture of Orin's GPU; 8.7 as CTranslate2 writes it."""
CUDA = {"6": "12.6", "7": "13.2"}
"""JetPack 6.2 and 7.2 → their CUDA. A wheel runs with the major version that it was built for."""
MODULES = ("auditwheel", "numpy", "packaging", "pybind11", "setuptools", "wheel")
FROM_CUDA = ("libcuda.so*", "libcudart.so*", "libcublas*", "libcudnn*", "libnv*")
"""The board's own; everything else that the module needs comes into its wheel."""


class Source(NamedTuple):
    """What is built; its tag is of the version that requirements-device.lock has."""

    repository: str
    tag: str
    commit: str | None
    """The commit that the tag stands for; None: whoever builds has to look it up (``--commit``)."""


SOURCES = {
    "onnxruntime": Source("https://github.com/microsoft/onnxruntime", "v1.31.1", None),
    "ctranslate2": Source("https://github.com/OpenNMT/CTranslate2", "v4.8.5", None),
}


class Step(NamedTuple):
    """A command."""

    command: tuple[str, ...]
    folder: Path
    environment: tuple[str, ...] = ()
    """``NAME=value`` beside what is set already."""

    def __str__(self) -> str:
        assigned = "".join(f"{shlex.quote(one)} " for one in self.environment)
        return f"cd {shlex.quote(str(self.folder))} && {assigned}{shlex.join(self.command)}"


class BuildError(Exception):
    """What was expected, what came, and what to do, in one line."""


def main(arguments: list[str] | None = None) -> int:
    options = _arguments(arguments)
    steps = {engine: _steps(engine, options) for engine in options.engines}
    if options.dry_run:
        for engine in options.engines:
            print(f"# {engine} {SOURCES[engine].tag}", *_fetch(engine, options), *steps[engine], sep="\n")
        return 0
    if troubles := missing(options):
        print(*troubles, sep="\n", file=sys.stderr)
        return 1
    try:
        for engine in options.engines:
            _check_out(engine, options)
            for step in steps[engine]:
                _run(step)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    print(inventory_entry(options.jetpack, sorted((options.folder / "wheels").glob("*.whl"))))
    return 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.build_gpu_wheels", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=f"default: {', '.join(SOURCES)}")
    parser.add_argument("--jetpack", choices=sorted(CUDA), required=True)
    parser.add_argument("--folder", type=Path, required=True, help="for sources and wheels; 10 GB")
    parser.add_argument("--cuda-home", type=Path, default=Path("/usr/local/cuda"))
    parser.add_argument("--jobs", type=int, default=4, help="compilers at a time; each takes up to 2 GB")
    parser.add_argument("--cpu", action="store_true", help="without CUDA")
    parser.add_argument("--dry-run", action="store_true", help="print the commands only")
    parser.add_argument(
        "--commit", action="append", default=[], metavar="ENGINE=HASH", help="that its tag must stand for"
    )
    options = parser.parse_args(arguments)
    options.engines = options.engines or list(SOURCES)
    if unknown := [name for name in options.engines if name not in SOURCES]:
        parser.error(f"expected engines of {', '.join(SOURCES)}, came {', '.join(unknown)}")
    options.folder = options.folder.absolute()
    options.commits = {name: source.commit for name, source in SOURCES.items()}
    for given in options.commit:
        name, _, commit = given.partition("=")
        if name not in SOURCES or not re.fullmatch(r"[0-9a-f]{40}", commit):
            parser.error(f"--commit: expected ENGINE=HASH with 40 hexadecimal digits, came {given}")
        options.commits[name] = commit
    return options


def missing(options: argparse.Namespace) -> list[str]:
    """What the build needs and this machine has not: one line each, with what to do."""
    tools = {"git": "git", "cmake": "cmake", "ninja": "ninja-build", "g++": "g++", "patchelf": "patchelf"}
    troubles = [
        f"{tool} is missing: apt install {package}"
        for tool, package in tools.items()
        if not shutil.which(tool)
    ]
    troubles += [
        f"the Python module {module} is missing: {sys.executable} -m pip install {module}"
        for module in MODULES
        if find_spec(module) is None
    ]
    for engine in options.engines:
        if options.commits[engine] is None:
            source = SOURCES[engine]
            troubles.append(
                f"nobody has looked up yet which commit {source.tag} of {engine} is: compare "
                f"{source.repository}/releases/tag/{source.tag}, and give --commit {engine}=HASH"
            )
    return troubles + ([] if options.cpu else _missing_cuda(options))


def _missing_cuda(options: argparse.Namespace) -> list[str]:
    wanted, troubles = CUDA[options.jetpack], []
    nvcc = options.cuda_home / "bin" / "nvcc"
    if not nvcc.is_file():
        troubles.append(
            f"{nvcc} is missing: apt install nvidia-cuda-dev, or name CUDA's folder by --cuda-home"
        )
    else:
        said = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=False).stdout
        found = re.search(r"release (\d+\.\d+)", said)
        if found is None or found[1] != wanted:
            came = found[1] if found else "no version"
            troubles.append(f"expected CUDA {wanted} of JetPack {options.jetpack}, {nvcc} is of {came}")
    folders = (Path("/usr/include"), Path("/usr/include/aarch64-linux-gnu"), options.cuda_home / "include")
    if not any((folder / "cudnn.h").exists() for folder in folders):
        troubles.append("cudnn.h is missing: apt install nvidia-cudnn-dev")
    return troubles


def _fetch(engine: str, options: argparse.Namespace) -> list[Step]:
    source = SOURCES[engine]
    clone = ("git", "clone", "--depth", "1", "--branch", source.tag, source.repository, engine)
    # Each is pinned by its commit in what was verified.
    submodules = ("git", "submodule", "update", "--init", "--recursive", "--depth", "1")
    return [Step(clone, options.folder), Step(submodules, options.folder / engine)]


def _check_out(engine: str, options: argparse.Namespace) -> None:
    """Sources of the tag, if it is the commit that it shall be. Raises BuildError."""
    clone, submodules = _fetch(engine, options)
    folder = submodules.folder
    options.folder.mkdir(parents=True, exist_ok=True)
    if not folder.is_dir():
        _run(clone)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=False
    ).stdout.strip()
    if head != options.commits[engine]:
        came = f"{SOURCES[engine].tag} is {head or 'none'}"
        raise BuildError(
            f"expected commit {options.commits[engine]} of {engine}, {came}; "
            f"nothing was built. Remove {folder} and find out who changed the tag"
        )
    _run(submodules)


def _steps(engine: str, options: argparse.Namespace) -> list[Step]:
    """Steps from sources to a wheel in ``wheels``."""
    return {"onnxruntime": _onnxruntime, "ctranslate2": _ctranslate2}[engine](options)


def _onnxruntime(options: argparse.Namespace) -> list[Step]:
    """Steps to onnxruntime's wheel, which holds its own libraries."""
    cuda = ("--use_cuda", "--cuda_home", str(options.cuda_home), "--cudnn_home", "/usr")
    defines = (
        "onnxruntime_BUILD_UNIT_TESTS=OFF",
        *(() if options.cpu else (f"CMAKE_CUDA_ARCHITECTURES={ORIN}",)),
    )
    build = (
        *("./build.sh", "--config", "Release", "--update", "--build", "--build_wheel", "--skip_tests"),
        *("--allow_running_as_root", "--parallel", str(options.jobs)),
        *(() if options.cpu else cuda),
        *("--cmake_extra_defines", *defines),
    )
    built = options.folder / "onnxruntime" / "build" / "Linux" / "Release" / "dist"
    keep = ("sh", "-c", f"mkdir -p wheels && cp {shlex.quote(str(built))}/*.whl wheels/")
    return [Step(build, options.folder / "onnxruntime"), Step(keep, options.folder)]


def _ctranslate2(options: argparse.Namespace) -> list[Step]:
    """auditwheel puts ``libctranslate2.so`` into the wheel, and has the module look for it there."""
    installed = options.folder / "ctranslate2-installed"
    gpu = ("-DWITH_CUDA=ON", "-DWITH_CUDNN=ON", f"-DCUDA_ARCH_LIST={ORIN / 10}")
    configure = (
        *("cmake", "-S", "ctranslate2", "-B", "ctranslate2-build", "-G", "Ninja"),
        *("-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_INSTALL_PREFIX={installed}", "-DCMAKE_INSTALL_LIBDIR=lib"),
        *("-DBUILD_CLI=OFF", "-DWITH_MKL=OFF", "-DWITH_RUY=ON", "-DOPENMP_RUNTIME=COMP"),
        *(() if options.cpu else (*gpu, f"-DCUDA_TOOLKIT_ROOT_DIR={options.cuda_home}")),
    )
    found = (f"CTRANSLATE2_ROOT={installed}", f"LD_LIBRARY_PATH={installed}/lib")
    wheel = (
        *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "raw"),
        "./ctranslate2/python",
    )
    excluded = (part for pattern in FROM_CUDA for part in ("--exclude", pattern))
    repair = (
        f"{shlex.join((sys.executable, '-m', 'auditwheel', 'repair', '--wheel-dir', 'wheels', *excluded))}"
    )
    return [
        Step(configure, options.folder),
        Step(("cmake", "--build", "ctranslate2-build", "--parallel", str(options.jobs)), options.folder),
        Step(("cmake", "--install", "ctranslate2-build"), options.folder),
        Step(wheel, options.folder, found),
        Step(("sh", "-c", f"{repair} raw/ctranslate2-*.whl"), options.folder, found),
    ]


def _run(step: Step) -> None:
    print(step, file=sys.stderr, flush=True)
    environment = os.environ | dict(one.split("=", 1) for one in step.environment)
    if status := subprocess.run(step.command, cwd=step.folder, env=environment, check=False).returncode:
        raise BuildError(f"ended with {status} (see above): {step}")


def inventory_entry(jetpack: str, wheels: list[Path]) -> str:
    """``gpu_wheels`` as the inventory has it."""
    lines = [f"    - {{src: {wheel}, sha256: {sha256_of(wheel)}}}" for wheel in wheels]
    return "\n".join(["gpu_wheels:", f'  "{jetpack}":', *lines])


if __name__ == "__main__":
    sys.exit(main())
