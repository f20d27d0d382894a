"""An embedded stand-in for the platform that needs no account and listens on loopback.

    with Sandbox() as sandbox:
        platform = ITwinPlatform(sandbox.token, api_url=sandbox.url)
        print(platform.itwins.get(sandbox.itwin_id).display_name)

From a command line: `python -m itwin_platform.sandbox --port 0`. It needs the extra: `pip install
"itwin-platform[sandbox]"`. Nothing else in `itwin_platform` imports this package.

It serves every operation of the APIs that the facade covers. It begins with the resources of the documented examples,
and keeps changes for as long as the `Sandbox` exists. `Sandbox.add` and `Sandbox(data=)` add resources of your own.

- Lists have the documented filters, order, pages and links, `$select` and `Prefer`.
- Favorites and recently used iTwins are kept; of the latter the last 25, newest first.
- An export is queued for 5 seconds, in progress for another 15, and then completed, with a link to its file, for 4
  hours. There may be one unfinished export at a time, and three per hour.
- A job is queued for 10 seconds, active for 60, and then successful, or failed after `Sandbox.fail_jobs`. Cancelling
  takes 10 seconds, and is refused in the last 5. A job is deleted after 30 days.
- The outputs of a job exist once it has succeeded: reality data with a few small files, reports in the bucket. What is
  found in photos is made up from their names, and the same each time. Files in formats other than JSON contain a line
  of text.
- A version of a detector waits for its file, and can be completed once that was uploaded, then published, unpublished
  and deleted.
- Every iTwin has curated content, and a repository of its reality data, if it has any. These cannot be changed.
  Requests for curated content are answered with a redirect, as on the platform. The redirect leads to the sandbox
  itself, below `/elsewhere`, because a client follows it to no other address of this machine.
- Buckets, reality data, images, exports and detectors are stored as in Azure Blob Storage, on another port: block blobs
  with SAS URLs, which are signed, have permissions, and expire by the clock. The storage has the operations on blobs
  that such a URL can permit, except leases, snapshots, tags and copies. A bucket is deleted with its iTwin.
- An image is served as it was uploaded, as the thumbnail too. Those of the documented iTwin are a grey pixel.
- It records the requests that it receives: `Sandbox.calls`.
- Its clock can run fast, and can be advanced: `Sandbox(speed=60)`, `Sandbox.advance`.

It holds at most 100,000 resources and `storage_limit` bytes of files; beyond that it answers 507. Graphics, messages of
failed jobs, lists of files that a service offers, and global repositories are those of the documentation.

An operation answers with the first of these that applies:

- 403 for a request with another `Host` or `Origin` than the sandbox's own: web pages can send requests to this machine.
- 404 `ResourceNotFound` for a path that no operation has, and for an `Accept` header that excludes the operation's
  media type. Without `Accept`, or with `*/*`, the request is served. 405 for another method on a known path.
- 401 without an access token, or with one that the sandbox has not issued or that has expired.
- 429 with `retry-after`, as often as requested with `Sandbox.rate_limit` or, from outside, with
  `POST /sandbox/rate-limit?times=2&retry_after=1` and `Sandbox.control_token` as its bearer token.
- Any documented error, as often as requested with `Sandbox.fail`.
- 404 with the documented body if the path names a resource that does not exist: the body for the first one that is
  missing.
- 422 (400 in the APIs that say so) with the documented body for a parameter, header or body that cannot be used. It has
  those of the documented details that apply.
- 409 with the documented body for a value that must be unique and that another resource has, if the operation documents
  it.
- The documented success: 200, 201, or 204 without a body.

There are no permissions: anyone with a token may do everything, except change what exists automatically. Apart from
foreign requests, 403 is answered only if `Sandbox.fail` asks for it. `POST /connect/token` issues access tokens for the
client credentials grant, and `GET /.well-known/openid-configuration` describes it: the sandbox is its own issuer.
"""

from ._calls import RecordedCall
from ._server import Sandbox

__all__ = ["RecordedCall", "Sandbox"]
