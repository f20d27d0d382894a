"""An embedded stand-in for the platform that needs no account: it answers on loopback as the definitions say.

    with Sandbox() as sandbox:
        platform = ITwinPlatform(sandbox.token, api_url=sandbox.url)
        print(platform.itwins.get(sandbox.itwin_id).display_name)

From a command line: `python -m itwin_platform.sandbox --port 0`. It needs the extra: `pip install
"itwin-platform[sandbox]"`. Nothing else in `itwin_platform` imports this package.

It begins with the resources of the documented examples, and keeps what is created, changed and deleted for as long as
the `Sandbox` exists. `Sandbox.add` puts thousands of resources there at once. Operations of other kinds answer with
their documented example as it stands. The examples are of several iTwins, so an id in such an answer need not be the
one that was asked for, and the links with signatures in them have expired.

What an operation answers, in this order:

- 403 for a request with another `Host` or `Origin` than the sandbox's own: web pages can send requests to this machine.
- 404 `ResourceNotFound` for a path that no operation has, and for an `Accept` header that does not take the operation's
  media type. Without `Accept`, or with `*/*`, the request is served. 405 for another method on a known path.
- 401 without an access token, or with one that the sandbox has not issued or that has expired.
- 429 with `retry-after`, as often as was asked for with `Sandbox.rate_limit` or, from outside, with
  `POST /sandbox/rate-limit?times=2&retry_after=1` and `Sandbox.control_token` as its bearer token.
- 404 with the operation's documented body where the path names a resource that is not there.
- 422 (400 in the APIs that say so) with the documented body for a parameter, header or body that cannot be used. Of the
  documented details it has those that apply.
- 409 with the documented body for a value that another resource has and that must be unique, where the operation
  documents it.
- The documented success: 200, 201, or 204 without a body.

There are no permissions: whoever has a token may do everything. `POST /connect/token` issues access tokens for the
client credentials grant, and `GET /.well-known/openid-configuration` says so: the sandbox is its own issuer.
"""

from ._server import Sandbox

__all__ = ["Sandbox"]
