"""An embedded stand-in for the platform that needs no account: it answers on loopback as the definitions say.

    with Sandbox() as sandbox:
        platform = ITwinPlatform(sandbox.token, api_url=sandbox.url)
        print(platform.itwins.get(sandbox.itwin_id).display_name)

From a command line: `python -m itwin_platform.sandbox --port 0`. It needs the extra: `pip install
"itwin-platform[sandbox]"`. Nothing else in `itwin_platform` imports this package.

It serves every operation of the APIs that the facade is for. It begins with the resources of the documented examples,
and keeps what is created, changed and deleted for as long as the `Sandbox` exists. `Sandbox.add` and `Sandbox(data=)`
put resources of one's own there.

- Lists have the documented filters, order, pages and links, `$select` and `Prefer`.
- Favorites and recently used iTwins are kept, of the latter the last 25, the newest first.
- An export is queued for 5 seconds, in progress until the 20th, and then completed with a link to its file, for 4
  hours. There may be one unfinished, and three an hour.
- A job is queued for 10 seconds, active for 60, and then successful, or failed after `Sandbox.fail_jobs`. Cancelling
  takes 10 seconds, and is too late in the last 5. After 30 days it is gone.
- What a job has made is there once it has succeeded: reality data with a few small files, reports in the bucket. What
  is found in photos is made up from their names, the same each time. Formats that are not JSON have a line of text.
- A version of a detector awaits its data, is completed once that was uploaded, published, unpublished and deleted.
- Every iTwin has curated content, and a repository of its reality data if there is some. These cannot be changed.
  Requests for curated content are answered with a redirect, as on the platform; but it leads to the sandbox itself,
  below `/elsewhere`, because a client follows to no other address of this machine.
- Buckets, reality data, images, exports and detectors are stored as in Azure Blob Storage, on another port: block blobs
  behind SAS URLs, which are signed, permit what they say, and end by the clock. It has the operations on blobs that
  such a URL can permit, without leases, snapshots, tags and copies. A bucket goes with its iTwin.
- It remembers what was asked of it: `Sandbox.calls`.
- Its clock can run fast, and can be put forward: `Sandbox(speed=60)`, `Sandbox.advance`.

It holds at most 100,000 resources and `storage_limit` bytes of files, and answers 507 to more. Graphics, messages of
failed jobs, lists of the types of files and global repositories are those of the documentation.

What an operation answers, in this order:

- 403 for a request with another `Host` or `Origin` than the sandbox's own: web pages can send requests to this machine.
- 404 `ResourceNotFound` for a path that no operation has, and for an `Accept` header that does not take the operation's
  media type. Without `Accept`, or with `*/*`, the request is served. 405 for another method on a known path.
- 401 without an access token, or with one that the sandbox has not issued or that has expired.
- 429 with `retry-after`, as often as was asked for with `Sandbox.rate_limit` or, from outside, with
  `POST /sandbox/rate-limit?times=2&retry_after=1` and `Sandbox.control_token` as its bearer token.
- Any documented error, as often as was asked for with `Sandbox.fail`.
- 404 with the documented body where the path names a resource that is not there: that of the first one that is missing.
- 422 (400 in the APIs that say so) with the documented body for a parameter, header or body that cannot be used. Of the
  documented details it has those that apply.
- 409 with the documented body for a value that another resource has and that must be unique, where the operation
  documents it.
- The documented success: 200, 201, or 204 without a body.

There are no permissions: whoever has a token may do everything but change what is there by itself. 403 comes otherwise
only where `Sandbox.fail` asks for it. `POST /connect/token` issues access tokens for the
client credentials grant, and `GET /.well-known/openid-configuration` says so: the sandbox is its own issuer.
"""

from ._calls import RecordedCall
from ._server import Sandbox

__all__ = ["RecordedCall", "Sandbox"]
