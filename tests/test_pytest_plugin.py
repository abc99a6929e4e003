"""The fixtures, used by test suites that pytest runs inside of these tests."""

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

CONFTEST = """
import pytest
from flask import Flask
from flask_ozml import OzML
from flask_ozml.commands import BlindTransfer, Speak, UserInput

def blueprint(name="phone", **filters):
    phone = OzML(name, __name__)

    @phone.incoming_call(**filters)
    def welcome(call):
        url = phone.to(pin)
        return UserInput(Speak("Your PIN, please."), digits=4, forward_to_url=url)

    @phone.dtmf_entered
    def pin(entered):
        if entered.dtmf_digits == "0000":
            raise ZeroDivisionError("no such account")
        return [Speak(name), BlindTransfer("2000")]

    return phone

@pytest.fixture
def app():
    app = Flask("app")
    app.testing = True
    app.config["SECRET_KEY"] = "k"
    app.register_blueprint(blueprint())
    return app
"""


@pytest.fixture
def tests(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST)
    return pytester


def run(pytester: pytest.Pytester, code: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(code)
    without = [f"-pno:{name}" for name in ("cacheprovider", "logging", "randomly")]
    return pytester.runpytest_inprocess(*without, *options)


def test_a_call_is_played(tests: pytest.Pytester) -> None:
    run(
        tests,
        """
        def test_call(app, phone_system):
            call = phone_system.incoming_call(caller="+36301112222")
            assert "PIN" in call.heard[-1]
            assert call.press("1234").transferred_to == "2000"
            assert app.config["OZML_PUBLIC_URL"] == "http://localhost"
        """,
    ).assert_outcomes(passed=1)


def test_the_configuration_is_restored(tests: pytest.Pytester) -> None:
    run(
        tests,
        """
        import pytest

        @pytest.fixture(params=["OZML_PHONE_SYSTEM_URL", "OZML_PUBLIC_URL", "OTHER"])
        def app(app, request):
            before = {**app.config, request.param: "http://a.org"}
            app.config.update(before)
            yield app
            assert app.config == before

        def test_call(app, phone_system):
            assert app.config["OZML_PHONE_SYSTEM_URL"].startswith("http://127.0.0.1:")
        """,
    ).assert_outcomes(passed=3)


def test_a_failed_test_shows_the_calls(tests: pytest.Pytester) -> None:
    result = run(
        tests,
        """
        def test_view(phone_system):
            phone_system.incoming_call().press("0000")

        def test_assertion(phone_system):
            call = phone_system.incoming_call().press("12")
            assert call.transferred_to == "3000"

        def test_without():
            assert False

        def test_control_characters(phone_system):
            assert phone_system.incoming_call(caller="\\x1b[31m").transferred_to
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
            "> 0000",
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


def test_a_fixture_of_the_same_name_is_left_alone(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import pytest

        @pytest.fixture
        def phone_system():
            return "of another package"

        def test_other(phone_system):
            assert phone_system == "mine"
        """,
    ).assert_outcomes(failed=1)


def test_failures_hold_what_a_fallback_hides(tests: pytest.Pytester) -> None:
    run(
        tests,
        """
        def test_failures(app, phone_system):
            app.testing = False
            assert phone_system.incoming_call().press("0000").heard
            assert list(map(type, phone_system.failures)) == [ZeroDivisionError]
        """,
    ).assert_outcomes(passed=1)


def test_views_and_tests_cannot_ring_a_real_telephone(tests: pytest.Pytester) -> None:
    run(
        tests,
        """
        import conftest
        import pytest
        from flask import Flask, current_app
        from flask_ozml import OzML
        from flask_ozml.client import PhoneSystemClient
        from flask_ozml.commands import Speak

        phone = OzML("phone", __name__)

        @phone.incoming_sms
        def call_back(sms):
            client = current_app.extensions["client"]
            client.call(sms.sender, api_extension="9998", url=phone.to(speak))

        @phone.call_connected
        def speak(call):
            return Speak("It is me.")

        @pytest.fixture
        def app():
            app = Flask("app")
            app.testing = True
            app.config.update(
                SECRET_KEY="k", OZML_PHONE_SYSTEM_URL="https://pbx.invalid"
            )
            app.extensions["client"] = PhoneSystemClient.from_config(app.config)
            app.register_blueprint(phone)
            return app

        def test_view(phone_system):
            phone_system.incoming_sms(sender="0620")
            (call,) = phone_system.calls_placed
            assert call.callee == "0620"
            assert call.answer().heard == ["It is me."]

        def test_client(phone_system, phone_system_client):
            phone_system_client.send_sms("Hi", api_extension="1", recipient="0630")
            assert [sms.message for sms in phone_system.sms_sent] == ["Hi"]
        """,
    ).assert_outcomes(passed=2)


def test_the_simulated_http_api_refuses_a_foreign_host(tests: pytest.Pytester) -> None:
    run(
        tests,
        """
        import urllib.error
        import urllib.request

        import pytest

        def test_rebinding(app, phone_system):
            url = app.config["OZML_PHONE_SYSTEM_URL"]
            foreign = urllib.request.Request(url, headers={"Host": "evil.example"})
            with pytest.raises(urllib.error.HTTPError, match="400") as caught:
                urllib.request.urlopen(foreign)
            caught.value.close()
        """,
    ).assert_outcomes(passed=1)


SEVERAL = """
    import conftest
    import pytest

    @pytest.fixture
    def app(app):
        app.register_blueprint(conftest.blueprint("office"), url_prefix="/office")
        app.register_blueprint(
            app.blueprints["phone"], name="again", url_prefix="/again"
        )
        return app

    def test_call(phone_system):
        assert phone_system.incoming_call().press("1234").heard[-1] == "office"
    """


def test_blueprints_that_could_answer_the_same_are_named(
    tests: pytest.Pytester,
) -> None:
    result = run(tests, SEVERAL)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "E *Error: The blueprints [[]'again', 'office', 'phone'[]] * incoming_call"
            "* Override the fixture phone_blueprint to return the name of one of them."
        ]
    )


