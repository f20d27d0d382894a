"""`itwin api`: any request, even for operations without a command."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from .._policies.requests import METHODS
from . import _session
from ._command import Command
from ._options import confirm, current, with_common_options
from ._output import emit
from ._parameters import Json
from ._wording import in_words

if TYPE_CHECKING:
    from .. import ITwinPlatform

_READING = frozenset({"GET", "HEAD"})
# What stands for the parameters of `platform.request` here.
_WORDS = {"url_or_path": "PATH", "api_version": "--api-version", "api_url": "ITP_API_URL"}


@click.command("api", cls=Command)
@click.argument("method")
@click.argument("path")
@click.option(
    "params", "-p", "--param", multiple=True, metavar="NAME=VALUE", help="A parameter of the query; repeatable."
)
@click.option("headers", "-H", "--header", multiple=True, metavar="NAME=VALUE", help="A header; repeatable.")
@click.option("--body", type=Json(), help="The body of the request; from a file if it holds secrets.")
@click.option("--api-version", default="v1", show_default=True, help="The version of the API: v1, v2 and so on.")
@with_common_options(changes=True)
def api(method: str, path: str, params: tuple[str, ...], headers: tuple[str, ...], body: Any, api_version: str) -> None:
    """Send any request to the platform, with your token, and show the JSON of the answer.

    PATH is a path of the platform, for instance /itwins/favorites, or a full URL. The token is sent only to hosts of
    the platform.

    \b
    itwin api GET /itwins/recents -p '$top=5'
    itwin api POST /itwins/favorites/ITWIN_ID --yes
    """  # noqa: D301 (the mark of click for lines that stay as they are)
    context, method = click.get_current_context(), method.upper()
    if method not in METHODS:
        raise click.UsageError(f"METHOD must be one of {', '.join(sorted(METHODS))}.", context)
    settings: Any = {"params": _pairs(params) or None, "json": body, "headers": _pairs(headers) or None}

    def send(platform: ITwinPlatform) -> Any:
        try:
            return platform.request(method, path, **settings, api_version=api_version)
        except ValueError as error:
            raise click.UsageError(in_words(str(error), _WORDS), context) from None

    with _session.client() as platform:
        if method not in _READING:
            _session.check(send)
            confirm(f"Send {method} {path.partition('?')[0]}?")
        answer = send(platform)
    emit(answer, current())


def _pairs(texts: Iterable[str]) -> dict[str, list[str] | str]:
    found: dict[str, list[str] | str] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not (name and mark):
            # It is not repeated: "Name: value" may well have a secret in it.
            raise click.UsageError("-p and -H take NAME=VALUE, with an equals sign.", click.get_current_context())
        before = found.get(name)
        found[name] = value if before is None else [*([before] if isinstance(before, str) else before), value]
    return found
