"""Real-time priority for the threads that feed or read a sound card; the rest of a process has none."""

from __future__ import annotations

import logging
import os
import resource
import sys

log = logging.getLogger(__name__)

PRIORITY = 10
"""Above everything ordinary, below the kernel's own threads (50)."""


def ask_for_realtime() -> bool:
    """Ask it for the calling thread, where the unit's ``LimitRTPRIO=`` offers it; what it starts has none.

    A unit's CPUSchedulingPolicy= would not start at all on a kernel with real-time group scheduling.
    """
    if sys.platform != "linux" or resource.getrlimit(resource.RLIMIT_RTPRIO)[0] < PRIORITY:
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except OSError as error:
        log.warning("no real-time priority (%s): sound may break up on a busy processor", error.strerror)
        return False
    log.info("the thread of the sound card has real-time priority %d", PRIORITY)
    return True
