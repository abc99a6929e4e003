"""The table of views: which one answers, and which one a URL names."""

import dataclasses
import functools
import re
import typing as t
from collections.abc import Callable

import pytest
from werkzeug.local import LocalProxy

from flask_ozml.blueprint.views import ViewTable
from flask_ozml.errors import StatusCode
from flask_ozml.notifications import CallChanged
from flask_ozml.notifications import CallState
from flask_ozml.notifications import DtmfEntered
from flask_ozml.notifications import ErrorNotification
from flask_ozml.notifications import GoToNotification
from flask_ozml.notifications import IncomingCall
from flask_ozml.notifications import IncomingSMS
from flask_ozml.notifications import KINDS
from flask_ozml.notifications import Notification
from flask_ozml.notifications import RecordCompleted
from flask_ozml.notifications import RoutingInterception
from flask_ozml.notifications import SMSDeliveryReport
from tables import IN_COMMANDS
from tables import PASTED


def view(name: str) -> Callable[..., None]:
    def answer(notification: Notification) -> None: ...

    answer.__name__ = name
    return answer


def table(*rows: tuple[type[Notification], str, dict[str, object]]) -> ViewTable:
    views = ViewTable()
    for notification, name, filters in rows:
        views.add(notification, view(name), filters)
    return views


def selected(
    views: ViewTable, notification: Notification, **values: object
) -> str | None:
    found = views.select(notification, values)
    return found.name if found else None


CALLS = table(
    (IncomingCall, "one", {"api_extension": "1"}),
    (IncomingCall, "all", {}),
    (IncomingCall, "boss", {"caller": "100"}),
    (IncomingCall, "boss to one", {"api_extension": "1", "caller": "100"}),
    (IncomingCall, "leg", {"call_leg_id": "a", "caller": "7"}),
    (IncomingCall, "later leg", {"call_leg_id": "a", "api_extension": "7"}),
)


@pytest.mark.parametrize(
    "caller, api_extension, leg, name",
    [
        ("", "", "", "all"),
        ("5", "2", "", "all"),
        ("5", "1", "", "one"),
        ("100", "2", "", "boss"),
        ("100", "1", "", "boss to one"),
        ("100", "1", "a", "boss to one"),
        ("7", "7", "a", "leg"),
        ("7", "6", "a", "leg"),
        ("6", "7", "a", "later leg"),
        (" 100", "01", "", "all"),
    ],
)
def test_the_most_specific_view_answers_the_first_of_equals(
    caller: str, api_extension: str, leg: str, name: str
) -> None:
    call = IncomingCall(leg, caller=caller, api_extension=api_extension)
    assert selected(CALLS, call) == name


@pytest.mark.parametrize("filters", [{}, {"dtmf_digits": "1"}])
def test_the_first_registered_of_equals_answers(filters: dict[str, object]) -> None:
    views = table((DtmfEntered, "first", filters), (DtmfEntered, "second", filters))
    assert selected(views, DtmfEntered("1")) == "first"


def test_without_a_match_no_view_answers() -> None:
    views = table((IncomingCall, "one", {"api_extension": "1"}))
    assert selected(views, IncomingCall(api_extension="2")) is None
    assert selected(views, GoToNotification()) is None
    assert views.get("incoming_call", "one") is not None
    assert views.get("goto", "one") is None
    assert views.get("incoming_call", "two") is None


