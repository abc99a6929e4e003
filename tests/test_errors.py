"""The exceptions and status codes; what the package never catches."""

import ast
import copy
import inspect
import pathlib
import pickle
import re
import typing as t

import pytest

from flask_ozml import errors

EXCEPTIONS = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, Exception)
}


def tree_in_docstring() -> dict[str, str | None]:
    """Return the parent of each exception in the tree of the module's docstring."""
    parents: dict[str, str | None] = {}
    above: list[str] = []
    for indent, name in re.findall(r"^( *)\* (\w+)$", errors.__doc__ or "", re.M):
        del above[len(indent) // 2 :]
        parents[name] = above[-1] if above else None
        above.append(name)
    return parents


def test_the_docstring_draws_the_tree_of_exceptions() -> None:
    drawn = tree_in_docstring()
    assert drawn.keys() == EXCEPTIONS.keys()
    for name, parent in drawn.items():
        base = EXCEPTIONS[parent] if parent else Exception
        assert base in EXCEPTIONS[name].__bases__


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
def test_every_exception_is_an_ozml_error_with_a_docstring(name: str) -> None:
    assert issubclass(EXCEPTIONS[name], errors.OzMLError)
    assert inspect.getdoc(EXCEPTIONS[name])


def test_the_status_codes_are_those_of_the_vendor() -> None:
    assert {code.value: code.name for code in errors.StatusCode} == {
        200: "OK",
        300: "PARSE_ERROR",
        301: "NOT_IMPLEMENTED_COMMAND",
        302: "INVALID_PARAMETER",
        303: "INAPPROPRIATE_COMMAND",
        304: "AUTHENTICATION_REQUIRED",
        305: "AUTHENTICATION_FAILED",
        306: "FORBIDDEN_USER",
        307: "FORBIDDEN_ADDRESS",
        401: "API_EXTENSION_UNAVAILABLE",
        402: "CALL_CONNECT_FAILED",
        501: "SMS_DESTINATION_NOT_FOUND",
        601: "CALL_NOT_FOUND",
        701: "CONFIG_NOT_FOUND",
        702: "INVALID_CONFIG",
        703: "CONFIG_ALREADY_EXISTS",
    }


@pytest.mark.parametrize(
    "error, code",
    [
        (errors.ParseError, 300),
        (errors.NotImplementedCommand, 301),
        (errors.InvalidParameter, 302),
        (errors.ParameterTypeError, 302),
        (errors.InappropriateCommand, 303),
    ],
)
def test_a_command_error_has_a_status_code(
    error: type[errors.CommandError], code: int
) -> None:
    assert error.code == code
    assert isinstance(error.code, errors.StatusCode)


def test_an_invalid_parameter_is_a_value_error_and_a_wrong_type_a_type_error() -> None:
    assert issubclass(errors.InvalidParameter, ValueError)
    assert not issubclass(errors.InvalidParameter, TypeError)
    assert issubclass(errors.ParameterTypeError, TypeError)


REFUSALS: list[t.Any] = [errors.InvalidParameter, errors.ParameterTypeError]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_value_is_kept_out_of_the_message(refusal: t.Any) -> None:
    error = refusal("Speak", "language", "must be short", "4711")
    assert str(error) == "Speak: 'language' must be short."
    assert (error.command, error.parameter, error.rule, error.value) == (
        "Speak",
        "language",
        "must be short",
        "4711",
    )
    assert "4711" not in repr(error)


def test_a_refusal_may_have_no_value() -> None:
    assert errors.InvalidParameter("Speak", "text", "is mandatory").value is None


TRAVELLERS = [
    *(refusal("Speak", "language", "must be short", "4711") for refusal in REFUSALS),
    errors.PhoneSystemError("Call", errors.StatusCode.INVALID_PARAMETER, "4711"),
    errors.CallNotFound("Hold", errors.StatusCode.CALL_NOT_FOUND, "no call 'x'"),
]


@pytest.mark.parametrize("error", TRAVELLERS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    "clone",
    [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_an_error_can_be_copied_and_pickled(error: Exception, clone: t.Any) -> None:
    cloned = clone(error)
    assert type(cloned) is type(error)
    assert str(cloned) == str(error)
    assert vars(cloned) == vars(error)


def test_the_package_catches_no_exit_of_a_process() -> None:
    folder = pathlib.Path(errors.__file__).parent
    caught = [
        ast.unparse(node.type) if node.type else "everything"
        for path in folder.rglob("*.py")
        # Ctrl-C ends the exploration of a call flow, and shows what was found; a view
        # that exits is one of the findings.
        if path.parent != folder / "callflow"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
    ]
    assert len(caught) > 10
    too_much = "everything|BaseException|SystemExit|KeyboardInterrupt"
    assert not re.search(too_much, " ".join(caught))
