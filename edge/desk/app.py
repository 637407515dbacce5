"""The dispatcher's editor: dictate, correct, copy, send. Thin: what goes where is decided beside it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from edge.config import Settings
from edge.desk.conversation_screen import INTERIM
from edge.desk.copying import refusal
from edge.desk.editor import DraftEditor
from edge.desk.sending import SendScreen
from edge.desk.status_line import DeskStatus, newest_words, status_line
from edge.dictation.dictation import DictatingMicrophone
from edge.dictation.language_choice import FOUND_OUT, LanguageChoice
from edge.dictation.link import RecognizerLink
from edge.dictation.protocol import ServerStage, Understood
from edge.dictation.server_address import ServerAccess
from edge.listener.input import AudioInput

REFRESH_S = 0.125
NOTE_S = 4.0


class DeskApp(App[str]):
    """One text; its result is that text.

    Args:
        settings: for the fleet, and whether the clipboard may be used.
        source: the microphone.
        access: where the recognizer server is.
        auto: dictation begins at once.
        language: what is dictated, one of ``language_choice.CHOICES``.
    """

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "dictate", "Dictate", priority=True),
        Binding("f2", "choose_language", "Language", priority=True),
        Binding("f3", "copy_all", "Copy all"),
        Binding("f5", "send", "Send"),
        Binding("ctrl+q", "leave", "Quit", priority=True),
    ]
    CSS = """
    Screen { background: transparent; }
    #interim { height: 1; background: transparent; }
    #status { height: 1; background: transparent; }
    """

    def __init__(
        self,
        settings: Settings,
        source: AudioInput,
        access: ServerAccess,
        *,
        auto: bool = False,
        language: str = FOUND_OUT,
    ) -> None:
        super().__init__(ansi_color=True)
        self._settings = settings
        self._source = source
        self._access = access
        self._auto = auto
        self._chosen = language
        self._interim = ""
        self._note = ""
        self._lost_s = 0.0
        self.editor = DraftEditor()
        self._interim_line = Static(id="interim")
        self._status_line = Static(id="status")

    def compose(self) -> ComposeResult:
        yield self.editor
        yield self._interim_line
        yield self._status_line

    def on_mount(self) -> None:
        self._language = LanguageChoice(self._access, self._chosen)
        self._link = RecognizerLink(self._access, self._take, language=self._language)
        self._dictation = DictatingMicrophone(self._source, self._link)
        self.run_worker(self._language.run(), exit_on_error=True)
        self.run_worker(self._link.run(), exit_on_error=True)
        self.run_worker(self._dictation.run(), exit_on_error=True)
        self.set_interval(REFRESH_S, self._refresh)
        self.editor.focus()
        if self._auto:
            self.action_dictate()
        self._refresh()

    def action_dictate(self) -> None:
        self._dictation.switch(not self._dictation.on)

    def action_choose_language(self) -> None:
        self._language.choose_next()

    def action_copy_all(self) -> None:
        if self.editor.text:
            self.copy_to_clipboard(self.editor.text)

    def action_send(self) -> None:
        self.editor.flush()
        self.push_screen(SendScreen(self._settings.fleet, self.editor.text))

    def action_leave(self) -> None:
        self.editor.flush()
        self.exit(self.editor.text)

    def copy_to_clipboard(self, text: str) -> None:
        """Whatever is copied anywhere in the app passes here."""
        why = refusal(text, allowed=self._settings.desk.clipboard)
        if why is None:
            super().copy_to_clipboard(text)
        else:
            self._clipboard = text  # Ctrl-V still has it
        lines = text.count("\n") + 1
        self.tell(why or f"copied {len(text)} characters{f' in {lines} lines' if lines > 1 else ''}")

    def tell(self, note: str) -> None:
        """Something for the status line, for some seconds."""
        self._note = note
        self.set_timer(NOTE_S, lambda: self._forget(note))

    def on_draft_editor_selected(self, event: DraftEditor.Selected) -> None:
        self.copy_to_clipboard(event.text)

    def on_draft_editor_written(self, event: DraftEditor.Written) -> None:
        self.copy_to_clipboard(event.sentence)

    def _forget(self, note: str) -> None:
        if self._note == note:
            self._note = ""

    def _take(self, news: Understood | ServerStage) -> None:
        self._dictation.take(news)
        if isinstance(news, Understood):
            self._interim = "" if news.final else news.text
            if news.final and news.text:
                self.editor.dictate(news.text)

    def _refresh(self) -> None:
        width = self.size.width
        if self._link.lost_s > self._lost_s:
            self._lost_s = self._link.lost_s
            self.tell(f"{self._lost_s:.1f} s of sound lost")
        status = DeskStatus(
            self._dictation.on,
            self._link.state,
            self._dictation.microphone,
            self._dictation.level_dbfs,
            self._note,
            self._language.shown,
            self._language.trouble,
        )
        self._status_line.update(status_line(status, width))
        self._interim_line.update(Text(newest_words(self._interim, width), INTERIM))
