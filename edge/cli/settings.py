"""``shuttle-guide config check|show``."""

from __future__ import annotations

import argparse
import json
from datetime import date

from edge.cli.show import show_lines
from edge.config import Settings, as_dict, environment, gone_settings
from edge.config.convert import dotted
from edge.config.desired import flat
from edge.config.load import flattened, loaded
from edge.config.notes import notes_on


def settings(options: argparse.Namespace, settings: Settings) -> int:
    """``check`` says that all is well (a bad setting has stopped us before, one that is gone was told);
    ``show`` prints the tree."""
    if options.action == "check":
        gone = [setting.name for setting in gone_settings()]
        notes = notes_on(settings, date.today())
        if options.as_json:
            told = ({"gone": gone} if gone else {}) | ({"notes": notes} if notes else {})
            print(json.dumps({"ok": True} | told, ensure_ascii=False))
        elif gone:
            show_lines([("config:", f"all other settings are good; remove {', '.join(gone)}")])
        else:
            print("config: all settings are good")
        if not options.as_json:
            show_lines(("config:", note) for note in notes)
        return 0
    tree = as_dict(settings)
    if options.as_json:
        print(json.dumps(tree, ensure_ascii=False, indent=2))
    else:
        desired = loaded(environment()).desired
        names = {dotted(path) for path, _ in flat(desired.settings)} if desired else set()
        for key, value in flattened(tree):
            mark = f"  # desired by the fleet ({desired.version})" if desired and key in names else ""
            print(f"{key} = {json.dumps(value, ensure_ascii=False)}{mark}")
    return 0