@pytest.mark.parametrize("chosen", ["app.blueprints['office']", "'office'"])
def test_phone_blueprint_chooses_a_blueprint(
    tests: pytest.Pytester, chosen: str
) -> None:
    fixture = f"""
    @pytest.fixture
    def phone_blueprint(app):
        return {chosen}
    """
    run(tests, SEVERAL + fixture).assert_outcomes(passed=1)


def test_a_wrong_choice_of_a_blueprint_is_named(tests: pytest.Pytester) -> None:
    fixture = """
    @pytest.fixture
    def phone_blueprint():
        return "sales"
    """
    result = run(tests, SEVERAL + fixture)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "E *ConfigurationError: 'sales' is not an OzML blueprint of this"
            " application, which has [[]'phone', 'office', 'again'[]]."
        ]
    )


def test_phone_urls_may_lead_to_any_application(tests: pytest.Pytester) -> None:
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


def test_a_blueprint_below_a_prefix_with_variables(tests: pytest.Pytester) -> None:
    call = """
        import pytest
        from flask import Flask
        from flask_ozml import OzML
        from flask_ozml.commands import Speak

        @pytest.fixture
        def app():
            phone = OzML("phone", __name__)
            phone.incoming_call(welcome)
            app = Flask("app")
            app.config["SECRET_KEY"] = "k"
            app.register_blueprint(phone, url_prefix="/<customer>")
            return app

        def welcome(call, customer):
            return Speak(customer)

        def test_call(phone_system):
            assert phone_system.incoming_call().heard == ["acme"]
        """
    result = run(tests, call)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "E *ConfigurationError: *['customer']*. In tests, override the fixture"
            " phone_url_values to return them, for example {'customer': 'acme'}."
        ]
    )
    values = """
        @pytest.fixture
        def phone_url_values():
            return {"customer": "acme"}
        """
    run(tests, call + values).assert_outcomes(passed=1)


def test_users_may_list_the_plugin_in_pytest_plugins(
    tests: pytest.Pytester,
) -> None:
    tests.makeconftest(f"pytest_plugins = ['flask_ozml.pytest_plugin']\n{CONFTEST}")
    code = """
        def test_call(phone_system):
            assert phone_system.incoming_call().heard == ["Your PIN, please."]
        """
    run(tests, code).assert_outcomes(passed=1)


def test_importing_the_plugin_leaves_out_the_simulator() -> None:
    program = "import sys, flask_ozml.pytest_plugin; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not set(run.stdout.split()) & {
        "flask_ozml.client",
        "flask_ozml.playing",
        "flask_ozml.simulator",
        "xmltodict",
    }