@pytest.mark.parametrize(
    "notification, filters, matches",
    [
        (CallChanged("Ringing", "1"), {"call_state": "Ringing"}, True),
        (CallChanged(CallState.RINGING, "1"), {"call_state": "Ringing"}, True),
        (CallChanged("Ringing", "1"), {"call_state": CallState.RINGING}, True),
        (CallChanged("Parked", "1"), {"call_state": "Parked"}, True),
        (CallChanged("Ringing", "1"), {"call_state": "ringing"}, False),
        (RecordCompleted(True), {"success": True}, True),
        (RecordCompleted(True), {"success": False}, False),
        (RecordCompleted(True, duration=15.0), {"duration": 15}, True),
        (RecordCompleted(True), {"call_id": ""}, True),
        (IncomingCall(caller="5"), {"caller": ["4", "5"]}, True),
        (IncomingCall(caller="5"), {"caller": ("4",)}, False),
        (IncomingCall(caller="5"), {"caller": {"5"}}, True),
        (IncomingCall(caller="5"), {"caller": frozenset(["4"])}, False),
        (IncomingCall(caller="5"), {"caller": re.compile("[0-9]")}, True),
        (IncomingCall(caller="55"), {"caller": re.compile("[0-9]")}, False),
        (IncomingCall(caller="55"), {"caller": ["5", re.compile("5+")]}, True),
        (IncomingSMS(message="STOP"), {"message": re.compile("stop", re.I)}, True),
        (IncomingSMS(message="Don't stop"), {"message": re.compile("stop")}, False),
        (CallChanged("Hold", "1"), {"call_state": re.compile("Hold|InCall")}, True),
        (ErrorNotification(303), {"code": 303}, True),
        (ErrorNotification(303), {"code": 302}, False),
        (SMSDeliveryReport(False, "1"), {"delivered": False, "id": "1"}, True),
        (IncomingSMS(message=" Hi"), {"message": "Hi"}, False),
        (IncomingSMS(message=" Hi"), {"message": " Hi"}, True),
        (IncomingCall(caller="5"), {"caller": LocalProxy(lambda: "5")}, True),
        (
            RoutingInterception(last_call_state="Busy"),
            {"last_call_state": "Busy"},
            True,
        ),
    ],
)
def test_filters_are_compared_with_equality(
    notification: Notification, filters: dict[str, object], matches: bool
) -> None:
    views = table((type(notification), "it", filters))
    assert selected(views, notification) == ("it" if matches else None)


@pytest.mark.parametrize(
    "notification, name, nearest",
    [
        (IncomingCall, "apiextension", "did you mean 'api_extension'?"),
        (IncomingCall, "api_extention", "did you mean 'api_extension'?"),
        (IncomingCall, "callr", "did you mean 'caller'?"),
        (DtmfEntered, "digits", "did you mean 'dtmf_digits'?"),
        (SMSDeliveryReport, "deliverd", "did you mean 'delivered'?"),
        (IncomingCall, "xyz", "['call_leg_id', 'caller', 'api_extension']"),
        (IncomingCall, "fields", ""),
        (IncomingCall, "kind", ""),
        (GoToNotification, "api_extension", ""),
    ],
)
def test_an_unknown_filter_names_the_nearest_attribute(
    notification: type[Notification], name: str, nearest: str
) -> None:
    views = ViewTable()
    with pytest.raises(TypeError) as caught:
        views.add(notification, view("it"), {name: "4711"})
    assert str(caught.value).startswith(f"{notification.__name__} has no {name!r}; ")
    assert nearest in str(caught.value)
    assert views.of(notification.kind) == ()


def names_of(kind: str) -> list[str]:
    names = [field.name for field in dataclasses.fields(KINDS[kind])]
    names.remove("fields")
    return names


def some_value(kind: str, name: str) -> object:
    types = t.get_type_hints(KINDS[kind])[name]
    return 1 if types in (bool, float, StatusCode | int) else "1"


@pytest.mark.parametrize(
    "notification, name, value, types",
    [
        (IncomingCall, "api_extension", 9998, "str, .* type int"),
        (IncomingCall, "caller", None, "str, .* type NoneType"),
        (IncomingCall, "caller", b"5", "str, .* type bytes"),
        (IncomingCall, "caller", ["5", 5], "str, .* type int"),
        (IncomingCall, "caller", {"5": 5}, "str, .* type dict"),
        (IncomingCall, "caller", re.compile(b"5"), "str, .* type Pattern"),
        (RecordCompleted, "success", "true", "bool, .* type str"),
        (RecordCompleted, "duration", "15", "float, .* type str"),
        (RecordCompleted, "duration", re.compile("15"), "float, .* type Pattern"),
        (CallChanged, "call_state", 1, "CallState or str, .* type int"),
        (ErrorNotification, "code", "302", "StatusCode or int, .* type str"),
    ],
)
def test_a_filter_that_can_never_match_is_refused(
    notification: type[Notification], name: str, value: object, types: str
) -> None:
    words = f"^{notification.__name__}: {name!r} is {types}\\.$"
    with pytest.raises(TypeError, match=words):
        ViewTable().add(notification, view("it"), {name: value})


