"""Which URLs the phone system gets, and where it finds the application."""

import typing as t

import pytest
from flask import Flask

from apps import make_app
from flask_ozml import ConfigurationError
from flask_ozml import OzML
from flask_ozml.notifications import KINDS
from flask_ozml.notifications import Notification
from flask_ozml.phone_urls import ozml_blueprints
from flask_ozml.phone_urls import pasted_urls
from flask_ozml.playing import playing

#: Views by their kind and filters.
Views = list[tuple[str, dict[str, t.Any]]]


def answer(notification: Notification) -> None: ...
def answer_too(notification: Notification) -> None: ...
def answer_with_state(notification: Notification, state: int) -> None: ...


def make_app_of(**blueprints: Views) -> Flask:
    app = make_app()
    for name, views in blueprints.items():
        phone = OzML(name, __name__)
        for (kind, filters), view in zip(views, (answer, answer_too), strict=False):
            getattr(phone, kind)(**filters)(view)
        app.register_blueprint(phone, url_prefix=f"/{name}")
    return app


def answering(app: Flask) -> dict[str, str | dict[str, str]]:
    """Return the blueprints whose URLs are pasted."""

    def blueprint(url: str) -> str:
        return url.split("/")[3]

    with app.app_context():
        urls = pasted_urls(ozml_blueprints(app), {})
    return {
        key: blueprint(value)
        if isinstance(value, str)
        else {kind: blueprint(url) for kind, url in value.items()}
        for key, value in urls.items()
    }


def test_one_blueprint_gets_everything_but_call_changes_without_a_view() -> None:
    kinds = dict.fromkeys(KINDS, "phone")
    unwatched = {kind: "phone" for kind in KINDS if kind != "call_changed"}
    assert answering(make_app_of(phone=[("incoming_call", {})])) == unwatched
    assert answering(make_app_of(phone=[("call_changed", {})])) == kinds


@pytest.mark.parametrize(
    ("blueprints", "expected"),
    [
        (
            {"a": [("incoming_call", {})], "b": [("incoming_sms", {})]},
            {"incoming_call": "a", "incoming_sms": "b"},
        ),
        (
            {
                "a": [("incoming_call", {}), ("call_changed", {})],
                "b": [("incoming_call", {"api_extension": "9997"}), ("error", {})],
            },
            {
                "": {"incoming_call": "a", "call_changed": "a", "error": "b"},
                "9997": {"incoming_call": "b", "call_changed": "a", "error": "b"},
            },
        ),
        (
            {
                "a": [("incoming_call", {"api_extension": ["1", "2"]})],
                "b": [("incoming_call", {"api_extension": "3"})],
            },
            {
                "": {},
                "1": {"incoming_call": "a"},
                "2": {"incoming_call": "a"},
                "3": {"incoming_call": "b"},
            },
        ),
        ({"a": [("dtmf_entered", {})], "b": [("goto", {})]}, {}),
    ],
)
def test_each_api_extension_gets_the_blueprint_that_names_it(
    blueprints: dict[str, Views], expected: object
) -> None:
    assert answering(make_app_of(**blueprints)) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("incoming_call", {}), ("incoming_call", {"caller": "1"})),
        (
            ("incoming_sms", {"api_extension": "9997"}),
            ("incoming_sms", {"api_extension": ("9998", "9997")}),
        ),
        (("error", {}), ("error", {"code": 402})),
    ],
)
def test_two_blueprints_that_could_answer_the_same_are_ambiguous(
    first: tuple[str, dict[str, t.Any]], second: tuple[str, dict[str, t.Any]]
) -> None:
    app = make_app_of(a=[first], b=[second])
    with pytest.raises(ConfigurationError, match=rf"\['a', 'b'\] .* kind {first[0]},"):
        answering(app)
    with app.app_context():
        assert pasted_urls(ozml_blueprints(app, "b"), {})


def test_a_view_that_no_pasted_url_reaches_makes_nothing_ambiguous() -> None:
    app = make_app_of(a=[("error", {})])
    phone = OzML("b", __name__)
    phone.error(answer_with_state)
    app.register_blueprint(phone, url_prefix="/b")
    assert answering(app) == {"error": "a"}


@pytest.mark.parametrize(
    ("config", "url"),
    [
        ({"OZML_PUBLIC_URL": "https://a.org/pbx/"}, "https://a.org/pbx/p/"),
        (
            {"OZML_PUBLIC_URL": "https://müller.example/ü"},
            "https://xn--mller-kva.example/%C3%BC/p/",
        ),
        ({"SERVER_NAME": "b.org"}, "http://b.org/p/"),
        (
            {
                "SERVER_NAME": "b.org",
                "APPLICATION_ROOT": "/pbx/",
                "PREFERRED_URL_SCHEME": "https",
            },
            "https://b.org/pbx/p/",
        ),
    ],
)
def test_the_application_is_played_where_its_urls_lead(
    config: dict[str, str], url: str
) -> None:
    app = make_app_of(p=[("incoming_call", {})])
    app.config.update({"OZML_PUBLIC_URL": None, **config})
    with app.app_context():
        urls = pasted_urls(ozml_blueprints(app), {})
    assert str(urls["incoming_call"]).startswith(url)
    with playing(app, urls) as system:
        assert system.incoming_call().errors == []


def test_blueprints_on_a_subdomain_are_played_there() -> None:
    app = Flask(__name__, subdomain_matching=True)
    app.config.update(SECRET_KEY="k", SERVER_NAME="b.org")
    for name in ("1", "2"):
        phone = OzML(name, __name__)
        phone.incoming_call(api_extension=name)(answer)
        app.register_blueprint(phone, subdomain="tel", url_prefix=f"/{name}")
    with app.app_context():
        urls = pasted_urls(ozml_blueprints(app), {})
    with playing(app, urls) as system:
        for name in ("1", "2"):
            assert system.incoming_call(api_extension=name).errors == []
