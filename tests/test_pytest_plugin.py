import pytest

pytest_plugins = ["pytester"]

CONFTEST = """
import pytest
from flask import Blueprint, Flask, url_for
from flask_ozml.commands import BlindTransfer, GoTo, Speak, UserInput
from flask_ozml.serializer import dumps

pytest_plugins = ["flask_ozml.pytest_plugin"]
BASE = "http://localhost"

def blueprint(name):
    phone = Blueprint(name, __name__)

    @phone.post("/incoming_call")
    def incoming_call():
        return dumps([
            UserInput(
                Speak("Your PIN, please."), digits=4, forward_to_url=f"{BASE}/pin"
            )
        ])

    @phone.post("/pin")
    def pin():
        if app.fails:
            raise ZeroDivisionError("no such account")
        return dumps([Speak(name), BlindTransfer("2000")])

    def urls():
        public = app.config.get("OZML_PUBLIC_URL")
        if public:
            return {"incoming_call": f"{public}/incoming_call"}
        return {"incoming_call": url_for("phone.incoming_call", _external=True)}

    phone.urls = urls
    return phone

@pytest.fixture(name="app")
def make_app():
    global app
    app = Flask("app")
    app.testing = True
    app.fails = False
    app.register_blueprint(blueprint("phone"))
    app.register_blueprint(Blueprint("shop", __name__))
    return app
"""


@pytest.fixture
def tests(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST)
    return pytester


def run(pytester: pytest.Pytester, code: str) -> pytest.RunResult:
    pytester.makepyfile(code)
    options = [f"-pno:{name}" for name in ("cacheprovider", "logging", "randomly")]
    return pytester.runpytest_inprocess(*options)


def test_a_call(tests: pytest.Pytester) -> None:
    run(
        tests,
        """
        def test_call(app, phone_system):
            call = phone_system.incoming_call(caller="+36301112222")
            assert "PIN" in call.heard[-1]
            assert call.press("1234").transferred_to == "2000"
            assert app.config["OZML_PUBLIC_URL"] == "http://localhost"

        def test_restored(app, phone_blueprint):
            assert "OZML_PUBLIC_URL" not in app.config
        """,
    ).assert_outcomes(passed=2)


def test_a_failing_view_and_a_failing_assertion(tests: pytest.Pytester) -> None:
    result = run(
        tests,
        """
        def test_view(app, phone_system):
            app.fails = True
            phone_system.incoming_call().press("1234")

        def test_assertion(phone_system):
            call = phone_system.incoming_call().press("12")
            assert call.transferred_to == "3000"

        def test_without():
            assert False

        def test_control_characters(phone_system):
            assert phone_system.incoming_call(caller="\x1b[31m").transferred_to
        """,
    )
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(
        [
            '*raise ZeroDivisionError("no such account")',
            "E *ZeroDivisionError: no such account",
            "*-- Phone calls --*",
            "Call from 500 to 9998",
            "< Your PIN, please.",
            "> 1234",
            "E *where None = <Call from 500 to 9998 | < Your PIN, please. | > 12>.*",
            "*-- Phone calls --*",
            "Call from 500 to 9998",
            "< Your PIN, please.",
            "> 12",
            "E *where None = <Call from \ufffd[[]31m to 9998 | < Your PIN, please.>.*",
            "*-- Phone calls --*",
            "Call from \ufffd[[]31m to 9998",
        ]
    )
    assert str(result.stdout).count("Phone calls") == 3


def test_a_fallback_is_seen(tests: pytest.Pytester) -> None:
    run(
        tests,
        """
        from flask_ozml.signals import notification_failed

        def test_failures(app, phone_system):
            error = KeyError("account")
            notification_failed.send(app, notification=None, exception=error)
            notification_failed.send("another", notification=None, exception=error)
            assert phone_system.failures == [error]
        """,
    ).assert_outcomes(passed=1)


