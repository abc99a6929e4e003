"""Configuration of the documentation, see ``docs/index.rst``."""

import contextlib
import importlib.metadata
import inspect
import os
import typing as t

import flask_ozml.commands
import flask_ozml.notifications

project = "Flask-OzML"
author = "The Flask-OzML authors"
project_copyright = author
release = importlib.metadata.version(project)
version = release

extensions = ["sphinx.ext.autodoc"]
if "READTHEDOCS" in os.environ:  # elsewhere, the build works without a network
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3/", None),
        "flask": ("https://flask.palletsprojects.com/en/stable/", None),
    }

exclude_patterns = ["_build"]
nitpicky = True
nitpick_ignore_regex = [
    # Other packages, and the standard library.
    (r"py:.*", r"(flask|werkzeug|blinker|datetime|collections|dataclasses)\..*"),
    (r"py:.*", r"types\..*|re\..*|os\..*|_typeshed\..*|WSGIApplication"),
    # Types of the package that are not part of the reference.
    (r"py:class", r"flask_ozml\.(commands\.rules|simulator)\..*|.*\._[A-Z]"),
    (r"py:class", r"FallbackView|Element"),
    # Names in docstrings that stand in another module, or have no entry of their own.
    (r"py:(attr|exc)", r"fields|value|code|PhoneSystemError|PhoneSystemUnreachable"),
]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 60

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["pages.css"]


def show_plain_types(obj: t.Any) -> None:
    """Show ``str`` for a ``str`` whose rule is in its annotation."""
    with contextlib.suppress(NameError, TypeError, AttributeError):
        hints = t.get_type_hints(obj)
        obj.__annotations__ = {
            name: hints[name] for name in inspect.get_annotations(obj)
        }


for module in (flask_ozml.commands, flask_ozml.notifications):
    for documented in vars(module).values():
        if isinstance(documented, type) and documented.__module__.startswith(
            "flask_ozml"
        ):
            show_plain_types(documented)
            show_plain_types(vars(documented).get("__init__"))


def setup(app: t.Any) -> None:
    """Let autodoc show plain types."""
    app.connect(
        "autodoc-before-process-signature",
        lambda app, obj, bound: show_plain_types(obj),
    )
