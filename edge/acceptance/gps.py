"""Does a GPS receiver have a fix? Asked of gpsd, or of a receiver that writes NMEA 0183 itself."""

from __future__ import annotations

import functools
import json
import operator
import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import closing

from edge.acceptance.result import Result, failed, not_there, passed_if

GPSD = "gpsd"
GPSD_PORT = 2947
WATCH = b'?WATCH={"enable":true,"json":true};\n'
LONGEST_LINE = 16_384
ADVICE = "sky in view? A cold receiver needs minutes. Antenna, cable, baud rate (stty), gpsd's device"


def check_gps(source: str | None, within_s: float, *, gpsd_port: int = GPSD_PORT) -> Result:
    """Wait for a fix of the receiver.

    Args:
        source: ``gpsd`` (on this machine), the path of a receiver, or nothing: there is none.
    """
    if not source:
        return not_there("gps", "none is named (accept_gps)")
    started = time.monotonic()
    requested = f"a fix within {within_s:.0f} s"
    try:
        has_fix = _gpsd_has_fix if source == GPSD else _nmea_has_fix
        lines = 0
        for line in _lines(source, gpsd_port, started + within_s):
            lines += 1
            if has_fix(line):
                took_s = round(time.monotonic() - started, 1)
                check = passed_if(True, "gps", requested, f"{source}: a fix after {took_s:.0f} s", "")
                return Result([check], {"fix_after_s": took_s})
    except OSError as error:
        told = f"{source}: {error.strerror or 'no answer'}"
        return failed("gps", requested, told, "is it plugged in, does gpsd run?")
    return failed("gps", requested, f"{source}: {lines} lines, no fix", ADVICE)


def _gpsd_has_fix(line: bytes) -> bool:
    try:
        report = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(report, dict) and report.get("class") == "TPV" and report.get("mode") in (2, 3)


def _nmea_has_fix(line: bytes) -> bool:
    """A sentence GGA of any system whose quality is not 0, with the right checksum."""
    sentence, star, checksum = line.strip().removeprefix(b"$").partition(b"*")
    fields = sentence.split(b",")
    if not star or len(fields) < 7 or not fields[0].endswith(b"GGA"):
        return False
    return b"%02X" % functools.reduce(operator.xor, sentence) == checksum.upper() and fields[6] in b"12345"


def _lines(source: str, gpsd_port: int, until_mono: float) -> Iterator[bytes]:
    """What comes until then. Raises OSError."""
    if source != GPSD:
        # Without becoming the terminal of this process, and without waiting for a carrier.
        descriptor = os.open(source, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            yield from _split(descriptor, until_mono)
        finally:
            os.close(descriptor)
        return
    with closing(socket.create_connection(("127.0.0.1", gpsd_port), timeout=5)) as gpsd:
        gpsd.sendall(WATCH)
        yield from _split(gpsd.fileno(), until_mono)


def _split(descriptor: int, until_mono: float) -> Iterator[bytes]:
    rest = b""
    while (left_s := until_mono - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left_s)[0]:
            return
        if not (data := os.read(descriptor, 4096)):
            return
        *lines, rest = (rest + data).split(b"\n")
        yield from lines
        rest = rest[-LONGEST_LINE:]
