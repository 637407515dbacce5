"""Has a speaker finished? By the sound of the last seconds, the words, and this speaker's own pauses."""
