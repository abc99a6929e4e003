"""Commands and attributes that the vendor documents and the simulator does not play.

They are noted in the transcript, and the call goes on. Only what no document knows is
refused. Each row names its source, a page of ozekiphone.com or ozeki.hu.
"""

import typing as t
from collections.abc import Mapping

from .. import commands as ozml
from ..commands import BY_NAME
from ..commands import Command
from ..commands import Element
from ..errors import NotImplementedCommand
from ..serializer import dumps
from ..serializer import loads
from .session import Transcript

#: The commands, by name in lower case.
COMMANDS: t.Final[Mapping[str, str]] = {
    "array": "voip-ozml-array-command-1404",
    "beep": "owpn=6083, Ozeki 10 HTTP API commands",
    "callsetup": "owpn=6083, Ozeki 10 HTTP API commands",
    "deletefile": "p_4254-reference-book-of-ozml-the-xml-language-of-ozeki",
    "exit": "p_7657-reject-command, list of links",
    "foreach": "p_5403-ozml-foreach-command",
    "forwardcall": "p_7633-forwardcall-command",
    "listactivecalls": "p_7657-reject-command, list of links",
    "listaddressbookcontacts": "p_7657-reject-command, list of links",
    "listaddressbooknames": "p_7657-reject-command, list of links",
    "listcallhistory": "p_7657-reject-command, list of links",
    "listextensions": "p_7657-reject-command, list of links",
    "listextensiontypes": "p_7657-reject-command, list of links",
    "movefile": "p_5401-ozml-movefile-command",
    "receivealarmnotification": "p_5556-ozml-receivealarmnotification",
    "receivemessage": "owpn=6083, Ozeki 10 HTTP API commands",
    "request": "p_7657-reject-command, list of links",
    "sendalarmnotification": "p_5554-ozml-sendalarmnotification",
    "sendmessage": "owpn=6083, Ozeki 10 HTTP API commands",
    "sendmsg": "p_7662-sendmsg-command",
    "var": "p_5405-ozml-var-command",
    "waitformsg": "owpn=6083, Ozeki 10 HTTP API commands",
}

#: The attributes of commands, by name in lower case.
ATTRIBUTES: t.Final[Mapping[type[Command], Mapping[str, str]]] = {
    ozml.Call: {
        "finishedurl": "p_7632-call-command",
        "responseozml": "p_7632-call-command",
        "ringtime": "p_7632-call-command",
    },
    ozml.Play: {"timeout": "p_7640-play-command"},
    ozml.Record: {"recordpath": "p_7641-record-command"},
    ozml.SendEmail: {"attachments": "p_7647-sendemail-command"},
    ozml.Speak: {"voice": "p_7644-speak"},
    ozml.UserInput: {"executesql": "p_7663-userinput-command"},
}


def split(command: Command) -> tuple[Command | None, tuple[str, ...]]:
    """Return what is simulated of a command, and the names of what is not.

    :raises NotImplementedCommand: if no document knows the command.
    :raises InvalidParameter: if no document knows an attribute, or if a value is wrong.
    """
    if not isinstance(command, Element):
        return command, ()
    name = command.name.lower()
    if name in COMMANDS:
        return None, (command.name,)
    if name not in BY_NAME:
        raise NotImplementedCommand(f"Not implemented command: '{command.name}'")
    known = ATTRIBUTES.get(BY_NAME[name], {})
    left_out = tuple(n for n in command.attributes if n.lower() in known)
    rest = {n: v for n, v in command.attributes.items() if n not in left_out}
    (plain,) = loads(dumps([Element(command.name, rest, *command.content)]))
    if isinstance(plain, Element):
        # Raises for the attribute that is not documented.
        loads(dumps([Element(command.name, rest)]), strict=True)
    return plain, left_out


def plain(transcript: Transcript, command: Command) -> Command | None:
    """Return what is simulated of a command, and note what is not."""
    simulated, left_out = split(command)
    for name in left_out:
        transcript.note("*", f"{name} is not simulated")
    return simulated
