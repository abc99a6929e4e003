"""What is wrong with a call flow: one function for each kind of finding."""

import typing as t
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from ..blueprint import OzML
from ..notifications import KINDS
from ..phone_urls import rows
from .moments import Moment
from .moments import Trouble
from .states import Edge
from .states import Finding
from .states import Flow
from .states import Path
from .states import State
from .states import where


class Advice(t.NamedTuple):
    """Why findings of a name matter, and what to do about them."""

    why: str
    advice: str


#: The findings by name.
ADVICE: t.Final[Mapping[str, Advice]] = {
    "held": Advice(
        "The line stays busy, and the call costs money.",
        "Leave the menu after a few rounds without Repeat, give Record a duration or"
        " an inactivity, and end with Hangup.",
    ),
    "dead-key": Advice(
        "Callers believe that the line is dead.",
        "Say something after the key, also after a wrong one.",
    ),
    "loop": Advice(
        "The phone system and the site keep each other busy.",
        "End the chain of GoTo and FinishedUrl, or let the caller act in between.",
    ),
    "error": Advice(
        "The call is dropped, or goes on without an answer.",
        "Fix the view, and add a @phone.fallback that apologizes.",
    ),
    "fallback": Advice(
        "The caller hears the apology of the fallback.", "Fix the view."
    ),
    "refused": Advice(
        "The phone system ignores the whole answer.", "Change the answer of the view."
    ),
    "outside": Advice(
        "Another site would decide what callers hear.",
        "Make the URL with phone.to(), or check OZML_PUBLIC_URL.",
    ),
    "transfer": Advice(
        "Callers hear nothing when nobody answers, and the call ends.",
        "Let other commands follow the BlindTransfer, for example a Speak.",
    ),
    "unreached": Advice(
        "Either the view is not needed, or the menu that should lead to it does not.",
        "Give the digits that lead to it with --press, remove the view, or give --skip"
        " unreached if something else leads there.",
    ),
    "never": Advice(
        "No notification can have what it needs.",
        "Give the arguments defaults, or put variables into the URL rule.",
    ),
    "key": Advice(
        "Whoever guesses the key can make phone calls with your site.",
        "Set OZML_SECRET_KEY to the output of"
        " python -c 'import secrets; print(secrets.token_hex())'.",
    ),
    "public-url": Advice(
        "The phone system gets the URLs of the site from it, and what is said over"
        " http can be read and changed on the way.",
        "Set OZML_PUBLIC_URL to an address such as 'https://www.example.com'.",
    ),
    "destinations": Advice(
        "A mistake in a view could call expensive numbers.",
        "Set OZML_ALLOWED_DESTINATIONS to patterns of the numbers that may be called.",
    ),
    "no-url": Advice(
        "The views never run.", "Give the setting a URL rule, or remove the views."
    ),
    "no-fallback": Advice(
        "Callers hear nothing when a view fails.",
        "Add a @phone.fallback that apologizes.",
    ),
}


def finding(name: str, where: str, what: str) -> Finding:
    """Return a finding with the advice of its name."""
    return Finding(name, where, what, *ADVICE[name])


def add_findings(flow: Flow, troubles: Iterable[tuple[State, Moment, Path]]) -> None:
    """Add what is wrong with the states of a flow to them.

    :param troubles: what went wrong when states were reached.
    """
    for state, found in (
        *_troubles(troubles),
        *_held(flow),
        *_dead_keys(flow),
        *_transfers(flow),
    ):
        state.findings.append(found)


def _troubles(
    troubles: Iterable[tuple[State, Moment, Path]],
) -> Iterator[tuple[State, Finding]]:
    seen: set[Trouble] = set()
    for state, moment, path in troubles:
        for trouble in moment.troubles:
            if trouble not in seen:
                seen.add(trouble)
                view = f" (view {trouble.view})" if trouble.view else ""
                found = finding(trouble.name, f"{where(path)}{view}", _ended(trouble))
                yield state, found


def _ended(trouble: Trouble) -> str:
    what = f"The URL {trouble.what} is not below the base of the application"
    what = what if trouble.name == "outside" else trouble.what
    return what if what.endswith((".", "!", "?")) else f"{what}."


def _held(flow: Flow) -> Iterator[tuple[State, Finding]]:
    """Find the states in which silence leads round in a circle, or nowhere."""
    silent = {state.number: _after_silence(state) for state in flow.states}
    known: set[int] = set()
    for state in flow.states:
        chain: list[int] = []
        number: int | None = state.number
        while number and number not in known and number not in chain:
            chain.append(number)
            number = silent[number]
        known.update(chain)
        if number in chain:
            yield _is_held(flow.states[min(chain[chain.index(number) :]) - 1])
    for state in flow.states:
        if state.kind == "held" or state.held:
            yield _is_held(state)


