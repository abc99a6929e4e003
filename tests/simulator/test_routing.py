"""Routing, step by step, named after the vendor's pages."""

import typing as t

import pytest

from flask_ozml.commands import Command
from flask_ozml.commands import Element
from flask_ozml.commands import Route
from flask_ozml.commands import Speak
from flask_ozml.commands import UserInput
from flask_ozml.simulator import CallLoop
from flask_ozml.simulator import PhoneSystem
from simulator_pages import Pages
from simulator_pages import url


@pytest.fixture
def team() -> Pages:
    """Ring John for 20 s, Michael for 30 s, then Jessy through an outside line."""

    def down_the_list() -> list[Command]:
        steps: dict[str, list[Command]] = {
            "1001": [Route("1002", ring_time=30)],
            "1002": [Route("line", caller_id="1", dialed_number="234567")],
            "line": [Route("")],
        }
        last = pages.values("routing_interception", "LastCalledExtension")[-1]
        state = pages.values("routing_interception", "LastCallState")[-1]
        return steps[last] if state != "Calling" else [Route("1001", ring_time=20)]

    pages = Pages(routing_interception=down_the_list, call_changed=[])
    return pages


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
def test_p4594_down_the_list(
    team: Pages,
    extensions: dict[str, t.Any],
    tried: list[str],
    outcome: str,
    clock: float,
) -> None:
    team.system.extensions = extensions
    routing = team.system.route("1000", "1500")
    assert (routing.tried, routing.outcome, routing.clock) == (tried, outcome, clock)
    assert len(routing.commands) == team.asked.count("routing_interception")
    if outcome == "rejected":
        assert (routing.destination, routing.call) == (None, None)
        return
    assert routing.destination == tried[-1]
    assert routing.call is not None
    assert (routing.call.caller, routing.call.callee) == ("1000", tried[-1])
    assert routing.call.caller_id == ("1" if tried[-1] == "line" else "1000")
    assert team.states == ["Ringing", "InCall"]


def test_a_routed_call_keeps_its_caller_id_after_a_transfer(team: Pages) -> None:
    team.system.extensions |= {"1001": "busy", "1002": "busy"}
    call: t.Any = team.system.route("1000").call
    new = call.transfer("7").transferred_call
    assert (new.caller, new.caller_id, new.callee) == ("1000", "1", "7")


def test_p4201_routing_begins_with_the_vendors_example(team: Pages) -> None:
    team.system.route()
    assert team.posted[0][1] == (
        "NotificationName=RoutingInterception&CallerID=1000&OriginalDialedNumber=1500"
        "&LastDialedNumber=431413&LastCalledExtension=1200&LastCallState=Calling"
        "&ApiExtension=9999"
    )


def test_routing_begins_with_what_the_test_says(team: Pages) -> None:
    routing = team.system.route(
        "1442",
        "81234567",
        "99",
        "Bob",
        last_call_state="Busy",
        last_called_extension="1001",
        last_dialed_number="7",
    )
    assert routing.destination == "1002"
    assert team.posted[0][1] == (
        "NotificationName=RoutingInterception&CallerID=1442"
        "&OriginalDialedNumber=81234567&LastDialedNumber=7&LastCalledExtension=1001"
        "&LastCallState=Busy&ApiExtension=99&CallerExtension=Bob"
    )


def test_p4695_the_last_state_is_posted(team: Pages) -> None:
    team.system.extensions = {
        "1001": "no answer",
        "1002": "not found",
        "line": "busy",
    }
    team.system.route("1442", "81234567")
    fields = ("LastDialedNumber", "LastCalledExtension", "LastCallState")
    columns = (team.values("routing_interception", field) for field in fields)
    assert list(zip(*columns, strict=True))[1:] == [
        ("81234567", "1001", "NoAnswer"),
        ("81234567", "1002", "NotFound"),
        ("234567", "line", "Busy"),
    ]


@pytest.mark.parametrize(("ring_time", "clock"), [(None, 90), (0, 0), (7, 7)])
def test_p4594_a_route_rings_for_90_seconds_unless_it_says_otherwise(
    ring_time: int | None, clock: float
) -> None:
    answers: list[list[Command]] = [[], [Route("1", ring_time=ring_time)]]
    pages = Pages(routing_interception=lambda: answers.pop())
    pages.system.extensions["1"] = "no answer"
    assert pages.system.route().clock == clock


@pytest.mark.parametrize("answer", ["<Response/>", "", "<html>", [Speak("Hi")]])
def test_p4201_without_a_route_the_dial_plan_decides(answer: t.Any) -> None:
    routing = Pages(routing_interception=answer).system.route()
    assert (routing.outcome, routing.destination) == ("dial plan", None)
    assert [e.code for e in routing.errors] == {
        "<Response/>": [],
        "": [300],
        "<html>": [300],
    }.get(str(answer), [303])
    assert "the dial plan decides" in str(routing)


def test_of_several_routes_the_first_counts() -> None:
    pages = Pages(routing_interception=[Element("Var"), Route("1"), Route("2")])
    pages.system.extensions["1"] = "no answer"
    with pytest.raises(CallLoop):
        pages.system.route()
    routing = pages.system.sessions[-1]
    assert "* Var is not simulated\n* rings 1: no answer" in str(routing)
    assert "rings 2" not in str(routing)


def test_a_call_that_is_routed_to_an_api_extension_comes_in_there() -> None:
    pages = Pages(route=[Route("9997")], box=[UserInput(inputs={"1": Speak("one")})])
    urls = {
        "": {"routing_interception": url("route")},
        "9997": {"incoming_call": url("box")},
    }
    call: t.Any = PhoneSystem(pages.app, urls).route("1000").call
    assert call.press("1").heard == ["one"]
    assert pages.values("box", "Caller") == ["1000"]
