"""The listener: microphone → speech segments → transcripts → questions for the guide."""
