"""What the fleet desires, what is in force, and the trial between them. Pure; time is passed in.

A version is tried as soon as it is known to be good: it is in force when the processes that were ready before
run with it and are ready again, and is taken back when they are not within ``READY_WITHIN_S``. The state is
kept on disk at each step, so that neither a kill nor a loss of power leaves a trial open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from edge.config.convert import dotted
from edge.config.desired import DESIRABLE, flat
from edge.fleet.configuration import DesiredBody, RejectedBody, SettingRefusal, refusal_of
from edge.messages import ProcessName, ProcessState

READY_WITHIN_S = 90.0
STEADY_S = 3.0
"""How long ready before a trial has succeeded: what dies at once was not ready."""
MOST_BOOTS = 2
"""Boots in which a version is tried: the machine may be switched off in the middle of a trial once."""
DocumentAge = Literal["new", "known", "older"]


class SettingsTrial(Struct, frozen=True):
    """A version that is being tried."""

    document: DesiredBody
    expected: tuple[ProcessName, ...]
    """Who was ready before."""
    boot: str
    until_mono: float
    steady_s: float = STEADY_S
    """0: no process is started anew."""
    boots: int = 1


class ConfigurationState(Struct, frozen=True):
    """What is kept on disk, as a whole."""

    in_force: DesiredBody | None = None
    applied_at: float | None = None
    trial: SettingsTrial | None = None
    rejected: RejectedBody | None = None
    newest_at: float = 0.0
    """``ts`` of the newest message that was looked at."""
    newest: str = ""
    """The version of that message."""
    to_command: dict[str, Any] = {}
    """Live settings (dotted name → value) that the guide has not obeyed yet."""

    @property
    def document(self) -> DesiredBody | None:
        """What stands in the file."""
        return self.trial.document if self.trial else self.in_force


def arrival_of(state: ConfigurationState, document: DesiredBody) -> DocumentAge:
    """Whether a message is to be looked at."""
    if document.ts < state.newest_at:
        return "older"
    if document.ts == state.newest_at:
        return "known" if document.version == state.newest else "older"
    return "new"


def refuse(
    state: ConfigurationState, document: DesiredBody, refusals: tuple[SettingRefusal, ...], now_at: float
) -> ConfigurationState:
    """A newer message cannot be taken: what is in force stays."""
    rejected = RejectedBody(version=document.version, at=now_at, taken_back=False, refusals=refusals)
    return _seen(state, document, rejected=rejected)


def begin(
    state: ConfigurationState,
    document: DesiredBody,
    *,
    expected: tuple[ProcessName, ...],
    to_command: Mapping[str, Any],
    boot: str,
    now_mono: float,
    anew: bool,
) -> ConfigurationState:
    """Try a newer message's settings; one that was being tried is not tried any more."""
    if state.trial:
        expected = state.trial.expected
        anew = anew or state.trial.steady_s > 0
    steady_s = STEADY_S if anew else 0.0
    trial = SettingsTrial(document, expected, boot, now_mono + READY_WITHIN_S, steady_s)
    return _seen(state, document, trial=trial, rejected=None, to_command=dict(to_command))


def resume(state: ConfigurationState, boot: str, now_mono: float) -> ConfigurationState:
    """Go on with a trial after a start of telemetry; one of an earlier boot begins anew."""
    trial = state.trial
    if trial is None or trial.boot == boot:
        return state
    again = msgspec.structs.replace(
        trial, boot=boot, until_mono=now_mono + READY_WITHIN_S, boots=trial.boots + 1
    )
    return msgspec.structs.replace(state, trial=again)


def succeed(state: ConfigurationState, now_at: float) -> ConfigurationState:
    """The version that was tried is in force."""
    assert state.trial is not None
    return msgspec.structs.replace(state, in_force=state.trial.document, applied_at=now_at, trial=None)


def take_back(
    state: ConfigurationState, reason: str, to_command: Mapping[str, Any], now_at: float
) -> ConfigurationState:
    """The version that was tried is not in force, and what was before is."""
    assert state.trial is not None
    rejected = RejectedBody(
        version=state.trial.document.version,
        at=now_at,
        taken_back=True,
        refusals=(refusal_of(None, None, reason),),
    )
    return msgspec.structs.replace(state, trial=None, rejected=rejected, to_command=dict(to_command))


def forget(
    state: ConfigurationState, refusals: tuple[SettingRefusal, ...], now_at: float
) -> ConfigurationState:
    """What was in force or tried does not fit the shuttle's own settings any more: nothing is in force."""
    assert state.document is not None
    rejected = RejectedBody(version=state.document.version, at=now_at, taken_back=False, refusals=refusals)
    return msgspec.structs.replace(
        state, in_force=None, applied_at=None, trial=None, rejected=rejected, to_command={}
    )


def obeyed(state: ConfigurationState, name: str) -> ConfigurationState:
    """The guide has taken a live setting."""
    left = {each: value for each, value in state.to_command.items() if each != name}
    return msgspec.structs.replace(state, to_command=left)


def missing(state: ConfigurationState, alive: Mapping[ProcessName, ProcessState]) -> list[str]:
    """What the trial still wants; empty: nothing."""
    assert state.trial is not None
    version = state.trial.document.version
    wants = []
    for process in state.trial.expected:
        seen = alive.get(process)
        if seen is None:
            wants.append(f"{process} is not there")
        elif not seen.ready:
            wants.append(f"{process} is not ready: {seen.status}")
        elif seen.facts.get("desired") != version:
            wants.append(f"{process} does not follow")
    return wants + [f"the guide has not taken {name}" for name in state.to_command]


def failure(tried: SettingsTrial, wants: Sequence[str], now_mono: float) -> str:
    """Why the trial has failed; empty: it goes on."""
    if tried.boots > MOST_BOOTS:
        return f"the machine went off during each of {MOST_BOOTS} trials"
    if now_mono < tried.until_mono:
        return ""
    return f"not in force within {READY_WITHIN_S:g} s: {'; '.join(wants) or 'it did not stay ready'}"


def live_changes(
    state: ConfigurationState,
    after: DesiredBody | None,
    shown: Mapping[str, Any],
    wanted: Mapping[str, Any],
) -> dict[str, Any]:
    """Live settings that are to be commanded.

    Args:
        state: as it was.
        after: what is desired now.
        shown: dotted name → value that the guide shows now; it may have been changed by hand.
        wanted: the same as it is to be.
    """
    documents = [each for each in (state.document, after) if each]
    named = {dotted(path) for each in documents for path, _ in flat(each.settings)} | state.to_command.keys()
    live = (dotted(path) for path, how in DESIRABLE.items() if how.command)
    return {name: wanted[name] for name in live if name in named and shown.get(name) != wanted[name]}


def starts_anew(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether any process has to be started anew for it; dotted name → value."""
    return any(
        before[dotted(path)] != after[dotted(path)] for path, how in DESIRABLE.items() if how.processes
    )


def _seen(state: ConfigurationState, document: DesiredBody, **changes: Any) -> ConfigurationState:
    seen = {"newest_at": document.ts, "newest": document.version}
    return msgspec.structs.replace(state, **seen, **changes)
