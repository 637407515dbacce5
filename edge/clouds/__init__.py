"""What the rungs that use a cloud have in common: clients, warm connections, errors in one line."""
