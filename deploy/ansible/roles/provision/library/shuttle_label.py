#!/usr/bin/python
"""Ansible module: the label of a shuttle's board, a page of 90 × 50 mm with a QR code. It holds no secret."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

try:
    import segno
except ImportError:  # an environment that was set up before
    segno = None

DOCUMENTATION = r"""
module: shuttle_label
short_description: The label of a shuttle's board
options:
  path:
    description: The SVG file.
    type: path
    required: true
  shuttle:
    description: Id of the shuttle.
    type: str
    required: true
  board:
    description: What the board says of itself, with serial, model and macs (interface to address).
    type: dict
    required: true
"""

CODE_MM = 42.0
"""Side of the code with the four empty modules that readers need around it."""
PAGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="90mm" height="50mm" viewBox="0 0 90 50">
<rect width="90" height="50" fill="#fff"/>
<path transform="translate(2 4) scale({scale:.4f})" fill="#000" d="{squares}"/>
<g font-family="sans-serif">
{lines}</g>
</svg>
"""


def content(shuttle: str, board: Mapping[str, object]) -> list[str]:
    """What the code says, line by line."""
    macs = board.get("macs")
    addresses = [f"{name} {mac}" for name, mac in macs.items()] if isinstance(macs, Mapping) else []
    return [shuttle, f"serial {board['serial']}", *addresses]


def squares(matrix: Sequence[Sequence[int]], border: int = 4) -> str:
    """Dark runs of each row, a module being 1 by 1, as an SVG path."""
    drawn = []
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end]:
                end += 1
            if end > x:
                drawn.append(f"M{x + border} {y + border}h{end - x}v1h-{end - x}z")
            x = max(end, x + 1)
    return "".join(drawn)


def draw(shuttle: str, board: Mapping[str, object]) -> str:
    code = segno.make("\n".join(content(shuttle, board)), error="m", micro=False)
    modules = len(code.matrix) + 8
    text = [*content(shuttle, board), str(board.get("model", ""))]
    lines = "".join(
        f'<text x="46" y="{12 + 6 * row}" font-size="{2.9 if row else 7}">{html.escape(line[:40])}</text>\n'
        for row, line in enumerate(text[:7])
    )
    return PAGE.format(scale=CODE_MM / modules, squares=squares(code.matrix), lines=lines)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "shuttle": {"type": "str", "required": True},
            "board": {"type": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    if segno is None:
        module.fail_json(msg="Expected segno beside Ansible, which draws the label. Run: make setup")
    path = Path(module.params["path"])
    page = draw(module.params["shuttle"], module.params["board"])
    changed = not path.exists() or path.read_text() != page
    if changed and not module.check_mode:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page)
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()