@pytest.mark.parametrize(
    "notification, name, value",
    [
        (IncomingCall, "api_extension", "9998 "),
        (IncomingCall, "api_extension", ["9998", "\n9997"]),
        (IncomingCall, "caller", " 36301112222"),
        (CallChanged, "call_state", "Ringing "),
    ],
)
def test_a_filter_with_white_space_can_only_match_a_message(
    notification: type[Notification], name: str, value: object
) -> None:
    with pytest.raises(TypeError, match=f"{name!r} has no white space at its ends, so"):
        ViewTable().add(notification, view("it"), {name: value})


@pytest.mark.parametrize("empty", [[], (), set(), frozenset()])
def test_an_empty_collection_can_never_match_either(empty: object) -> None:
    words = f"'caller' is an empty {type(empty).__name__}, which never matches"
    with pytest.raises(TypeError, match=words):
        ViewTable().add(IncomingCall, view("it"), {"caller": empty})


@pytest.mark.parametrize("kind", KINDS)
def test_every_attribute_but_fields_is_a_filter(kind: str) -> None:
    for name in names_of(kind):
        ViewTable().add(KINDS[kind], view("it"), {name: some_value(kind, name)})
    with pytest.raises(TypeError):
        ViewTable().add(KINDS[kind], view("it"), {"fields": {}})


def some_filters(kind: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {name: some_value(kind, name)} for name in names_of(kind)
    ]
    return [{}, *rows]


@pytest.mark.parametrize("kind", KINDS)
def test_equal_filters_are_refused_where_only_filters_choose(kind: str) -> None:
    assert KINDS[kind].pasted == (kind in PASTED)
    for filters in some_filters(kind):
        views = table((KINDS[kind], "first", filters))
        if kind in IN_COMMANDS:
            views.add(KINDS[kind], view("second"), dict(filters))
            assert [v.name for v in views.of(kind)] == ["first", "second"]
            continue
        with pytest.raises(ValueError, match=f"'second' and 'first' answer {kind}"):
            views.add(KINDS[kind], view("second"), dict(filters))
        assert [v.name for v in views.of(kind)] == ["first"]


def test_filters_in_another_order_are_equal() -> None:
    views = table((IncomingCall, "a", {"caller": "1", "api_extension": "2"}))
    with pytest.raises(ValueError, match="equal filters"):
        views.add(IncomingCall, view("b"), {"api_extension": "2", "caller": "1"})
    views.add(IncomingCall, view("b"), {"api_extension": "2", "caller": "2"})
    views.add(IncomingSMS, view("b"), {"api_extension": "2"})


@pytest.mark.parametrize("kind", KINDS)
def test_two_functions_of_one_name_are_refused(kind: str) -> None:
    filters = some_filters(kind)
    views = table((KINDS[kind], "menu", filters[0]))
    for other in filters:
        with pytest.raises(ValueError, match=f"'{kind}.menu' already"):
            views.add(KINDS[kind], view("menu"), other)
    assert len(views.of(kind)) == 1
    views.add(KINDS["goto" if kind == "error" else "error"], view("menu"), {})


def test_one_function_may_serve_several_kinds_and_filters() -> None:
    views, menu = ViewTable(), view("menu")
    views.add(IncomingCall, menu, {"api_extension": "1"})
    views.add(IncomingCall, menu, {"api_extension": "2"})
    views.add(GoToNotification, menu, {})
    views.add(DtmfEntered, menu, {})
    views.add(DtmfEntered, menu, {})
    for extension, name in (("1", "menu"), ("2", "menu"), ("3", None)):
        assert selected(views, IncomingCall(api_extension=extension)) == name
    assert selected(views, GoToNotification()) == "menu"
    with pytest.raises(ValueError, match="equal filters"):
        views.add(IncomingCall, menu, {"api_extension": "2"})


