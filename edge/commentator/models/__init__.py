"""Language models: the rungs that write what the guide says."""
