"""An embedded stand-in for the platform that needs no account: the examples of the specifications, served on loopback.

    with Sandbox() as sandbox:
        platform = ITwinPlatform(sandbox.token, api_url=sandbox.url)
        print(platform.itwins.get(sandbox.itwin_id).display_name)

From a command line: `python -m itwin_platform.sandbox --port 0`. It needs the extra: `pip install
"itwin-platform[sandbox]"`. Nothing else in `itwin_platform` imports this package.

What it answers, in this order:

- 404 `ResourceNotFound` for a path that no operation has, and for an `Accept` header that does not take the operation's
  media type. Without `Accept`, or with `*/*`, the request is served. 405 for another method on a known path.
- 401 without an access token, or with one that the sandbox has not issued or that has expired.
- 429 with `retry-after`, as often as was asked for with `Sandbox.rate_limit` or, from outside, with
  `POST /sandbox/rate-limit?times=2&retry_after=1`.
- 404 with the operation's documented body for ids that are not those of the examples.
- 200 with the documented example as it stands. The examples are of several iTwins, so an id in an answer need not be
  the one that was asked for, and the links with signatures in them have expired.

`POST /connect/token` issues access tokens for the client credentials grant, and
`GET /.well-known/openid-configuration` says so: the sandbox is its own issuer.
"""

from ._server import Sandbox

__all__ = ["Sandbox"]
