"""The places of credentials, which a client can pass to another process instead of the credentials themselves."""

from __future__ import annotations

import os
import re
import sys
from importlib import import_module

from .._policies.redaction import Secret
from ..errors import ConfigurationError
from ._provider import CallableToken, where

# The usual variables of the environment, `ITP_ACCESS_TOKEN` and so on.
ENVIRONMENT = "env"
_VARIABLE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]{0,199})", re.ASCII)
_NAMED = re.compile(r"(?!env:)([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")
_LONGEST = 400
# What a main program is called; it is another one in every process.
_MAIN = frozenset({"__main__", "__mp_main__"})
_NOTHING = object()


class CredentialsAt:
    """The place where each process finds the credentials by itself.

    A client with it can be pickled, because the pickle holds the place and no secret: see "Other processes" on the page
    about authentication.

    Parameters:
        place: One of these:

            - `"env:MY_TOKEN"`: the access token in an environment variable. It is read for every attempt, so a program
              may replace it when it expires.
            - `"package.module:name"`: a name in a module that every process can import: a function that returns a
              token, or an object of `itwin_platform.credentials`.
            - `"env"`: the usual variables, as for a client without credentials.

    Raises:
        ConfigurationError: It is none of these.
    """

    place: str = ""

    def __init__(self, place: str) -> None:
        text = Secret(place) if isinstance(place, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
        del place  # it may be the token itself, which a traceback with locals would show
        if text is None or not _is_place(text.reveal()):
            raise ConfigurationError(
                'CredentialsAt takes the place of credentials: "env:MY_TOKEN" for a variable of the environment, '
                '"package.module:name" for an object in a module, or "env" for the usual variables.'
            )
        self.place = text.reveal()

    def __repr__(self) -> str:
        return f"CredentialsAt({self.place!r})"

    def __eq__(self, other: object) -> bool:
        return self.place == other.place if isinstance(other, CredentialsAt) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.place)


def _is_place(text: str) -> bool:
    named = text == ENVIRONMENT or _VARIABLE.fullmatch(text) or _NAMED.fullmatch(text)
    return bool(named) and len(text) <= _LONGEST


def place_of(credentials: object) -> str | None:
    """Where other processes find these credentials; None if they cannot."""
    if credentials is None:
        return ENVIRONMENT
    if isinstance(credentials, CredentialsAt):
        return credentials.place
    module, name = getattr(credentials, "__module__", None), getattr(credentials, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module in _MAIN:
        return None
    place = f"{module}:{name}"
    return place if _named(sys.modules.get(module), name) is credentials and _is_place(place) else None


def _named(module: object, name: str) -> object:
    """What has a dotted name in a module; `_NOTHING` if nothing has."""
    found = module
    for part in name.split("."):
        found = getattr(found, part, _NOTHING)
    return found


def token_in(variable: str) -> CallableToken:
    """The token in an environment variable, which is read for every attempt.

    Raises:
        ConfigurationError: The variable is not set.
    """
    if not os.environ.get(variable):
        raise ConfigurationError(f"{variable} is not set in the environment of this process. It must hold a token.")
    return CallableToken(lambda: os.environ.get(variable, ""), source=variable)


def found_at(place: str) -> object:
    """The credentials at a place: a token provider, a function, or None for the usual environment variables.

    Raises:
        ConfigurationError: There are none.
    """
    if place == ENVIRONMENT:
        return token_in("ITP_ACCESS_TOKEN") if os.environ.get("ITP_ACCESS_TOKEN") else None
    if variable := _VARIABLE.fullmatch(place):
        return token_in(variable[1])
    module, _, name = place.partition(":")
    try:
        found = _named(import_module(module), name)
    except ModuleNotFoundError as error:
        problem = f"there is no module {error.name!r}"
    except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever a user's module raises)
        problem = f"the module raised {where(error)}"
    else:
        if found is _NOTHING:
            problem = f"module {module!r} has no {name!r}"
        elif found is None:
            problem = f"{name} is None"
        elif isinstance(found, CredentialsAt):
            problem = f"{name} is a CredentialsAt itself"
        else:
            return found
    raise ConfigurationError(
        f"The credentials at {place!r} cannot be used in this process: {problem}. "
        "Every process that uses the client must be able to import them."
    )
