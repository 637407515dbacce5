"""What a shuttle and its operators share: topics, the frame, commands and receipts (pure), and its broker."""
