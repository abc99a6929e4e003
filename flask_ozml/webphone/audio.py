"""Gets audio files of the site, to be played by the browser."""

import http.client
import typing as t
from urllib.parse import unquote
from urllib.parse import urlsplit

from werkzeug.test import Client

from ..simulator import PhoneSystem
from ..simulator.transport import TIMEOUT

#: Bytes of a file, at most.
LONGEST_FILE: t.Final = 10 << 20


def fetch(system: PhoneSystem, url: str) -> tuple[str, bytes] | None:
    """Return type and content of an audio file; None if it is not one of the site.

    :param url: what a Play names. Nothing is opened unless it is a URL below the base
        of the application, and no redirect is followed.
    """
    path = system.base.relative(url)
    if path is None:
        return None
    get = _over_network if isinstance(system.target, str) else _in_process
    status, kind, content = get(system, path)
    if status != 200 or not kind.startswith("audio/") or len(content) > LONGEST_FILE:
        return None
    return kind, content


def _in_process(system: PhoneSystem, path: str) -> tuple[int, str, bytes]:
    base = system.base
    raw, _, query = path.partition("?")
    response = Client(t.cast(t.Any, system.target), use_cookies=False).get(
        unquote(raw),
        query_string=query,
        base_url=f"{base.scheme}://{base.host_header}{base.path}",
    )
    with response:
        return response.status_code, response.content_type or "", response.get_data()


def _over_network(system: PhoneSystem, path: str) -> tuple[int, str, bytes]:
    target = urlsplit(t.cast(str, system.target))
    secure = target.scheme == "https"
    make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = make(target.hostname or "", target.port, timeout=TIMEOUT)
    try:
        headers = {"Host": system.base.host_header}
        connection.request("GET", target.path.rstrip("/") + path, headers=headers)
        response = connection.getresponse()
        kind = response.headers.get("Content-Type", "")
        return response.status, kind, response.read(LONGEST_FILE + 1)
    except (OSError, http.client.HTTPException):
        return 0, "", b""
    finally:
        connection.close()
