"""When the end of an utterance is found: too early, too late, or right."""
