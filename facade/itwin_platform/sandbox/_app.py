"""The sandbox as an ASGI application: what it answers to which request."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ._catalogue import KNOWN_IDS, OPERATIONS, Operation, encode
from ._rate_limit import RateLimit
from ._tokens import GRANT_TYPE, SCOPE, TokenError, TokenStore

TOKEN_PATH: Final = "/connect/token"  # noqa: S105 (a path)
RATE_LIMIT_PATH: Final = "/sandbox/rate-limit"
_FORM: Final = "application/x-www-form-urlencoded"


def make_app(url: str, tokens: TokenStore, rate_limit: RateLimit) -> ASGIApp:
    """Make the application that is served at `url`."""

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
        try:
            times = int(request.query_params.get("times", "1"))
            retry_after = int(request.query_params.get("retry_after", "1"))
            rate_limit.set(times, retry_after)
        except ValueError:
            return _error(400, "InvalidRequest", "times and retry_after must be whole numbers, zero or more.")
        return JSONResponse({"times": times, "retry_after": retry_after})

    app = Starlette(
        routes=[
            *(Route(op.path, _endpoint(op, tokens, rate_limit), methods=[op.method]) for op in OPERATIONS),
            Route(TOKEN_PATH, token, methods=["POST"]),
            Route("/.well-known/openid-configuration", discovery),
            Route(RATE_LIMIT_PATH, limit, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _refuse},
    )
    app.router.redirect_slashes = False
    return _with_raw_path(app)


def _endpoint(
    operation: Operation, tokens: TokenStore, rate_limit: RateLimit
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if not accepts(request.headers.getlist("accept"), operation.media_type):
            raise HTTPException(404)
        if refusal := _unauthorized(operation, request.headers.get("authorization"), tokens):
            return refusal
        if (seconds := rate_limit.take()) is not None:
            return _documented(operation, 429, {"retry-after": str(seconds)})
        found = all(unquote(value) in KNOWN_IDS[name] for name, value in request.path_params.items())
        return _documented(operation, 200 if found else 404)

    return answer


def _documented(operation: Operation, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(operation.answers[status], status, headers, operation.media_type)


def _unauthorized(operation: Operation, authorization: str | None, tokens: TokenStore) -> Response | None:
    """Refuse a request without a good access token; None if the token is good."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme and scheme.lower() != "bearer":
        # Without a space the only word may be a token that lacks its scheme, which is not to be sent back.
        shown = scheme if token else ""
        message = f"Authorization scheme '{shown}' is not valid."
        return _error(401, "InvalidAuthorizationScheme", message, operation.media_type, {"www-authenticate": "Bearer"})
    if not token:
        return _documented(operation, 401, {"www-authenticate": "Bearer"})
    if not tokens.is_valid(token.strip()):
        # The pages document one body for every kind of refusal, the expired token included.
        return _documented(operation, 401, {"www-authenticate": 'Bearer error="invalid_token"'})
    return None


def accepts(headers: list[str], media_type: str) -> bool:
    """Whether the `Accept` headers of a request take `media_type`, by the most specific range that matches it."""
    if not (text := ",".join(headers).strip()):
        return True
    kind = media_type.partition("/")[0]
    rank = {media_type: 2, f"{kind}/*": 1, "*/*": 0}
    best, taken = -1, False
    for item in text.lower().split(","):
        media_range, *parameters = (part.strip() for part in item.split(";"))
        if rank.get(media_range, -1) > best:
            best = rank[media_range]
            taken = not any(_is_zero(parameter) for parameter in parameters)
    return taken


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip() in {"0", "0.0", "0.00", "0.000"}


async def _refuse(_: Request, error: Exception) -> Response:
    """Answer as the gateway in front of the APIs does when no operation matches.

    The platform documents a wrong `Accept` header as a 404, not as a 406: the version is part of what selects an
    operation, so a wrong one selects none. The request has not been authenticated by then. For another method the
    sandbox answers 405, which says more than the 404 and lists the method to use.
    """
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 405:
        return _error(405, "MethodNotAllowed", "This path has no operation with this method.", headers=error.headers)
    detail = {"code": "OperationNotFound", "message": "No operation matches the request."}
    message = "Nothing is found here. Check the URL and the Accept header of the request."
    return _error(404, "ResourceNotFound", message, details=[detail])


def _error(
    status: int,
    code: str,
    message: str,
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
    *,
    details: list[dict[str, str]] | None = None,
) -> Response:
    error: dict[str, object] = {"code": code, "message": message}
    if details is not None:
        error["details"] = details
    return Response(encode({"error": error}), status, headers, media_type)


def _with_raw_path(app: ASGIApp) -> ASGIApp:
    """Match paths as they are on the wire, so that an encoded slash stays within its segment."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["path"] = scope["raw_path"].decode("latin-1")
        await app(scope, receive, send)

    return wrapped
