"""Where a redirect leads, and whether it may be followed.

Parts of the platform live on hosts of their own and are reached by a redirect from the main one, with the same token.
So a redirect could trick the client into handing the token to a stranger.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin

from .addresses import Target, UntrustedError, check_plain, trusted

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_HOPS = 5


def redirect_target(method: str, current: Target, locations: list[str], configured: str) -> Target:
    """Where a redirect leads, if it may be followed.

    Parameters:
        method: The method of the request that was answered.
        current: Where that request went.
        locations: The values of its `Location` headers.
        configured: The origin that the client was configured with.

    Raises:
        UntrustedError: It may not be followed.
    """
    if method not in {"GET", "HEAD"}:
        raise UntrustedError(f"a redirect of {method} could repeat or change the request")
    if len(locations) != 1:
        raise UntrustedError("there must be exactly one Location header")
    location = locations[0]
    check_plain(location)
    # With a scheme or a host it must be a complete URL; parsers disagree about the forms in between.
    if not re.match(r"https?://[^/]", location) and re.match(r"//|[^/?#]*:", location):
        raise UntrustedError("the address is neither complete nor a path")
    try:
        url = urljoin(current.url, location)
    except ValueError:
        url = ""
    return trusted(url.partition("#")[0], configured)
