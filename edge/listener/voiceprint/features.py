"""What speaker models are shown: Kaldi's log mel filter banks without the utterance's mean.

As in 3D-Speaker (``speakerlab/process/processor.py`` and ``runtime/onnxruntime/assets/fbank_config.json``):
80 bins, 25 ms every 10 ms, no dither; all else as Kaldi has it (Povey window, pre-emphasis, whole frames).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.listener.segment import SAMPLE_RATE
from edge.sound.samples import from_int16

BINS = 80
MIN_SAMPLES = SAMPLE_RATE // 10
"""Below this there are too few frames to have a mean."""


class FeaturesError(Exception):
    """There can be no features; the text is one line for the operator."""


class FilterBank:
    """Computes the log mel filter banks of an utterance.

    Raises:
        FeaturesError: the package that computes them is absent.
    """

    def __init__(self) -> None:
        try:
            import kaldi_native_fbank
        except ImportError as error:
            raise FeaturesError(
                'kaldi-native-fbank is not installed: pip install "shuttle-guide[voiceprint]"'
            ) from error
        self._library: Any = kaldi_native_fbank
        self._options = kaldi_native_fbank.FbankOptions()
        self._options.frame_opts.samp_freq = SAMPLE_RATE
        self._options.frame_opts.dither = 0.0
        self._options.mel_opts.num_bins = BINS

    def features(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        """Shape (frames, 80) of samples of shape (n,), mono, 16 kHz. Raises ``FeaturesError`` for too few."""
        if len(samples) < MIN_SAMPLES:
            raise FeaturesError(f"expected at least {MIN_SAMPLES} samples, came {len(samples)}")
        bank = self._library.OnlineFbank(self._options)
        # How loud it is goes out with the mean, so the models' full scale (±1) matters to the floor only.
        bank.accept_waveform(SAMPLE_RATE, from_int16(samples))
        bank.input_finished()
        frames = np.stack([bank.get_frame(number) for number in range(bank.num_frames_ready)])
        without_mean: NDArray[np.float32] = frames - frames.mean(axis=0, keepdims=True)
        return without_mean