def test_several_blueprints(tests: pytest.Pytester) -> None:
    code = """
        import conftest
        import pytest

        @pytest.fixture
        def app(app):
            app.register_blueprint(conftest.blueprint("office"), url_prefix="/office")
            app.register_blueprint(
                app.blueprints["phone"], name="again", url_prefix="/again"
            )
            return app
        """
    call = """
        def test_call(phone_system):
            assert phone_system.incoming_call().press("1234").heard[-1] == "phone"
        """
    result = run(tests, code + call)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "E *ConfigurationError: phone_system needs one OzML blueprint, and the app"
            " has *'office', 'phone'*. Override the fixture phone_blueprint *"
        ]
    )
    chosen = """
        @pytest.fixture
        def phone_blueprint(app):
            return app.blueprints["phone"]
        """
    run(tests, code + chosen + call).assert_outcomes(passed=1)


def test_an_app_made_otherwise(tests: pytest.Pytester) -> None:
    run(
        tests,
        """
        import pytest
        from flask import Flask

        @pytest.fixture
        def app():
            app = Flask("foreign")
            page = "<Response><Speak>Hi</Speak></Response>"
            app.add_url_rule("/in.php", "in", lambda: page, methods=["POST"])
            return app

        @pytest.fixture
        def phone_urls():
            return {"incoming_call": "http://yourapp.com/in.php"}

        def test_call(phone_system):
            assert phone_system.incoming_call().heard == ["Hi"]
        """,
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("config", "url"),
    [
        ({"OZML_PUBLIC_URL": "https://a.org/pbx"}, "https://a.org/pbx"),
        ({"SERVER_NAME": "b.org"}, "http://b.org"),
        (
            {
                "SERVER_NAME": "b.org",
                "APPLICATION_ROOT": "/pbx/",
                "PREFERRED_URL_SCHEME": "https",
            },
            "https://b.org/pbx",
        ),
    ],
)
def test_the_base_of_the_urls(
    tests: pytest.Pytester, config: dict[str, str], url: str
) -> None:
    run(
        tests,
        f"""
        def test_call(app, phone_system):
            assert phone_system.urls == {{"incoming_call": "{url}/incoming_call"}}
            call = phone_system.incoming_call()
            assert call.heard == ["Your PIN, please."]

        import pytest

        @pytest.fixture
        def app(app):
            app.config.update({config!r})
            return app
        """,
    ).assert_outcomes(passed=1)


def test_a_blueprint_below_a_prefix_with_variables(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest
        from flask import Flask
        from flask_ozml import OzML
        from flask_ozml.commands import Speak

        pytest_plugins = ["flask_ozml.pytest_plugin"]

        @pytest.fixture
        def app():
            phone = OzML("phone", __name__)
            phone.incoming_call(welcome)
            app = Flask("app")
            app.config.update(SECRET_KEY="k")
            app.register_blueprint(phone, url_prefix="/<customer>")
            return app

        def welcome(call, customer):
            return Speak(customer)
        """
    )
    call = """
        def test_call(phone_system):
            assert phone_system.incoming_call().heard == ["acme"]
        """
    result = run(pytester, call)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "E *ConfigurationError: *['customer']*. In tests, override the fixture"
            " phone_url_values to return them, for example {'customer': 'acme'}."
        ]
    )
    values = """
        import pytest

        @pytest.fixture
        def phone_url_values():
            return {"customer": "acme"}
        """
    run(pytester, values + call).assert_outcomes(passed=1)


def test_a_blueprint_below_a_subdomain(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest
        from flask import Flask
        from flask_ozml import OzML
        from flask_ozml.commands import Speak

        pytest_plugins = ["flask_ozml.pytest_plugin"]

        @pytest.fixture
        def app():
            phone = OzML("phone", __name__)
            phone.incoming_call(welcome)
            app = Flask("app", subdomain_matching=True)
            app.config.update(SECRET_KEY="k", SERVER_NAME="b.org")
            app.register_blueprint(phone, subdomain="tel")
            return app

        def welcome(call):
            return Speak("Hi")
        """
    )
    run(
        pytester,
        """
        def test_call(phone_system):
            assert phone_system.incoming_call().heard == ["Hi"]
        """,
    ).assert_outcomes(passed=1)