def _is_held(state: State) -> tuple[State, Finding]:
    what = "A caller who says nothing and presses nothing is held for ever."
    return state, finding("held", _where(state), what)


def _after_silence(state: State) -> int | None:
    silences = ("wait", "say nothing")
    found = (edge.to for edge in state.edges if edge.act.verb in silences)
    return next(found, None)


def _dead_keys(flow: Flow) -> Iterator[tuple[State, Finding]]:
    for state in flow.states:
        quiet = [edge for edge in state.edges if edge.quiet]
        if quiet:
            keys = ", ".join(edge.act.label for edge in quiet)
            what = f"After {keys} nothing is heard, posted or left."
            yield state, finding("dead-key", _where(state), what)


def _transfers(flow: Flow) -> Iterator[tuple[State, Finding]]:
    for state in flow.states:
        failed = [edge for edge in state.edges if edge.act.verb == "fail"]
        if any(_is_unhandled(flow, edge) for edge in failed):
            what = f"Nothing follows if {failed[0].act.what} does not answer."
            yield state, finding("transfer", _where(state), what)


def _is_unhandled(flow: Flow, edge: Edge) -> bool:
    to = flow.states[edge.to - 1] if edge.to else None
    return to is not None and to.kind == "end" and not to.heard


def _where(state: State) -> str:
    views = f" (view {', '.join(state.views)})" if state.views else ""
    return f"{state.where}{views}"


#: Kinds whose views are reached from within calls only.
_WITHIN_CALLS: t.Final = ("dtmf_entered", "record_completed", "goto")


def view_findings(
    flow: Flow, phones: Mapping[str, OzML], values: Mapping[str, object]
) -> Iterator[Finding]:
    """Yield the views that no path reaches, and those that can never run.

    :param phones: the blueprints by the names they are registered under.
    :param values: the variables of their URL prefixes.
    """
    for name, phone in phones.items():
        for row in rows(name, phone, values):
            for view in row.views:
                place = f"view {name}: {view.qualified_name}"
                if row.state(view) and not row.notification.url_in_commands:
                    what = f"Its URL cannot carry {row.state(view)}."
                    yield finding("never", place, what)
                elif (
                    row.notification.kind in _WITHIN_CALLS
                    and (name, view.qualified_name) not in flow.reached
                ):
                    yield finding("unreached", place, "No act in any call leads here.")


def deploy_findings(
    flow: Flow,
    config: Mapping[str, t.Any],
    phones: Mapping[str, OzML],
    values: Mapping[str, object],
) -> Iterator[Finding]:
    """Yield what is wrong with the set-up of the site.

    :param config: the configuration of the app, as it was before anything was played.
    """
    yield from _key(config)
    public_url = str(config.get("OZML_PUBLIC_URL") or "")
    if not public_url.startswith("https://"):
        what = "It is not an https URL." if public_url else "It is not set."
        yield finding("public-url", "OZML_PUBLIC_URL", what)
    routes = any(phone.views.of("routing_interception") for phone in phones.values())
    if config.get("OZML_ALLOWED_DESTINATIONS") is None and (flow.dials or routes):
        what = "It is not set, although views call, transfer, route or send messages."
        yield finding("destinations", "OZML_ALLOWED_DESTINATIONS", what)
    for name, phone in phones.items():
        for row in rows(name, phone, values):
            if row.views and not row.url:
                setting = f"OZML_{row.notification.kind.upper()}_URL"
                views = ", ".join(view.name for view in row.views)
                what = f"It is None, although there are views: {views}."
                yield finding("no-url", f"{setting} of {name}", what)
        if not phone.has_fallback and any(map(phone.views.of, KINDS)):
            what = "It has views, but no fallback."
            yield finding("no-fallback", f"blueprint {name}", what)


#: Bytes that a key has at least.
_LEAST_KEY: t.Final = 16


def _key(config: Mapping[str, t.Any]) -> Iterator[Finding]:
    name = "OZML_SECRET_KEY" if config.get("OZML_SECRET_KEY") else "SECRET_KEY"
    key = config.get(name) or ""
    if not key:
        yield finding("key", name, "There is no key.")
    elif len(key) < _LEAST_KEY:
        yield finding("key", name, f"It is shorter than {_LEAST_KEY} characters.")
