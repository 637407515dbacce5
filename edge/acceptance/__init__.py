"""What a board has to show once, when it has been mounted: sound, button, GPS, network, heat, restarts.

``cli/accept.py`` runs one part; ``playbooks/accept.yml`` all of them, and keeps the report.
"""