def no_more(call: t.Any) -> None: ...
def default(call: t.Any, tries: int = 0) -> None: ...
def keyword_default(call: t.Any, *, tries: int = 0) -> None: ...
def anything(call: t.Any, *args: int, **kwargs: int) -> None: ...
def all_by_position(*args: t.Any) -> None: ...
def needs(call: t.Any, tries: int) -> None: ...
def needs_keyword(call: t.Any, *, tries: int) -> None: ...
def needs_both(call: t.Any, tenant: str, *, tries: int, other: int = 0) -> None: ...
def needs_tenant(call: t.Any, tenant: str) -> None: ...


@pytest.mark.parametrize(
    "function, without, with_tenant",
    [
        (no_more, True, True),
        (default, True, True),
        (keyword_default, True, True),
        (anything, True, True),
        (all_by_position, True, True),
        (needs, False, False),
        (needs_keyword, False, False),
        (needs_both, False, False),
        (needs_tenant, False, True),
    ],
)
def test_a_view_that_needs_state_is_not_chosen(
    function: Callable[..., None], without: bool, with_tenant: bool
) -> None:
    views = ViewTable()
    views.add(IncomingCall, function, {"api_extension": "1"})
    call = IncomingCall(api_extension="1")
    assert (selected(views, call) is not None) == without
    assert (selected(views, call, tenant="acme") is not None) == with_tenant
    views.add(IncomingCall, view("less specific"), {})
    assert selected(views, call) == (function.__name__ if without else "less specific")


def test_a_method_needs_its_arguments_after_self() -> None:
    class Menu:
        def main(self, call: IncomingCall) -> None: ...
        def step(self, call: IncomingCall, tries: int) -> None: ...

    for name, chosen in (("main", True), ("step", False)):
        views = ViewTable()
        views.add(IncomingCall, getattr(Menu(), name), {})
        assert (selected(views, IncomingCall()) is not None) == chosen


def test_a_wrapper_may_supply_arguments() -> None:
    views = ViewTable()
    views.add(IncomingCall, functools.wraps(needs)(lambda call: needs(call, 1)), {})
    views.add(GoToNotification, functools.wraps(needs)(lambda go: needs(go, 1)), {})
    assert selected(views, IncomingCall()) == "needs"
    views.target("goto.needs").check_state({}, {})
    with pytest.raises(TypeError, match=r"unexpected keyword .*; it takes \[\]"):
        views.target("goto.needs").check_state({}, {"tries": 1})


class Phone:
    def menu(self, notification: Notification) -> None: ...


def nothing() -> None: ...
def keywords(*, call: t.Any) -> None: ...


@pytest.mark.parametrize("function", [nothing, keywords, Phone])
def test_a_view_must_take_the_notification(function: Callable[..., t.Any]) -> None:
    words = f"The view {function.__name__!r} must take the notification as its first"
    with pytest.raises(TypeError, match=words):
        ViewTable().add(IncomingCall, function, {})


def test_a_wrapper_may_take_the_notification_for_its_function() -> None:
    views = ViewTable()
    views.add(IncomingCall, functools.wraps(nothing)(lambda call: nothing()), {})
    assert selected(views, IncomingCall()) == "nothing"


def wrapped(function: Callable[..., t.Any]) -> Callable[..., t.Any]:
    @functools.wraps(function)
    def wrapper(*args: t.Any, **kwargs: t.Any) -> t.Any:
        return function(*args, **kwargs)

    return wrapper


def test_a_wrapper_needs_the_arguments_of_its_function() -> None:
    views = ViewTable()
    views.add(IncomingCall, wrapped(wrapped(needs)), {})
    assert selected(views, IncomingCall()) is None
    assert selected(views, IncomingCall(), tries=1) == "needs"


PHONE = Phone()
OTHER_PHONE = Phone()


def main_menu(notification: Notification, tries: int = 0) -> None: ...
def check_pin(notification: DtmfEntered) -> None: ...
def twice(notification: GoToNotification | RecordCompleted) -> None: ...


WRAPPED = wrapped(view("wrapped"))


