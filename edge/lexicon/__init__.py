"""What the guide can name, how each language declines and counts it, and how people type it."""
