"""Just enough SVG for a picture of times: shapes, text, an axis. Pure; lengths in px."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

MANY_TICKS = 10


@dataclass
class Canvas:
    """Shapes in the order in which they were drawn. ``kind`` is a class of ``style``.

    Args:
        title: for readers that do not see the picture.
        style: CSS; colours are there, so that one picture fits light and dark pages.
            Empty: the page has it.
        stretched: fills whatever room it gets, out of proportion.
    """

    width: float
    height: float
    title: str
    style: str = ""
    stretched: bool = False
    _parts: list[str] = field(default_factory=list)

    def rect(
        self, x: float, y: float, width: float, height: float, kind: str, *, radius: float = 0, tip: str = ""
    ) -> None:
        """``tip`` shows under the pointer."""
        self._add("rect", kind, tip, x=x, y=y, width=max(0.0, width), height=height, rx=radius)

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        self._add("line", kind, x1=x1, y1=y1, x2=x2, y2=y2)

    def circle(self, x: float, y: float, radius: float, kind: str, *, tip: str = "") -> None:
        self._add("circle", kind, tip, cx=x, cy=y, r=radius)

    def text(self, x: float, y: float, text: str, kind: str = "") -> None:
        """``y`` is that of the base line; alignment is the class's matter."""
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class={quoteattr(kind)}>{escape(text)}</text>')

    def to_xml(self) -> str:
        """The whole file."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'width="{self.width:g}" height="{self.height:g}" role="img"'
            + (' preserveAspectRatio="none">' if self.stretched else ">")
        )
        return "\n".join(
            [
                head,
                f"<title>{escape(self.title)}</title>",
                *([f"<style>{escape(self.style)}</style>"] if self.style else []),
                *self._parts,
                "</svg>\n",
            ]
        )

    def _add(self, shape: str, kind: str, tip: str = "", **lengths: float) -> None:
        attributes = " ".join(f'{name}="{value:.1f}"' for name, value in lengths.items())
        inner = f"<title>{escape(tip)}</title>" if tip else ""
        self._parts.append(f"<{shape} {attributes} class={quoteattr(kind)}>{inner}</{shape}>")


@dataclass(frozen=True)
class Scale:
    """A linear axis from 0 to ``maximum`` over the pixels from ``left`` to ``right``."""

    maximum: float
    left: float
    right: float

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        return self.left + (self.right - self.left) * value / self.maximum

    def ticks(self) -> Iterator[float]:
        """Round values (1, 2 or 5 times a power of ten apart), at most ``MANY_TICKS``."""
        rough = self.maximum / MANY_TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
        for index in range(int(self.maximum / step) + 1):
            yield index * step
