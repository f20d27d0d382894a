"""The sandbox as an ASGI application: the APIs, the token endpoint, the switch for 429, and the storage."""

from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ._actions import Actions
from ._api import Api, error_response
from ._blobs import Service
from ._demands import MOST
from ._guard import bounded, guarded
from ._tokens import GRANT_TYPE, SCOPE, IssuedTokens, TokenError
from ._world import World

TOKEN_PATH: Final = "/connect/token"  # noqa: S105 (a path)
RATE_LIMIT_PATH: Final = "/sandbox/rate-limit"
_FORM: Final = "application/x-www-form-urlencoded"


def make_app(world: World, actions: Actions, tokens: IssuedTokens) -> ASGIApp:
    """Make the application that is served at the two addresses of a sandbox: that of its APIs and of its storage."""
    url = world.files.origin

    async def token(request: Request) -> Response:
        body = await request.body()
        try:
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
                raise TokenError(400, "invalid_request", f"The body must be {_FORM}.")
            answer = tokens.issue(body, request.headers.get("authorization"))
        except TokenError as error:
            headers = {"www-authenticate": 'Basic realm="sandbox"'} if error.status == 401 else {}
            refusal = {"error": error.code, "error_description": error.description}
            return JSONResponse(refusal, error.status, {"cache-control": "no-store", **headers})
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    async def discovery(_: Request) -> Response:
        return JSONResponse(
            {
                "issuer": url,
                "token_endpoint": url + TOKEN_PATH,
                "grant_types_supported": [GRANT_TYPE],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "scopes_supported": [SCOPE],
                "response_types_supported": [],
            }
        )

    async def limit(request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not tokens.controls(token.strip()):
            message = "This takes the control token of the sandbox, as Authorization: Bearer."
            return error_response(401, "InvalidToken", message, headers={"www-authenticate": "Bearer"})
        try:
            times = int(request.query_params.get("times", "1"))
            retry_after = int(request.query_params.get("retry_after", "1"))
            world.demands.limit(times, retry_after)
        except ValueError:
            message = f"times and retry_after must be whole numbers from 0 to {MOST}."
            return error_response(400, "InvalidRequest", message)
        return JSONResponse({"times": times, "retry_after": retry_after})

    app = Starlette(
        routes=[
            *Api(world, actions, tokens).routes(),
            Route(TOKEN_PATH, token, methods=["POST"]),
            Route("/.well-known/openid-configuration", discovery),
            Route(RATE_LIMIT_PATH, limit, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _refuse},
    )
    app.router.redirect_slashes = False
    storage = Service(world.files.blobs, world.files.signer, world.agenda.run)
    return guarded([url, world.files.storage], _by_port(world, bounded(_with_raw_path(app)), storage))


def _by_port(world: World, apis: ASGIApp, storage: ASGIApp) -> ASGIApp:
    """What answers a request by the port that it came to."""
    port = urlsplit(world.files.storage).port

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        is_for_storage = scope["type"] == "http" and scope["server"][1] == port
        await (storage if is_for_storage else apis)(scope, receive, send)

    return wrapped


async def _refuse(_: Request, error: Exception) -> Response:
    """Answer as the gateway in front of the APIs does when no operation matches.

    The platform documents a wrong `Accept` header as a 404, not as a 406: the version is part of what selects an
    operation, so a wrong one selects none. The request has not been authenticated by then. For another method the
    sandbox answers 405, which says more than the 404 and lists the method to use.
    """
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 405:
        return error_response(
            405, "MethodNotAllowed", "This path has no operation with this method.", headers=error.headers
        )
    if error.status_code == 413:
        return error_response(413, "RequestTooLarge", "The body is too large.", headers={"connection": "close"})
    detail = {"code": "OperationNotFound", "message": "No operation matches the request."}
    message = "Nothing is found here. Check the URL and the Accept header of the request."
    return error_response(404, "ResourceNotFound", message, details=[detail])


def _with_raw_path(app: ASGIApp) -> ASGIApp:
    """Match paths as they are on the wire, so that an encoded slash stays within its segment."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["path"] = scope["raw_path"].decode("latin-1")
        await app(scope, receive, send)

    return wrapped
