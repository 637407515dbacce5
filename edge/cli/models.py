"""``shuttle-guide models list|fetch|verify|path``: what there is, bring it, check it, say where it lies."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from edge.cli.rights import give_up_rights
from edge.cli.show import show_lines
from edge.config import Settings
from edge.model_files.catalogue import Catalogue, Model, load_catalogue
from edge.model_files.fetch import Fetcher, FetchError, room_for
from edge.model_files.http_download import make_client
from edge.model_files.store import FileState, Store, sha256_of


def models(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0 when done; 1 with one line on standard error when not."""
    actions = {"list": _list, "fetch": _fetch, "verify": _verify, "path": _path}
    catalogue = load_catalogue(Path(options.catalogue) if options.catalogue else None)
    store = Store(Path(options.dir or settings.models_dir).expanduser())
    options.mirror = getattr(options, "mirror", None) or settings.models_mirror
    give_up_rights(store.folder)
    return actions[options.action](options, catalogue, store)


def _list(options: argparse.Namespace, catalogue: Catalogue, store: Store) -> int:
    if options.as_json:
        entries = [_as_dict(model, store) for model in catalogue.models]
        print(json.dumps({"dir": str(store.folder), "models": entries}, ensure_ascii=False, indent=2))
        return 0
    print(f"models in {store.folder}")
    show_lines((here := _presence(model, store), _told(model, here)) for model in catalogue.models)
    return 0


def _told(model: Model, here: str) -> str:
    size = "size unknown" if model.size is None else f"{model.size / 1e6:.0f} MB"
    facts = [size, "pinned" if model.pinned else "no checksum"] if model.file else []
    first = f"{model.name}: {', '.join([*facts, f'licence {model.licence}'])}"
    fetch = f"→ `shuttle-guide models fetch {model.name}`" if here == "incomplete" else ""
    return "\n".join(filter(None, (first, model.note, fetch)))


def _fetch(options: argparse.Namespace, catalogue: Catalogue, store: Store) -> int:
    chosen = list(dict.fromkeys(model for name in options.names for model in catalogue.find(name)))
    if options.require_pinned and (unpinned := [model.name for model in chosen if not model.pinned]):
        raise FetchError(
            f"{', '.join(unpinned)}: no checksum in the catalogue, and --require-pinned is given; "
            "models/README.md says how to pin"
        )
    with store.held(), make_client() as client, _Bar() as bar:
        room_for(store, chosen)
        fetcher = Fetcher(store, client, bar, mirror=options.mirror, say=bar.say)
        for model in chosen:
            for fetched in fetcher.fetch(model):
                if fetched.first_seen:
                    bar.say(
                        f"{model.name}/{fetched.file.name}: nobody vouches for its checksum; from now on "
                        f"it must be {fetched.sha256} (models.lock.json)"
                    )
    for model in chosen:
        print(f"{model.name}: {store.path(model) if model.file else model.note}")
    return 0


def _verify(options: argparse.Namespace, catalogue: Catalogue, store: Store) -> int:
    named = [model for name in options.names for model in catalogue.find(name)]
    whole = True
    for model in named or catalogue.models:
        for file in model.file:
            state = store.state_of(model, file)
            if state is FileState.ABSENT and not named:
                continue
            if state is FileState.PRESENT:
                expected = file.sha256 if options.require_pinned else store.expected_sha256(model, file)
                found = sha256_of(store.path_of(model, file))
                state_text = (
                    "ok" if found == expected else "unpinned" if expected is None else "WRONG CHECKSUM"
                )
            else:
                state_text = state.value.upper()
            whole = whole and state_text in (("ok",) if options.require_pinned else ("ok", "unpinned"))
            print(f"{state_text:<14} {model.name}/{file.name}")
    return 0 if whole else 1


def _path(options: argparse.Namespace, catalogue: Catalogue, store: Store) -> int:
    model = catalogue.find_one(options.name)
    if not model.file:
        raise FetchError(f"{model.name} {model.note}")
    if not store.complete(model):
        raise FetchError(
            f"{model.name} is {_presence(model, store)}: `shuttle-guide models fetch {model.name}`"
        )
    print(store.path(model))
    return 0


def _presence(model: Model, store: Store) -> str:
    if not model.file:
        return "package"
    states = [store.state_of(model, file) for file in model.file]
    if all(state is FileState.PRESENT for state in states):
        return "yes"
    return "no" if all(state is FileState.ABSENT for state in states) else "incomplete"


def _as_dict(model: Model, store: Store) -> dict[str, object]:
    return {
        "name": model.name,
        "role": model.role,
        "licence": model.licence,
        "languages": list(model.languages),
        "size": model.size,
        "pinned": model.pinned,
        "here": _presence(model, store),
        "path": str(store.path(model)) if model.file else None,
        "note": model.note,
    }


class _Bar:
    """A progress bar on standard error; without a terminal only its lines are written."""

    def __init__(self) -> None:
        from rich.console import Console

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
        self._task: TaskID | None = None

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def begin(self, name: str, total: int | None, done: int) -> None:
        """A file begins, or begins anew."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(name, total=total, completed=done)

    def advance(self, count: int) -> None:
        if self._task is not None:
            self._progress.advance(self._task, count)

    def say(self, line: str) -> None:
        """A line for people, above the bar."""
        if self._progress.disable:
            print(f"models: {line}", file=sys.stderr, flush=True)
        else:
            self._progress.console.print(line, highlight=False)
