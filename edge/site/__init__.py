"""What a place brings with it: one folder, ``shuttle.site_dir``."""
