"""The map as text, as drawings and as JSON, the subcommands, and check_flow()."""

import json
import logging
import typing as t

import pytest
from click.testing import Result
from flask import Flask

from apps import make_app
from flask_ozml import OzML
from flask_ozml.callflow import CheckedPhoneSystem
from flask_ozml.cli import ozml
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Call
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Record
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput

Answer = list[ExtensionCommand]


def make_phone(name: str = "phone") -> OzML:
    """Return a blueprint that has a state of every kind, and some mistakes."""
    phone = OzML(name, __name__)

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        return [GoTo(phone.to(menu, tries=0))]

    @phone.goto
    def menu(_: t.Any, tries: int) -> Answer:
        other = 'Say "yes" \\ or #1 &lt;.'
        prompt = Speak(other if tries else "Press a key.\x1b[2J")
        inputs: dict[str, ExtensionCommand | Answer] = {
            "1": BlindTransfer("2000"),
            "2": [Record(finish_digits="#"), Hangup()],
            "3": [Call("1000", url=phone.to(connected, who="Anna")), Hangup()],
            "4": GoTo(phone.to(menu, tries=tries + 1)),
        }
        return [UserInput(prompt, inputs=inputs), Speak("Good bye."), Hangup()]

    @phone.call_connected
    def connected(call: t.Any, who: str) -> Answer:
        return [Speak(f"Hello {who}.")]

    return phone


@pytest.fixture
def app() -> Flask:
    return make_app(make_phone())


def run(app: Flask, *args: str) -> Result:
    return app.test_cli_runner().invoke(ozml, args)


TEXT: t.Final = """\
call 9998: 1 "Press a key.\ufffd[2J" (waits for 1, 2, 3, 4)
  1: 2 (transferred to 2000)
    2000 does not answer -> see 6
  2: 3 (records)
      ! held: A caller who says nothing and presses nothing is held for ever.
    speak -> see 4
    silence -> see 3
  3: 4 (hung up)
    call 1000 that was placed: 7 (rings)
      answer: 9 "Hello Anna." (hung up)
      busy, no answer: 10 (rejected)
  4: 5 "Say "yes" \\ or #1 &lt;." (waits for 1, 2, 3, 4)
    1 -> see 2
    2 -> see 3
    3 -> see 4
    4: 8 "Say "yes" \\ or #1 &lt;." (waits for 1, 2, 3, 4)
        (not explored: 1 states before it differ from it in nothing but numbers)
    0 (a wrong entry), silence -> see 6
  0 (a wrong entry), silence: 6 "Good bye." (hung up)
Note: Counters were followed for 1 rounds. --depth sets how many.
"""

DOT: t.Final = """\
digraph calls {
  rankdir=LR
  node [shape=box, style=rounded, margin=0.2, fontname="sans-serif"]
  edge [fontname="sans-serif", fontsize=10]
  r1 [shape=plaintext, label="call 9998"]
  r1 -> s1
  s1 [shape=box, label="Press a key.\ufffd[2J\\n1 (waits for 1, 2, 3, 4)"]
  s2 [shape=rarrow, label="2 (transferred to 2000)"]
  s3 [shape=cds, label="3 (records)\\n! held", color=red, fontcolor=red]
  s4 [shape=ellipse, label="4 (hung up)"]
  s5 [shape=box, label="Say \\"yes\\" \\\\ or #1 &amp;lt;.\\n5 (waits for 1, 2, 3, 4)"]
  s6 [shape=ellipse, label="Good bye.\\n6 (hung up)"]
  s7 [shape=hexagon, label="7 (rings)"]
"""

MERMAID: t.Final = """\
flowchart LR
  r1("call 9998") --> s1
  s1["Press a key.#65533;#91;2J<br>1 #40;waits for 1, 2, 3, 4#41;"]
  s2>"2 #40;transferred to 2000#41;"]
  s3[["3 #40;records#41;<br>! held"]]
  s4(["4 #40;hung up#41;"])
  s5["Say #34;yes#34; #92; or #35;1 #38;lt#59;.<br>5 #40;waits for 1, 2, 3, 4#41;"]
  s6(["Good bye.<br>6 #40;hung up#41;"])
  s7{{"7 #40;rings#41;"}}
"""


@pytest.mark.parametrize(
    "format, begins, ends",
    [
        ("text", TEXT, ""),
        ("dot", DOT, '  s7 -> s10 [label="busy, no answer"]\n}\n'),
        (
            "mermaid",
            MERMAID,
            "  classDef wrong stroke:red,color:red\n  class s3 wrong\n",
        ),
    ],
)
def test_the_map_is_the_same_in_each_run(
    app: Flask, format: str, begins: str, ends: str
) -> None:
    shown = [run(app, "map", "--depth", "1", "--format", format) for _ in range(2)]
    assert shown[0].stdout == shown[1].stdout
    assert shown[0].stdout.startswith(begins)
    assert shown[0].stdout.endswith(ends)
    assert [(result.exit_code, result.stderr) for result in shown] == [(0, "")] * 2


def test_a_site_without_mistakes_has_nothing_red() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        return [Speak("Hello."), Hangup()]

    assert "classDef" not in run(make_app(phone), "map", "--format", "mermaid").stdout


