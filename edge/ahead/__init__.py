"""Making ahead, in quiet moments: one engine, of which the commentator and the speaker have one each."""
