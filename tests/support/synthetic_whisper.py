"""A Whisper model of a few megabytes in CTranslate2 form that always "hears" the same words.

All layers are random; only the projection behind the decoder is written so that each token of the script is
followed by the next one. Loading, features, encoder, language detection, beam search and tokenizer are
therefore the true ones.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MELS = 80
VOCABULARY_SIZE = 51_865
"""From this size on CTranslate2 takes a Whisper model for a multilingual one."""
FIRST_WORD = 256
"""Ids below are the single bytes."""
TEXT_TOKENS = 50_257
START, NO_SPEECH, NO_TIMESTAMPS = 50_258, 50_362, 50_363
CERTAIN = 18.0
"""Logit of a scripted token; those of the others are about 0."""


def make_model(
    folder: Path,
    *,
    hears: str,
    endless: bool = False,
    languages: tuple[str, ...] = ("ru",),
    no_speech: bool = False,
    width: int = 64,
    layers: int = 1,
) -> Path:
    """Write the model's files into ``folder``.

    Args:
        hears: words, each of which becomes one token; none may occur twice.
        endless: the words are said over and over again, as a hallucinating model does.
        languages: what language detection finds, the likeliest first.
        no_speech: the model is sure that nobody speaks.
        width, layers: 512 and 6 make it cost what the base model costs. In half the width tokens are so alike
            that a beam leaves words out.
    """
    words = [" " + word for word in hears.split()]
    if len(set(words)) < len(words):
        raise ValueError(f"expected words that differ, came {hears!r}")
    tokens = _tokens(words)
    chain = [NO_TIMESTAMPS, *range(FIRST_WORD, FIRST_WORD + len(words))]
    chain.append(FIRST_WORD if endless else tokens.index("<|endoftext|>"))
    follows = dict.fromkeys(pairwise(chain), CERTAIN)
    for rank, language in enumerate(languages):
        follows[START, tokens.index(f"<|{language}|>")] = CERTAIN - 2 * (rank + 1)
    if no_speech:
        follows[START, NO_SPEECH] = CERTAIN
    folder.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(folder / "tokenizer.json", tokens)
    _write_weights(folder, tokens, follows, width, layers)
    return folder


def _byte_letters() -> list[str]:
    """The visible letter that byte-level BPE writes for each byte."""
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = (chr(256 + number) for number in range(256))
    return [chr(byte) if byte in visible else next(others) for byte in range(256)]


def _tokens(words: list[str]) -> list[str]:
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    letters = _byte_letters()
    text = [*letters, *("".join(letters[byte] for byte in word.encode()) for word in words)]
    text += [f"filler{number}" for number in range(len(text), TEXT_TOKENS - 1)]
    languages = [f"<|{language}|>" for language in _LANGUAGE_CODES[:99]]
    tasks = ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"]
    times = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
    special = ["<|endoftext|>", "<|startoftranscript|>", *languages, *tasks, "<|notimestamps|>", *times]
    return [*text, "", *special]


def _write_tokenizer(path: Path, tokens: list[str]) -> None:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    special = list(enumerate(tokens))[TEXT_TOKENS:]
    document = {
        "version": "1.0",
        "added_tokens": [{"id": id, "content": token, "special": True} | flags for id, token in special],
        "pre_tokenizer": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "vocab": {token: id for id, token in enumerate(tokens[:TEXT_TOKENS])},
            "merges": [],
        },
    }
    path.write_text(json.dumps(document), encoding="utf-8")


def _write_weights(
    folder: Path, tokens: list[str], follows: dict[tuple[int, int], float], width: int, layers: int
) -> None:
    from ctranslate2.specs.whisper_spec import WhisperConfig, WhisperSpec

    random = np.random.default_rng(1)

    def noise(*shape: int, scale: float = 0.02) -> NDArray[np.float16]:
        return (random.standard_normal(shape) * scale).astype(np.float16)

    def weigh(layer: Any, *shape: int) -> None:
        layer.weight = noise(*shape)
        layer.bias = np.zeros(shape[0], np.float16)

    def normalise(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(width, np.float16), np.zeros(width, np.float16)

    def weigh_attention(attention: Any, *rows: int) -> None:
        normalise(attention.layer_norm)
        for linear, count in zip(attention.linear, rows, strict=True):
            weigh(linear, count * width, width)

    def weigh_feed_forward(ffn: Any) -> None:
        normalise(ffn.layer_norm)
        weigh(ffn.linear_0, 4 * width, width)
        weigh(ffn.linear_1, width, 4 * width)

    heads = max(2, width // 64)
    spec = WhisperSpec(layers, heads, layers, heads)
    encoder, decoder = spec.encoder, spec.decoder
    weigh(encoder.conv1, width, MELS, 3)
    weigh(encoder.conv2, width, width, 3)
    encoder.position_encodings.encodings = noise(1500, width)
    decoder.position_encodings.encodings = noise(448, width)
    for part in (encoder, decoder):
        normalise(part.layer_norm)
        for layer in part.layer:
            weigh_attention(layer.self_attention, 3, 1)
            weigh_feed_forward(layer.ffn)
    for layer in decoder.layer:
        weigh_attention(layer.attention, 1, 2, 1)
    embeddings = noise(VOCABULARY_SIZE, width, scale=1.0)
    projection = noise(VOCABULARY_SIZE, width)
    for (token, next_token), logit in follows.items():
        projection[next_token] += logit / width * embeddings[token]
    decoder.embeddings.weight = embeddings
    decoder.projection.weight = projection
    languages = list(range(START + 1, START + 100))
    spec._config = WhisperConfig(suppress_ids=[], suppress_ids_begin=[], lang_ids=languages)
    spec.register_vocabulary(tokens)
    spec.validate()
    spec.optimize()
    spec.save(str(folder))