def test_json_has_the_acts_that_lead_to_each_state(app: Flask) -> None:
    shown = json.loads(run(app, "map", "--format", "json", "--states", "9").stdout)
    call = {"verb": "call", "what": "9998", "unanswered": [], "label": "call 9998"}
    press = {"verb": "press", "what": "1", "unanswered": [], "label": "1"}
    assert shown["roots"] == [{**call, "to": 1}]
    transfer = shown["states"][1]
    assert transfer["acts"] == [call, press]
    assert transfer["kind"] == "transfer"
    assert transfer["parent"] == 1
    assert transfer["edges"][0]["to"] == 6
    # Played back, the acts lead to the state.
    (failed,) = (state for state in shown["states"] if state["number"] == 6)
    assert failed["heard"] == ["Good bye."]
    assert [found["name"] for found in shown["findings"]] == ["held"]
    edges = [edge for state in shown["states"] for edge in state["edges"]]
    assert None in [edge["to"] for edge in edges]
    assert shown["notes"]


def test_check_prints_a_line_for_each_finding(app: Flask) -> None:
    result = run(app, "check")
    assert result.exit_code == 1
    first, *notes = result.stdout.splitlines()
    assert first.startswith("held: call 9998, 2: A caller who says nothing")
    assert notes == [
        "Note: Counters were followed for 5 rounds. --depth sets how many."
    ]
    skipped = run(app, "check", "--skip", "held")
    assert skipped.exit_code == 0
    assert skipped.stdout.endswith("Nothing is wrong in 14 states.\n")


def test_a_site_without_views_for_calls_is_told_so() -> None:
    phone = OzML("phone", __name__)
    app = make_app(phone)
    note = "Note: No view answers a call, so there is nothing to explore.\n"
    assert run(app, "map").stdout == note
    result = run(app, "check")
    assert result.stdout == f"{note}Nothing is wrong in 0 states.\n"
    assert result.exit_code == 0


def test_check_of_a_site_that_is_to_be_deployed() -> None:
    phone = make_phone()
    app = make_app(phone, SECRET_KEY=None, OZML_PUBLIC_URL=None)
    result = run(app, "check", "--skip", "held", "--deploy")
    names = [line.partition(":")[0] for line in result.stdout.splitlines()]
    assert names == ["key", "public-url", "destinations", "no-fallback", "Note"]
    assert result.exit_code == 1


def test_what_no_blueprint_has_is_refused(app: Flask) -> None:
    wrong = run(app, "map", "--blueprint", "mailbox")
    assert wrong.exit_code == 1
    assert "'mailbox' is not an OzML blueprint" in wrong.stderr
    assert run(app, "check", "--value", "customer=acme").exit_code == 2


def test_variables_of_the_prefix_are_given() -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: t.Any, customer: str) -> Answer:
        return [Speak(f"Welcome to {customer}."), Hangup()]

    @phone.call_connected
    def remind(call: t.Any, customer: str) -> Answer:
        return [Speak(f"{customer} calls."), Hangup()]

    app = make_app(phone, prefix="/<customer>/phone")
    shown = run(app, "map", "--value", "customer=acme").stdout
    assert 'call 9998: 1 "Welcome to acme." (hung up)\n' in shown
    assert 'call answered by remind: 2 "acme calls." (hung up)\n' in shown


def test_the_log_is_quiet_while_a_site_is_explored(
    caplog: pytest.LogCaptureFixture,
) -> None:
    phone = OzML("phone", __name__)

    @phone.incoming_call
    def welcome(call: t.Any) -> Answer:
        raise KeyError("broken")

    assert run(make_app(phone), "check").stdout.startswith("error: call 9998")
    assert not caplog.records
    assert not logging.getLogger("flask_ozml").disabled


def test_a_test_asserts_that_nothing_is_wrong(
    app: Flask, phone_system: CheckedPhoneSystem
) -> None:
    with pytest.raises(AssertionError, match="^held: call 9998, 2: A caller who"):
        phone_system.check_flow()
    flow = phone_system.check_flow(skip=["held"], press=["1234"])
    assert len(flow.states) == 14
    assert phone_system.calls_placed == []  # others have played the calls
    assert phone_system.incoming_call().press("3").state == "Completed"
    assert len(phone_system.calls_placed) == 1


def test_what_was_left_out_is_shown_nowhere(app: Flask) -> None:
    text = run(app, "map", "--states", "2").stdout
    assert text.splitlines()[1:] == [
        "    (not explored to the end)",
        "  1: 2 (transferred to 2000)",
        "Note: There are more than 2 states; exploring ended there. --states sets the"
        " limit.",
    ]
    drawn = run(app, "map", "--states", "2", "--format", "dot").stdout
    assert drawn.count("->") == 2
    only = run(app, "map", "--states", "1", "--to", "9998", "--to", "9997").stdout
    assert "call 9997 -> see 1" in only


def test_views_that_nothing_leads_to_are_shown_at_the_end() -> None:
    phone = make_phone()

    @phone.dtmf_entered
    def take(entered: t.Any) -> Answer:
        return []

    lines = run(make_app(phone), "map", "--depth", "1").stdout.splitlines()
    assert lines[-2].startswith("! unreached: view phone: dtmf_entered.take: ")
