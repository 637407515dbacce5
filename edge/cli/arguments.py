"""The commands and their options; each command is a module of its own, imported when it is used."""

from __future__ import annotations

import argparse
import importlib
import math
from collections.abc import Callable
from functools import partial
from typing import Any, get_args

from edge.config import Settings
from edge.config.recognizer_server import DictationLanguage
from edge.messages import LANGUAGES, ProcessName
from edge.signature import ALLOWED_SIGNERS

MODELS_OF_PRESET = {
    "fast": "openai/gpt-oss-20b",
    "balanced": "openai/gpt-oss-120b",
    "gpt": None,  # the OpenAI rung first, with its configured model
}

RECOGNIZER_SERVER = "recognizer-server"
"""A process that is no part of a guide."""
CommandFunction = Callable[[argparse.Namespace, Settings], int]


class _Version(argparse.Action):
    """Tells the version; what reads it takes a tenth of a start, so nobody else imports it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib import metadata

        print(parser.prog, metadata.version("shuttle-guide"))
        parser.exit()


def make_parser() -> argparse.ArgumentParser:
    """All commands with their options; ``command`` of what it parses is to be called."""
    parser = argparse.ArgumentParser(
        prog="shuttle-guide",
        description="A guide that rides in a shuttle: it sees, remarks, and never falls silent.",
        epilog="Settings: environment SHUTTLE_GUIDE_<SECTION>__<KEY>, /etc/shuttle-guide/guide.toml, .env; "
        "`shuttle-guide config show` prints them all.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add = partial(_add, commands)
    add("up", "run all processes in the foreground; Ctrl-C stops them", _lazy("up", "run_up"))
    run = add("run", "run one process (what a systemd unit does)")
    run.add_argument("name", choices=(*get_args(ProcessName), RECOGNIZER_SERVER))
    run.add_argument("--env-file", metavar="FILE", help=f"of {RECOGNIZER_SERVER}: RealtimeSTT's variables")

    demo = add("demo", "start everything, show one event becoming speech, stop")
    demo.add_argument("text", nargs="?", help="what the camera sees (default: in the shuttle's language)")
    demo.add_argument(
        "--output", help="device name, wav:PATH or null (default: the sound card, else out/demo.wav)"
    )

    trigger = add("trigger", "send an event over MQTT and watch its turn")
    what = trigger.add_mutually_exclusive_group(required=True)
    what.add_argument("text", nargs="?", help="what the camera sees, as a person types it")
    what.add_argument(
        "--json-file", "--json", dest="json_file", metavar="FILE", help="a native JSON event (- for stdin)"
    )
    trigger.add_argument("--topic", choices=("event", "announce", "safety"), default="event")
    trigger.add_argument("--timeout", type=float, default=20.0, metavar="SECONDS")
    trigger.add_argument("--as-json", action="store_true", help="print the turn as one JSON line")

    talk = add("talk", "type what the camera sees, hear the remark, see its timing")
    talk.add_argument(
        "--llm",
        nargs="+",
        metavar="NAME",
        default=["balanced"],
        help=f"services that write, best first, or one of {', '.join(MODELS_OF_PRESET)}",
    )

    say = add("say", "hear how a text is said, or see what the voices are given for it")
    say.add_argument("text")
    say.add_argument("--voice", metavar="NAME", help="no other than this (default: the first that works)")
    say.add_argument("--language", choices=LANGUAGES, help="(default: shuttle.language)")
    say.add_argument("--show", action="store_true", help="print the spoken form instead")

    listen = add("listen", "see what is heard, who was meant, and what is answered")
    _add_recognizer(listen, "hear with this machine's microphone and that recognizer server instead")
    listen.add_argument("--seconds", type=float, help="end after so long (default: at Ctrl-C)")

    desk = add("desk", "dictate, correct and send a text")
    _add_recognizer(desk, "the recognizer server (default: desk.server)")
    desk.add_argument("--auto", action="store_true", help="dictate at once")

    devices = add("devices", "microphones and outputs by name, and who holds them", as_json=True)
    tried = devices.add_mutually_exclusive_group()
    for_input, for_output = (
        "a microphone's level (default: listener.input)",
        "a tone (default: speaker.output)",
    )
    tried.add_argument("--level", metavar="NAME", nargs="?", const="", help=for_input)
    tried.add_argument("--tone", metavar="NAME", nargs="?", const="", help=for_output)
    devices.add_argument("--seconds", type=float, help="of the level (default: until Ctrl-C)")

    record = add("record", "write down what comes to the guide, and its turns")
    record.add_argument("file", metavar="FILE", help="a new file (JSON Lines)")
    record.add_argument("--seconds", type=float, help="end after so long (default: at Ctrl-C)")
    record.add_argument(
        "--utterances", action="store_true", help="also what passengers ask; needs telemetry.answer_text"
    )
    replay = add("replay", "play a recorded drive, in simulated time", as_json=True)
    replay.add_argument("file", metavar="FILE")
    replay.add_argument("--diff", action="store_true", help="compare with the turns that were recorded")
    replay.add_argument("--write", metavar="FILE", help="the drive, with the turns of this playing")
    replay.add_argument("--live", action="store_true", help="into the running guide instead")
    replay.add_argument("--speed", type=_speed, default=1.0, help="of a live playing (default 1)")

    _add_bench(add("bench", "time the running guide; `bench asr FOLDER`: recognizers", as_json=True))
    asr = commands.add_parser("bench-asr", prog="shuttle-guide bench asr", description="Time recognizers.")
    asr.set_defaults(command=_lazy("bench_asr"))
    asr.add_argument("folder", help="recordings NAME.wav with their words in NAME.txt")
    asr.add_argument("-n", "--rounds", type=int, default=3, help="rounds over all recordings (default 3)")
    asr.add_argument("--minutes", type=float, default=0.0, help="go on for so long, to see whether it lasts")
    asr.add_argument("--model", action="append", default=[], help="a Whisper model; may be repeated")
    asr.add_argument("--device", action="append", default=[], choices=("cpu", "cuda"), help="may be repeated")
    asr.add_argument("--json", dest="as_json", action="store_true")

    compare = add("compare", "each model with each voice: the fastest that is good enough", as_json=True)
    compare.add_argument("text", nargs="*", help="triggers (default: the five standard ones)")
    compare.add_argument("-n", "--rounds", type=int, default=2)
    compare.add_argument(
        "--llm", nargs="+", metavar="NAME", help="services that write (default: the configured)"
    )
    compare.add_argument("--voice", nargs="+", metavar="NAME", help="services that speak, piper, espeak")
    compare.add_argument("--svg", metavar="FILE", help="a picture, in a new file")

    _add_pool(
        commands.add_parser("pool", help="what is voiced ahead: look, empty, take it to other shuttles")
    )
    _add_fleet(commands.add_parser("fleet", help="the fleet's shuttles: look, watch, speak to them"))
    add("cost", "what was asked of paid services, and what it costs", as_json=True)
    settings = add("config", "check or show the configuration", _lazy("settings"), as_json=True)
    settings.add_argument("action", choices=("check", "show"))
    add("doctor", "is everything there that is needed, and really used?", as_json=True)
    report = add("report", "pack what support needs; no keys, no words")
    report.add_argument("file", metavar="FILE", help="a new .tar.gz")

    accept = add("accept", "try one part of a board that was mounted", as_json=True)
    accept.add_argument("part", choices=("sound", "button", "gps", "network", "heat", "restarts"))
    accept.add_argument("--within", type=_positive, default=60, metavar="SECONDS", help="wait so long (60)")
    accept.add_argument("--gps", metavar="gpsd|DEVICE", help="who tells the position")
    accept.add_argument("--minutes", type=float, default=10.0, help="of heat (10)")
    accept.add_argument("--times", type=_positive, default=10, help="of restarts (10)")

    _add_models(add("models", "list, fetch and check model files"))
    _add_voices(add("voices", "whom the listener knows by the voice"))
    return parser


def _add(
    commands: Any, name: str, help_text: str, command: CommandFunction | None = None, *, as_json: bool = False
) -> argparse.ArgumentParser:
    """A command; without one named it is the function of this name in the module of this name."""
    sub: argparse.ArgumentParser = commands.add_parser(name, help=help_text, description=help_text)
    sub.set_defaults(command=command or _lazy(name))
    if as_json:
        sub.add_argument("--json", dest="as_json", action="store_true")
    return sub


def _add_recognizer(command: argparse.ArgumentParser, server_help: str) -> None:
    command.add_argument("--server", metavar="HOST", help=server_help)
    command.add_argument("--input", metavar="NAME", help="the microphone for it (default: desk.input)")
    spoken = ("auto", *get_args(DictationLanguage))
    command.add_argument("--language", choices=spoken, help="what is dictated (default: desk.language)")


def _add_fleet(fleet: argparse.ArgumentParser) -> None:
    add = partial(_add, fleet.add_subparsers(title="actions", required=True, metavar="ACTION"))
    status = add("status", "who is there, and how each one is", _lazy("fleet", "status"), as_json=True)
    status.add_argument("--within", type=float, default=6.0, metavar="SECONDS", help="listen so long (6)")
    expect_help = "who is to answer: ids, or a folder with shuttle/ID.toml"
    watch = add("watch", "what they say and do, as it happens", _lazy("fleet", "watch"), as_json=True)
    told = add("receipts", "what becomes of commands from now on", _lazy("fleet", "receipts"), as_json=True)
    told.add_argument("id", nargs="?", help="of one command alone")
    for each in (watch, told):
        each.add_argument("--seconds", type=float, help="end after so long (default: at Ctrl-C)")
    follow = _lazy("fleet_config", "config")
    config = add("config", "have them configured as a folder says", follow, as_json=True)
    config.add_argument("action", choices=("diff", "apply"), help="compare only, or send what differs too")
    config.add_argument("folder", metavar="DIR", help="with all.toml, group/NAME.toml, shuttle/ID.toml")
    config.add_argument("--within", type=float, default=120.0, metavar="SECONDS", help="wait so long (120)")
    speak = add("announce", "speak, and see who has played it", _lazy("fleet", "announce"), as_json=True)
    speak.add_argument("text", nargs="?")
    speak.add_argument(
        "--texts", nargs="+", metavar="LANGUAGE=TEXT", help="instead: each shuttle says its own"
    )
    for each in (status, speak):
        each.add_argument("--expect", metavar="ID,ID,…|DIR", help=expect_help)
    whom = speak.add_mutually_exclusive_group(required=True)
    whom.add_argument("--to", metavar="SHUTTLE")
    whom.add_argument("--group", metavar="NAME")
    whom.add_argument("--all", action="store_true")
    speak.add_argument("--safety", action="store_true", help="it replaces whatever is said, also when muted")
    speak.add_argument("--chime", action="store_true", help="a chime goes before it")
    speak.add_argument("--language", choices=LANGUAGES, help="of the text (default: the shuttle's)")
    when_help = "wait on the shuttle until then (ISO 8601), or for so many seconds"
    speak.add_argument("--not-before", metavar="TIME", help=when_help)
    speak.add_argument("--ttl", type=float, default=60.0, metavar="SECONDS", help="begin within (60)")
    speak.add_argument("--within", type=float, default=30.0, metavar="SECONDS", help="watch so long (30)")


def _add_pool(pool: argparse.ArgumentParser) -> None:
    add = partial(_add, pool.add_subparsers(title="actions", required=True, metavar="ACTION"))
    status = _lazy("pool", "status")
    add("status", "what is held, and what today's budget has left", status, as_json=True)
    add("fill", "have the running guide fill it now, and watch", _lazy("pool_fill", "fill")).add_argument(
        "--timeout", type=float, default=1800.0, metavar="SECONDS", help="watch no longer (default 1800)"
    )
    add("clear", "remove all entries", _lazy("pool", "clear"))
    export = add("export", "write all entries into one file", _lazy("pool", "export"))
    export.add_argument("file", metavar="FILE")
    export.add_argument("--sign", metavar="KEY", help="with this key of SSH, so that shuttles take it")
    bring = add("import", "bring in what `pool export` wrote", _lazy("pool", "import_archive"))
    bring.add_argument("file", metavar="FILE")
    trust = bring.add_mutually_exclusive_group()
    signers_help = f"whose signature counts (default: {ALLOWED_SIGNERS})"
    trust.add_argument("--signers", metavar="FILE", help=signers_help)
    trust.add_argument("--unsigned", action="store_true", help="take it from whomever it came")


def _add_bench(bench: argparse.ArgumentParser) -> None:
    bench.add_argument("text", nargs="*", help="your own triggers beside the five standard ones")
    bench.add_argument("-n", "--rounds", type=_positive, default=3, help="over all triggers (default 3)")
    bench.add_argument(
        *("--profile", "--system", "--ablate", "--quiet", "--output", "--svg"),
        dest="moved",
        nargs="*",
        help=argparse.SUPPRESS,
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, like 4 or 0.5, got {text!r}")
    return speed


def _add_models(models: argparse.ArgumentParser) -> None:
    models.add_argument("--catalogue", metavar="FILE", help="instead of the guide's own")
    models.add_argument("--dir", metavar="FOLDER", help="instead of the setting models_dir")
    actions = models.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="what there is, and what of it is here")
    listing.add_argument("--json", dest="as_json", action="store_true")
    fetch = actions.add_parser("fetch", help="bring models; what is here stays, what was cut off goes on")
    fetch.add_argument(
        "names", nargs="+", metavar="NAME", help="whisper/base, base, or all of a folder: piper"
    )
    fetch.add_argument(
        "--mirror", metavar="URL|FOLDER", help="instead of the sources (setting models_mirror)"
    )
    verify = actions.add_parser("verify", help="read every file that is here and compare its checksum")
    for strict in (fetch, verify):
        strict.add_argument("--require-pinned", action="store_true", help="refuse what has no checksum")
    verify.add_argument("names", nargs="*", metavar="NAME")
    path = actions.add_parser("path", help="print where a model lies")
    path.add_argument("name", metavar="NAME")


def _add_voices(voices: argparse.ArgumentParser) -> None:
    actions = voices.add_subparsers(dest="action", required=True, metavar="ACTION")
    enroll = actions.add_parser("enroll", help="learn a voice (numbers are kept, and no sound)")
    enroll.add_argument("name", help="to list and forget it by")
    heard = enroll.add_mutually_exclusive_group(required=True)
    heard.add_argument("--guide", action="store_true", help="the guide's own, by each configured voice")
    heard.add_argument("--wav", nargs="+", metavar="FILE", help="the driver's, from recordings")
    heard.add_argument("--record", type=float, metavar="SECONDS", help="the driver's, from the microphone")
    actions.add_parser("list", help="who is enrolled")
    actions.add_parser("forget", help="forget a voice").add_argument("name")


def _lazy(module: str, function: str = "") -> CommandFunction:
    """A command whose module is imported when it is called: ``run`` must not pay for the others."""

    def command(options: argparse.Namespace, settings: Settings) -> int:
        implementation: CommandFunction = getattr(
            importlib.import_module(f"edge.cli.{module}"), function or module
        )
        return implementation(options, settings)

    return command
