"""The Indonesian tables of abbreviations, read once."""

from __future__ import annotations

from functools import cache, partial

from edge.package_tables import read_table
from edge.spoken_form.word_lists import listed_in, sayings_in

listed = partial(listed_in, "id")
sayings = partial(sayings_in, "id")
MONTHS = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli"),
    *("Agustus", "September", "Oktober", "November", "Desember"),
)


@cache
def table(name: str) -> dict[str, str]:
    """One part of the table of abbreviations."""
    return dict(read_table("edge.spoken_form", "abbreviations_id.toml")[name])


@cache
def months() -> dict[str, str]:
    """Short names with a capital letter, with or without a full stop → the whole name."""
    short = {key.capitalize(): name for key, name in table("months").items()}
    return short | {f"{key}.": name for key, name in short.items()}
