"""What the speaker, the listener and the command line have in common about sound."""
