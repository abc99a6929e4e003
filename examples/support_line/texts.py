"""What callers hear, in each language. A new language is a new row."""

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime

from flask_ozml.commands import Speak


@dataclasses.dataclass(frozen=True, kw_only=True)
class Texts:
    """The texts of a language.

    :param voice: the language of the phone system's text-to-speech package.
    :param key: the key that chooses the language.
    :param days: the days of the week, Monday first, with blanks between them.
    """

    voice: str
    key: str
    days: str
    choose: str
    menu: str
    closed: str
    opens: str
    closed_menu: str
    connecting: str
    nobody: str
    leave_message: str
    thanks: str
    not_heard: str
    goodbye: str

    def speak(self, text: str) -> Speak:
        """Return the command that speaks a text in this language."""
        return Speak(text, language=self.voice)

    def closed_until(self, opening: datetime | None) -> str:
        """Return the text that says when the line opens again."""
        if opening is None:
            return f"{self.closed} {self.closed_menu}"
        day = self.days.split()[opening.weekday()]
        opens = self.opens.format(day=day, time=f"{opening:%H:%M}")
        return f"{self.closed} {opens} {self.closed_menu}"


TEXTS: t.Final[Mapping[str, Texts]] = {
    "en": Texts(
        voice="en-UK",
        key="1",
        days="Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        choose="Welcome to the support line. For English, press 1.",
        menu="To talk to us, press 1. To leave a message, press 2."
        " For another language, press 9.",
        closed="We are closed now.",
        opens="We open again on {day} at {time}.",
        closed_menu="To leave a message, press 2. For another language, press 9.",
        connecting="One moment, please. We are looking for a free colleague.",
        nobody="All colleagues are busy. To try again, press 1. To leave a message,"
        " press 2. For the main menu, press 9.",
        leave_message="Please speak after this sentence, and press the hash key at the"
        " end.",
        thanks="Thank you. We will call you back. Good bye.",
        not_heard="We could not hear you. Good bye.",
        goodbye="Thank you for calling. Good bye.",
    ),
    "de": Texts(
        voice="de-DE",
        key="2",
        days="Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        choose="Für Deutsch drücken Sie die 2.",
        menu="Um mit uns zu sprechen, drücken Sie die 1. Um eine Nachricht zu"
        " hinterlassen, drücken Sie die 2. Für eine andere Sprache drücken Sie die 9.",
        closed="Unser Büro ist jetzt geschlossen.",
        opens="Wir öffnen wieder am {day} um {time} Uhr.",
        closed_menu="Um eine Nachricht zu hinterlassen, drücken Sie die 2. Für eine"
        " andere Sprache drücken Sie die 9.",
        connecting="Einen Moment bitte. Wir suchen einen freien Mitarbeiter.",
        nobody="Alle Mitarbeiter sind im Gespräch. Um es noch einmal zu versuchen,"
        " drücken Sie die 1. Um eine Nachricht zu hinterlassen, drücken Sie die 2."
        " Für das Hauptmenü drücken Sie die 9.",
        leave_message="Bitte sprechen Sie nach diesem Satz, und drücken Sie am Ende die"
        " Rautetaste.",
        thanks="Vielen Dank. Wir rufen Sie zurück. Auf Wiederhören.",
        not_heard="Wir konnten Sie nicht hören. Auf Wiederhören.",
        goodbye="Vielen Dank für Ihren Anruf. Auf Wiederhören.",
    ),
}
