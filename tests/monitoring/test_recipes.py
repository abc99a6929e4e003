"""The recipes of docs/monitoring.rst, with the real packages."""

import gc
import re
import runpy
import subprocess
import sys
import textwrap
import typing as t
from pathlib import Path

import pytest
import sentry_sdk
import structlog
from opentelemetry.instrumentation._semconv import (
    _OpenTelemetrySemanticConventionStability,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from apps import make_app
from apps import post
from apps import token_of
from apps import url_to
from flask_ozml import OzML
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import Hangup
from flask_ozml.commands import Speak
from flask_ozml.notifications import DtmfEntered

PAGE: t.Final = Path(__file__).parents[2] / "docs" / "monitoring.rst"
DIGITS: t.Final = "73915"
BODY: t.Final = (
    f"NotificationName=DtmfEntered&DtmfDigits={DIGITS}&CallLegID=L1&ApiExtension=9998"
).encode()


def recipe(heading: str, folder: Path) -> dict[str, t.Any]:
    """Return the names of the module that the page shows below a heading."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n{heading}\n---")[1]
    found = re.search(r"code-block:: python\n((?:\n| {4}.*\n)+)", section)
    assert found
    path = folder / "recipe.py"
    path.write_text(textwrap.dedent(found[1]), encoding="utf-8")
    return runpy.run_path(str(path))


class Site:
    """A site whose one view fails if it is told to; it gets a notification."""

    def __init__(self, **config: t.Any) -> None:
        self.phone = OzML("phone", __name__)
        self.app = make_app(self.phone_with_views(), **config)
        self.url = url_to(self.app, self.phone, "take", fails=False)
        self.failing_url = url_to(self.app, self.phone, "take", fails=True)
        self.secrets = {DIGITS, token_of(self.url), token_of(self.failing_url)}

    def phone_with_views(self) -> OzML:
        @self.phone.dtmf_entered
        def take(entered: DtmfEntered, fails: bool) -> list[ExtensionCommand]:
            digits = entered.dtmf_digits
            if fails:
                raise KeyError("no account")
            return [Speak(f"You entered {digits}."), Hangup()]

        @self.phone.fallback
        def sorry(notification: t.Any, error: Exception) -> Speak:
            return Speak("Sorry.")

        return self.phone

    def follow(self, heading: str, folder: Path, **options: t.Any) -> None:
        """Set up the site by a recipe."""
        # Signals hold receivers weakly, and nobody else imports this module.
        self.recipe = recipe(heading, folder)
        self.recipe["init_app"](self.app, **options)
        gc.collect()

    def play(self) -> None:
        assert f"You entered {DIGITS}." in post(self.app, self.url, BODY).text
        assert "Sorry." in post(self.app, self.failing_url, BODY).text

    def assert_kept(self, sent: object) -> None:
        """Check that no secret is in what was sent."""
        for secret in self.secrets:
            assert secret not in str(sent)


def test_structlog_gets_kinds_views_and_times(tmp_path: Path) -> None:
    site = Site()
    site.follow("structlog", tmp_path)
    with structlog.testing.capture_logs() as logged:
        site.play()
    answered = {"event": "answered", "log_level": "info", "kind": "dtmf_entered"}
    kept = [{k: v for k, v in line.items() if k != "milliseconds"} for line in logged]
    assert kept == [
        {
            **answered,
            "call": "L1",
            "view": "dtmf_entered.take",
            "commands": ["Speak", "Hangup"],
        },
        {
            "event": "failed",
            "log_level": "error",
            "kind": "dtmf_entered",
            "error": "KeyError",
        },
        {**answered, "call": "L1", "view": "fallback", "commands": ["Speak"]},
    ]
    site.assert_kept(logged)


def test_prometheus_gets_a_series_for_each_path_and_view(tmp_path: Path) -> None:
    site = Site()
    site.follow("Prometheus", tmp_path)
    site.play()
    metrics = site.app.test_client().get("/metrics").text
    assert 'path="/phone/dtmf_entered"' in metrics
    series = 'phone_answer_seconds_count{kind="dtmf_entered",view="%s"} 1.0'
    assert series % "dtmf_entered.take" in metrics
    assert series % "fallback" in metrics
    site.assert_kept(metrics)


@pytest.mark.parametrize("names", ["", "http", "http/dup"])
def test_opentelemetry_gets_spans_without_the_query(
    tmp_path: Path, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", names)
    monkeypatch.setattr(
        _OpenTelemetrySemanticConventionStability, "_initialized", False
    )
    site, spans, provider = Site(), InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    site.follow("OpenTelemetry", tmp_path, tracer_provider=provider)
    site.play()
    sent = [span.to_json() for span in spans.get_finished_spans()]
    assert len(sent) == 2
    assert "/phone/dtmf_entered" in sent[0]
    site.assert_kept(sent)


@pytest.mark.parametrize("bodies", ["always", "never"])
def test_sentry_gets_the_exception_without_digits(tmp_path: Path, bodies: str) -> None:
    """Run in a process of its own, since Sentry changes other packages for good."""
    program = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
import test_recipes
test_recipes.play_with_sentry(Path(sys.argv[3]), sys.argv[4])
"""
    folders = Path(__file__).parent, Path(__file__).parents[1], tmp_path
    run = subprocess.run(
        [sys.executable, "-c", program, *map(str, folders), bodies],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "KeyError" in run.stdout
    assert "/phone/dtmf_entered" in run.stdout
    assert "[Filtered]" in run.stdout if bodies == "always" else True
    assert "transaction" in run.stdout


def play_with_sentry(folder: Path, bodies: str) -> None:
    """Play a site, and print what would be sent to Sentry."""

    class Printing(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            sent.append(envelope.serialize().decode())

    sent: list[str] = []
    recipe("Sentry", folder)["init_app"](
        None,
        dsn="https://key@sentry.invalid/1",
        transport=Printing,
        max_request_body_size=bodies,
        traces_sample_rate=1.0,
    )
    site = Site()
    site.play()
    sentry_sdk.flush()
    sys.stdout.writelines(sent)
    site.assert_kept(sent)
