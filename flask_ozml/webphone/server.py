"""The web application of the phone in the browser.

Everything but the page itself is a POST with the key in a header, so that no other page
in the browser can act, or read what was said.
"""

import hmac
import secrets
import types
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager

from flask import Flask
from flask import jsonify
from flask import render_template
from flask import request
from flask import Response
from werkzeug.exceptions import BadRequest
from werkzeug.exceptions import Conflict
from werkzeug.exceptions import Forbidden
from werkzeug.exceptions import HTTPException

from .acts import Act
from .audio import fetch
from .desk import ActRefused
from .flow_map import FlowMap
from .session import Session
from .shown import state
from .store import Store
from .written_test import written_test

KEY_HEADER: t.Final = "X-Phone-Key"
#: Bytes that a request may have.
MAX_CONTENT_LENGTH: t.Final = 64 * 1024
#: Seconds that a page waits for news with one request.
LONGEST_POLL: t.Final = 15.0

_HEADERS: t.Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self';"
    " style-src 'self'; img-src 'self'; connect-src 'self'; media-src blob:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

#: The views that are reached by POST.
_POSTS: t.Final = (
    "state", "act", "start-over", "play-again", "settings", "test", "audio", "explore",
    "play-to",
)  # fmt: skip

Json = dict[str, t.Any]


def create_app(
    store: Store,
    session: Session | None,
    about: Json,
    problem: dict[str, str] | None = None,
    values: Mapping[str, str] = types.MappingProxyType({}),
) -> Flask:
    """Return the web application.

    :param store: the key that requests must have, and whether to play again.
    :param session: what happens at the phone; None if the site cannot be loaded.
    :param about: what pages show of the site.
    :param problem: why the site cannot be loaded.
    :param values: the variables of the ``url_prefix`` of phone URLs.
    """
    app = Flask(__name__)
    app.config["TRUSTED_HOSTS"] = ["127.0.0.1", "localhost"]
    app.config["MAX_CONTENT_LENGTH"] = MAX_CONTENT_LENGTH
    flow_map = FlowMap(session, values) if session else None
    views = _Views(store, session, about, problem, flow_map)
    app.before_request(views.check_key)
    app.after_request(_add_headers)
    app.register_error_handler(HTTPException, _explain)
    app.add_url_rule("/", view_func=views.page)
    for name in _POSTS:
        view = getattr(views, name.replace("-", "_"))
        app.add_url_rule(f"/{name}", name, view, methods=["POST"])
    return app


def _add_headers(response: Response) -> Response:
    response.headers.update(_HEADERS)
    return response


def _explain(error: HTTPException) -> tuple[Response, int]:
    return jsonify(error=error.description), error.code or 500


def _posted() -> Json:
    """Return the JSON object that was posted."""
    try:
        posted = request.get_json()
    except RecursionError:
        posted = None
    if not isinstance(posted, dict):
        raise BadRequest("Post a JSON object.")
    return posted


def _seen(posted: Json) -> tuple[str, int]:
    """Return the session and the revision that a page knows."""
    seen = posted.get("seen")
    return str(posted.get("run")), seen if isinstance(seen, int) else 0


@contextmanager
def _refusing() -> Iterator[None]:
    """Answer 409 with the reason if an act is refused."""
    try:
        yield
    except ActRefused as error:
        raise Conflict(str(error)) from error


class _Views:
    """The views.

    The parameters are those of :func:`create_app`, and the map of the calls.
    """

    def __init__(
        self,
        store: Store,
        session: Session | None,
        about: Json,
        problem: dict[str, str] | None,
        flow_map: FlowMap | None,
    ) -> None:
        self._store = store
        self._session = session
        self._about = about
        self._problem = problem
        self._flow_map = flow_map
        # A map is that of the process that has explored the site.
        self._process = secrets.token_hex(8)

    def check_key(self) -> None:
        """Refuse a POST without the key."""
        given = request.headers.get(KEY_HEADER, "").encode()
        expected = self._store.key.encode()
        if request.method == "POST" and not hmac.compare_digest(given, expected):
            raise Forbidden(
                "The key is missing or wrong. Open the address that the command"
                " printed when it was started."
            )

    def page(self) -> str:
        """Show the page, which asks for everything else."""
        return render_template("phone.html", name=self._about["name"])

    def state(self) -> Response:
        """Return what the page shows, once that is not what it shows already."""
        run, seen = _seen(_posted())
        if self._session and run == self._session.id:
            self._session.wait_for_change(seen, LONGEST_POLL)
        return self._shown(run, seen)

    def _shown(self, run: str, seen: int) -> Response:
        shown = state(self._session, run, seen) if self._session else {"run": "none"}
        return jsonify(
            **shown,
            process=self._process,
            about=self._about,
            problem=self._problem,
            play_again=self._store.play_again,
        )

    def _acting(self, do: Callable[[Session, Json], object]) -> Response:
        """Do something with what was posted, and answer with the new state."""
        posted = _posted()
        if self._session is None:
            raise Conflict("The site cannot be loaded.")
        with _refusing():
            do(self._session, posted)
        return self._shown(*_seen(posted))

    def explore(self) -> Response:
        """Explore the calls of the site, and return the map."""
        press = _posted().get("press", [])
        if not isinstance(press, list) or not all(isinstance(p, str) for p in press):
            raise BadRequest("'press' must be a list of entries for menus.")
        with _refusing():
            return jsonify(self._loaded_map().explore(press))

    def play_to(self) -> Response:
        """Play the phone up to a state of the map; return the number of the call."""
        number = _posted().get("number")
        with _refusing():
            return jsonify(call=self._loaded_map().play_to(number))

    def _loaded_map(self) -> FlowMap:
        if self._flow_map is None:
            raise ActRefused("The site cannot be loaded.")
        return self._flow_map

    def act(self) -> Response:
        """Play an act."""
        return self._acting(
            lambda session, posted: session.do(Act.read(posted.get("do")))
        )

    def start_over(self) -> Response:
        """Forget what was done."""
        return self._acting(lambda session, posted: session.start_over())

    def play_again(self) -> Response:
        """Play what was done before a restart."""
        return self._acting(
            lambda session, posted: session.play_again(session.before, "As you asked")
        )

    def settings(self) -> Response:
        """Say whether to play again after a restart."""
        self._store.set_play_again(_posted().get("play_again") is True)
        return jsonify(play_again=self._store.play_again)

    def test(self) -> Response:
        """Return a test that plays what was done."""
        return jsonify(code=written_test(self._session) if self._session else "")

    def audio(self) -> Response:
        """Return an audio file of the site."""
        url, session = _posted().get("url"), self._session
        found = fetch(session.system, url) if session and isinstance(url, str) else None
        if found is None:
            raise BadRequest("The site has no audio file at this URL.")
        kind, content = found
        return Response(content, content_type=kind)
