"""A guide whose listener waits as long as a busy machine takes, where others do without after a second.

That is the check of a voice, and the interim transcripts, of which one that takes long switches them off for
a minute.
"""

from __future__ import annotations

import sys

from bench.changed_guide import run_changed
from edge.listener.recognizers import interim_pace
from edge.listener.voiceprint import verifier

PATIENCE_S = 30.0
PATIENT = ("-m", "tests.support.patient_listener")
"""The interpreter's arguments that start it, or a guide with it (``up``), instead of ``-m edge``."""

if __name__ == "__main__":
    verifier.DEADLINE_S = PATIENCE_S
    interim_pace.TOO_SLOW_S = PATIENCE_S
    interim_pace.LARGEST_SHARE = 1.0  # a slow one leaves time for the next within one sentence
    sys.exit(run_changed(PATIENT, sys.argv[1:]))