def targets() -> ViewTable:
    views = ViewTable()
    views.add(IncomingCall, main_menu, {})
    views.add(GoToNotification, main_menu, {})
    views.add(DtmfEntered, check_pin, {})
    views.add(DtmfEntered, check_pin, {"api_extension": "1"})
    views.add(CallChanged, view("log"), {})
    views.add(GoToNotification, PHONE.menu, {})
    views.add(DtmfEntered, WRAPPED, {})
    for kind in IN_COMMANDS:
        views.add(KINDS[kind], view(f"of_{kind}"), {})
    views.add(GoToNotification, twice, {})
    views.add(RecordCompleted, twice, {})
    views.add(GoToNotification, view("namesake"), {})
    views.add(DtmfEntered, view("namesake"), {})
    return views


TARGETS = targets()


@pytest.mark.parametrize(
    "given, qualified",
    [
        (main_menu, "goto.main_menu"),
        ("main_menu", "goto.main_menu"),
        ("goto.main_menu", "goto.main_menu"),
        (wrapped(main_menu), "goto.main_menu"),
        (wrapped(wrapped(main_menu)), "goto.main_menu"),
        (check_pin, "dtmf_entered.check_pin"),
        ("check_pin", "dtmf_entered.check_pin"),
        ("dtmf_entered.check_pin", "dtmf_entered.check_pin"),
        (PHONE.menu, "goto.menu"),
        (wrapped(PHONE.menu), "goto.menu"),
        ("menu", "goto.menu"),
        (WRAPPED, "dtmf_entered.wrapped"),
        (wrapped(WRAPPED), "dtmf_entered.wrapped"),
        ("wrapped", "dtmf_entered.wrapped"),
        ("goto.twice", "goto.twice"),
        ("record_completed.twice", "record_completed.twice"),
        ("goto.namesake", "goto.namesake"),
        *((f"of_{kind}", f"{kind}.of_{kind}") for kind in sorted(IN_COMMANDS)),
    ],
)
def test_a_target_is_a_function_a_wrapper_of_it_or_its_name(
    given: t.Any, qualified: str
) -> None:
    assert TARGETS.target(given).qualified_name == qualified


@pytest.mark.parametrize(
    "given, words",
    [
        ("chek_pin", "There is no view 'chek_pin'; did you mean 'check_pin'?"),
        ("goto.chek_pin", "There is no view 'goto.chek_pin'; did you mean 'check_pin'"),
        ("goto.check_pin", "'goto.check_pin'; did you mean 'check_pin'?"),
        ("dtmf.check_pin", "'dtmf.check_pin'; did you mean 'check_pin'?"),
        ("phone.goto.main_menu", "did you mean 'main_menu'?"),
        ("incoming_call.main_menu", "'incoming_call.main_menu' cannot be reached"),
        ("qqq", "There is no view 'qqq'; is it decorated?"),
        ("", "There is no view ''"),
        ("goto.", "There is no view 'goto.'"),
        ("Menu", "did you mean 'menu'?"),
        (OTHER_PHONE.menu, "There is no view 'menu'"),
        (view("main_menu"), "There is no view 'main_menu'"),
        (wrapped(view("chek_pin")), "There is no view 'chek_pin'; did you mean"),
        (5, "There is no view 'int'"),
        (None, "There is no view 'NoneType'"),
        (functools.partial(main_menu), "There is no view 'partial'"),
        ("log", "'call_changed.log' cannot be reached by a URL in OzML"),
        ("call_changed.log", "'call_changed.log' cannot be reached by a URL in OzML"),
        (twice, "'twice' serves several kinds"),
        (wrapped(twice), "'twice' serves several kinds"),
        ("twice", "'twice' serves several kinds"),
        ("namesake", "'namesake' serves several kinds"),
    ],
)
def test_anything_else_is_refused_as_a_target(given: t.Any, words: str) -> None:
    with pytest.raises(ValueError, match=r"[?.]$") as caught:
        TARGETS.target(given)
    assert words in str(caught.value)


def test_a_refused_target_names_the_views_or_kinds_that_would_do() -> None:
    with pytest.raises(ValueError, match="'record_completed.twice' or 'goto.twice'"):
        TARGETS.target(twice)
    with pytest.raises(ValueError, match="decorate the view for one of") as caught:
        TARGETS.target("log")
    for kind in KINDS:
        assert (f" {kind}" in str(caught.value)) == (kind in IN_COMMANDS)
