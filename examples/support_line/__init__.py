"""A support line: languages, opening hours, agents, voicemail and a call log."""

import typing as t
from collections.abc import Mapping
from pathlib import Path

from flask import Flask

from . import agents as agents
from . import call_log as call_log
from . import database
from . import listening as listening
from . import menus as menus
from . import settings
from . import voicemail as voicemail
from .blueprints import line
from .blueprints import mailbox
from .pages import pages


def create_app(
    config: Mapping[str, t.Any] | None = None, instance_path: str | None = None
) -> Flask:
    """Return the application.

    :param config: configuration that overrides the environment's.
    :param instance_path: the folder of the database.
    """
    app = Flask(__name__, instance_path=instance_path)
    Path(app.instance_path).mkdir(0o700, parents=True, exist_ok=True)
    app.config.from_mapping(settings.DEFAULTS)
    app.config.from_prefixed_env()
    app.config.update(config or {})
    settings.init_app(app)
    database.init_app(app)
    app.register_blueprint(line, url_prefix="/line")
    app.register_blueprint(mailbox, url_prefix="/mailbox")
    app.register_blueprint(pages)
    return app
