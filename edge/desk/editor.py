"""The desk's text: no border, no numbers, nothing that a terminal's own selection would copy too."""

from __future__ import annotations

import time
from typing import ClassVar, cast

from textual import events
from textual.binding import BindingType
from textual.document._document import Document
from textual.message import Message
from textual.timer import Timer
from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from edge.desk.draft import DictationPoint, WaitingSentences, insertion

SETTLED_S = 0.25
"""A selection that has not changed for so long is one."""
LOOK_S = 0.1


class DraftEditor(TextArea):
    """A text that is typed and dictated."""

    BINDINGS: ClassVar[list[BindingType]] = [("ctrl+a", "select_all", "Select all")]
    DEFAULT_CSS = """
    DraftEditor, DraftEditor:focus {
        border: none; padding: 0; background: transparent; height: 1fr; scrollbar-size: 0 0;
    }
    """

    class Selected(Message):
        """Something was selected, and is to be copied."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Written(Message):
        """A sentence stands in the text."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(self) -> None:
        super().__init__(compact=True, highlight_cursor_line=False, tab_behavior="indent")
        self._point = DictationPoint()
        self._waiting = WaitingSentences()
        self._settling: Timer | None = None
        self._told: Selection | None = None

    def on_mount(self) -> None:
        self.set_interval(LOOK_S, self._write_waiting)

    def dictate(self, sentence: str) -> None:
        """Have a sentence written, once nobody types."""
        self._waiting.add(sentence)
        self._write_waiting()

    def flush(self) -> None:
        """Write what waits: the editor is left."""
        for sentence in self._waiting.take_all():
            self._write(sentence)

    def on_key(self, event: events.Key) -> None:
        if event.is_printable or event.key in ("backspace", "delete"):
            self._waiting.typed(time.monotonic())

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        if self._settling is not None:
            self._settling.stop()
        self._settling = None
        if event.selection.is_empty:
            self._told = None
        else:
            self._settling = self.set_timer(SETTLED_S, self._tell_selected)

    def _tell_selected(self) -> None:
        if self.selected_text and self.selection != self._told:
            self._told = self.selection
            self.post_message(self.Selected(self.selected_text))

    def _write_waiting(self) -> None:
        for sentence in self._waiting.take(time.monotonic()):
            self._write(sentence)

    def _write(self, sentence: str) -> None:
        """One step for ``undo``, whatever was typed before and after it."""
        selection, (begin, end) = self.selection, self._selected
        what = insertion(self.text, self._point.offset((begin, end)), sentence)
        self.history.checkpoint()
        location = self._plain.get_location_from_index(what.offset)
        self.insert(what.text, location, maintain_selection_offset=False)
        if begin != end:
            self.selection = selection
        self.history.checkpoint()
        self._point.inserted(what.end, self._selected)
        self.scroll_cursor_visible()
        self.post_message(self.Written(sentence))

    @property
    def _selected(self) -> tuple[int, int]:
        """Where the selection begins and where the cursor is, in characters."""
        begin, end = (self._plain.get_index_from_location(each) for each in self.selection)
        return begin, end

    @property
    def _plain(self) -> Document:
        return cast(Document, self.document)
