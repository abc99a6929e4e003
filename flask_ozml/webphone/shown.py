"""What pages show of a session, as JSON."""

import time
import typing as t
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from ..callflow.awaited import expected
from ..commands import Play
from ..commands import Speak
from ..simulator import Call
from ..simulator import PlacedCall
from ..simulator import Routing
from ..simulator import ThirdPartyCall
from ..simulator.session import PhoneCall
from ..simulator.session import Transcript
from ..simulator.transport import Base
from .recorder import Exchange
from .session import Session

Json = dict[str, t.Any]

#: Characters of an exception that are shown in a conversation.
LONGEST_TITLE: t.Final = 200

_WHO: t.Final = {"<": "heard", ">": "did", "*": "system", "!": "refused"}


def state(session: Session, run: str, seen: int) -> Json:
    """Return what a page shows.

    :param run: the session that the page knows.
    :param seen: the revision that the page knows; of the exchanges only those that
        changed later are given.
    """
    if run != session.id:
        seen = 0
    exchanges = tuple(session.recorder.exchanges)
    lines = _Lines(exchanges, session.system.base)
    desk = session.desk
    return {
        "run": session.id,
        "revision": session.revision,
        "notice": session.notice,
        "before": len(session.before),
        "acts": len(session.played),
        "busy": session.replaying or any(not p.done for p in session.played),
        "replaying": session.replaying,
        "calls": [
            _call(number, call, lines) for number, call in enumerate(tuple(desk.calls))
        ],
        "received": [_transcript(message, lines) for message in tuple(desk.messages)],
        "sent": [
            {
                "number": number,
                "recipient": sms.recipient,
                "sender": sms.sender or "",
                "text": sms.message,
                "reported": bool(sms.delivery_report_url),
                "delivered": desk.delivered.get(number),
            }
            for number, sms in enumerate(desk.sms_sent)
        ],
        "emails": [
            {
                "recipient": email.recipient,
                "subject": email.subject or "",
                "text": email.message or "",
            }
            for email in desk.emails_sent
        ],
        "routings": [_routing(routing, lines) for routing in tuple(desk.routings)],
        "extensions": dict(session.system.extensions),
        "wire": [_exchange(e) for e in exchanges if e.revision > seen],
    }


def _exchange(exchange: Exchange) -> Json:
    return {
        "number": exchange.number,
        "kind": exchange.kind,
        "name": dict(exchange.fields)["NotificationName"],
        "path": exchange.path,
        "fields": exchange.fields,
        "time": exchange.time,
        "waiting": exchange.waiting,
        "since": time.perf_counter() - exchange.started,
        "milliseconds": exchange.milliseconds,
        "status": exchange.status,
        "answer": exchange.answer,
        "view": exchange.view,
        "failure": exchange.failure and vars(exchange.failure),
    }


class _Lines:
    """The lines of transcripts, each with the exchange that it follows from."""

    def __init__(self, exchanges: Iterable[Exchange], base: Base) -> None:
        self._base = base
        self._exchanges: dict[Transcript | None, list[Exchange]] = {}
        for exchange in exchanges:
            self._exchanges.setdefault(exchange.transcript, []).append(exchange)

    def of(self, transcript: Transcript) -> list[Json]:
        """Return the lines of one transcript."""
        lines: list[Json] = []
        for line in self._of(transcript):
            before = lines[-1] if lines else {}
            if _are_keys(before) and _are_keys(line):
                before["text"] += line["text"]
            else:
                lines.append(line)
        return lines

    def _of(self, transcript: Transcript) -> Iterator[Json]:
        sounds = _Sounds(transcript, self._base)
        exchanges = list(reversed(self._exchanges.get(transcript, ())))
        current: int | None = None
        events = tuple(transcript.events)
        for index in range(len(events) + 1):
            while exchanges and exchanges[-1].line <= index:
                exchange = exchanges.pop()
                current = exchange.number
                if exchange.failure:
                    text = _failed(exchange)
                    yield {"who": "failed", "text": text, "exchange": current}
            if index < len(events):
                mark, text = events[index]
                line = {"who": _WHO[mark], "text": text, "exchange": current}
                if mark == "<":
                    line |= sounds.of(text)
                yield line


def _are_keys(line: Json) -> bool:
    return line.get("who") == "did" and not line["text"].startswith("(")


def _failed(exchange: Exchange) -> str:
    failure = t.cast(t.Any, exchange.failure)
    title = failure.title
    # The wire shows all of it.
    title = title if len(title) <= LONGEST_TITLE else f"{title[:LONGEST_TITLE]}…"
    return f"{failure.view or exchange.kind} failed: {title}"


class _Sounds:
    """Finds the command that made a line that was heard."""

    def __init__(self, transcript: Transcript, base: Base) -> None:
        self._base = base
        commands = tuple(transcript.commands)
        self._left = iter([c for c in commands if isinstance(c, Speak | Play)])

    def of(self, text: str) -> Mapping[str, str]:
        """Return the language of what was spoken, or the URL of what was played.

        The URL is empty unless it is one of the site.
        """
        made = next((c for c in self._left if _sound(c) in text), None)
        if isinstance(made, Play):
            url = _sound(made)
            return {"audio": "" if self._base.relative(url) is None else url}
        return {"language": (made and made.language) or ""}


def _sound(command: Speak | Play) -> str:
    if isinstance(command, Play):
        return command.audio_file.strip()
    return " ".join(command.text.split())


def _transcript(transcript: Transcript, lines: _Lines) -> Json:
    return {"title": transcript.title, "lines": lines.of(transcript)}


def _routing(routing: Routing, lines: _Lines) -> Json:
    return {
        **_transcript(routing, lines),
        "outcome": routing.outcome,
        "destination": routing.destination,
    }


def _call(number: int, call: PhoneCall, lines: _Lines) -> Json:
    shown = {
        **_transcript(call, lines),
        "number": number,
        "from": call.caller,
        "to": call.dialed,
        "state": str(call.state),
        "ended": call.ended,
        "clock": call.clock,
        "kind": _kind(call),
        "awaits": None,
        "saying": False,
        "patience": None,
        "expected": "",
    }
    # A call in which an act goes on is locked, perhaps for long.
    if isinstance(call, Call) and call.lock.acquire(blocking=False):
        try:
            shown |= _awaited(call)
        finally:
            call.lock.release()
    return shown


def _kind(call: PhoneCall) -> str:
    if isinstance(call, ThirdPartyCall):
        return "between"
    return "placed" if isinstance(call, PlacedCall) else "incoming"


def _awaited(call: Call) -> Json:
    if not call.live:
        return {}
    menu = call.menu
    awaits = "voice" if call.recording else "keys" if menu else None
    return {
        "awaits": awaits,
        "saying": menu is not None and menu.deadline is None,
        "patience": call.patience,
        "expected": expected(menu) if menu else "",
    }
