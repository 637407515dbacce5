"""A prompt that is lost costs the remarks in its language, and nothing else."""

from __future__ import annotations

from pathlib import Path

from bench.clouds import CloudEmulator, Profile
from tests.support.commentator_alone import CommentatorAlone
from tests.support.services import budgets

QUICK = Profile(name="quick", first_token_s=0.02, voice_first_byte_s=0.03, connection_setup_s=0.01)
REMARK = "A dog! It is late for work."


async def test_a_remark_without_a_prompt_fails_and_the_next_one_is_spoken(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    (prompts / "en.txt").write_text("Be funny.")
    (prompts / "ru.txt").write_bytes(b"\xff")
    settings = {
        "SHUTTLE_GUIDE_SHUTTLE__LANGUAGE": "en",
        "SHUTTLE_GUIDE_COMMENTATOR__MODELS": "groq",
        "SHUTTLE_GUIDE_COMMENTATOR__PROMPTS_DIR": str(prompts),
        "SHUTTLE_GUIDE_COMMENTATOR__CHATTINESS": "unlimited",
        "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "false",
        **budgets(),
    }
    async with (
        CloudEmulator(QUICK, reply=lambda request: REMARK) as clouds,
        CommentatorAlone(tmp_path, clouds.env() | settings) as guide,
    ):
        lost = await guide.turn(guide.see(label="dog", language="ru"))
        assert (lost.outcome, lost.reason) == ("failed", "no text")
        assert (await guide.remark(label="cat")).text == REMARK
