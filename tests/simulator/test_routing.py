import typing as t

import pytest

from flask_ozml.commands import Command
from flask_ozml.commands import Route
from flask_ozml.commands import Speak
from flask_ozml.simulator import CallLoop
from simulator_pages import Pages


def down_the_list() -> list[Command]:
    """John for 20 s, Michael for 30 s, then Jessy."""
    body = pages_of_list.posted[-1][1]
    last = body.partition("LastCalledExtension=")[2].partition("&")[0]
    steps: dict[str, list[Command]] = {
        "": [Route("1001", ring_time=20)],
        "1001": [Route("1002", ring_time=30)],
        "1002": [Route("line", caller_id="1", dialed_number="234567")],
        "line": [Route("")],
    }
    return steps[last]


pages_of_list = Pages(routing_interception=down_the_list)


@pytest.mark.parametrize(
    ("extensions", "tried", "outcome", "clock"),
    [
        ({}, ["1001"], "answered", 0),
        ({"1001": "busy"}, ["1001", "1002"], "answered", 0),
        (
            {"1001": "no answer", "1002": "no answer"},
            ["1001", "1002", "line"],
            "answered",
            50,
        ),
        (
            {"1001": "no answer", "1002": "not found", "line": "busy"},
            ["1001", "1002", "line"],
            "rejected",
            20,
        ),
    ],
)
def test_down_the_list(
    extensions: dict[str, t.Any], tried: list[str], outcome: str, clock: float
) -> None:
    pages_of_list.posted.clear()
    pages_of_list.system.extensions = extensions
    routing = pages_of_list.system.route("1000", "1500")
    assert (routing.tried, routing.outcome, routing.clock) == (tried, outcome, clock)
    assert routing.destination == (tried[-1] if outcome == "answered" else None)
    assert len(routing.commands) == len(pages_of_list.posted)
    assert pages_of_list.posted[0][1] == (
        "NotificationName=RoutingInterception&CallerID=1000&OriginalDialedNumber=1500"
        "&LastDialedNumber=&LastCalledExtension=&LastCallState=Calling"
        "&ApiExtension=9999"
    )


def test_the_last_state_is_told() -> None:
    pages_of_list.posted.clear()
    pages_of_list.system.extensions = {
        "1001": "no answer",
        "1002": "not found",
        "line": "busy",
    }
    pages_of_list.system.route("1442", "81234567", "99", caller_extension="Bob")
    start = "NotificationName=RoutingInterception&CallerID=1442"
    end = "&ApiExtension=99&CallerExtension=Bob"
    assert [body for name, body in pages_of_list.posted[1:]] == [
        f"{start}&OriginalDialedNumber=81234567&LastDialedNumber={last}{end}"
        for last in (
            "81234567&LastCalledExtension=1001&LastCallState=NoAnswer",
            "81234567&LastCalledExtension=1002&LastCallState=NotFound",
            "234567&LastCalledExtension=line&LastCallState=Busy",
        )
    ]


@pytest.mark.parametrize("answer", ["<Response/>", "", "<html>", [Speak("Hi")]])
def test_without_a_route_the_dial_plan_decides(answer: t.Any) -> None:
    routing = Pages(routing_interception=answer).system.route()
    assert (routing.outcome, routing.destination) == ("dial plan", None)
    assert [e.code for e in routing.errors] == {
        "<Response/>": [],
        "": [300],
        "<html>": [300],
    }.get(str(answer), [303])
    assert "the dial plan decides" in str(routing)


def test_of_several_routes_the_first_counts() -> None:
    pages = Pages(routing_interception=[Route("1"), Route("2")])
    pages.system.extensions["1"] = "no answer"
    with pytest.raises(CallLoop):
        pages.system.route()
    routing = pages.system.sessions[-1]
    assert "rings 1: no answer" in str(routing)
    assert "rings 2" not in str(routing)
