"""Real-time priority for the threads that feed or read a sound card; the rest of a process has none."""

from __future__ import annotations

import logging
import os

log = logging.getLogger(__name__)

PRIORITY = 10
"""Above everything ordinary, below the kernel's own threads (50). The unit's LimitRTPRIO allows it."""


def ask_for_realtime() -> bool:
    """Ask it for the calling thread; what it starts does not inherit it.

    A unit's CPUSchedulingPolicy= would not start at all on a kernel with real-time group scheduling.
    """
    if not hasattr(os, "SCHED_RESET_ON_FORK"):  # not Linux
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except OSError as error:
        log.debug("no real-time priority (%s): sound may break up on a busy processor", error.strerror)
        return False
    log.info("the thread of the sound card has real-time priority %d", PRIORITY)
    return True
