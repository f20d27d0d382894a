"""The operations of the APIs as routes: what each of them says before it does anything, and then its answer."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ._actions import Actions
from ._asked import ELSEWHERE, Asked
from ._blobs import BlobError
from ._catalogue import ServedOperation, encode
from ._refusals import RefusedError, error_body
from ._store import FullError
from ._tokens import IssuedTokens
from ._world import World

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


class Api:
    """All operations of one sandbox."""

    def __init__(self, world: World, actions: Actions, tokens: IssuedTokens) -> None:
        self._origin: Final = world.files.origin
        self._operations: Final = world.catalogue.operations
        self._actions: Final = actions
        self._tokens: Final = tokens
        self._demands: Final = world.demands
        self._calls: Final = world.calls

    def routes(self) -> Iterator[Route]:
        """One route for each path, which knows all methods that can be used there."""
        by_path: dict[str, dict[str, ServedOperation]] = {}
        for operation in self._operations:
            path = operation.path
            for position, parameter in enumerate(operation.in_path):
                path = path.replace(f"{{{parameter.name}}}", f"{{p{position}}}")
            by_path.setdefault(path, {})[operation.method] = operation
        # Words before parameters: `/itwins/exports` is no iTwin with the id `exports`, whatever the method.
        for path in sorted(by_path, key=lambda path: [segment.startswith("{") for segment in path.split("/")]):
            # Clients write paths with and without a slash at the end, and the platform answers both.
            for spelling in (path, path.removesuffix("/") if path.endswith("/") else f"{path}/"):
                yield self._route(spelling, by_path[path])
                yield self._route(ELSEWHERE + spelling, by_path[path])

    def _route(self, path: str, operations: Mapping[str, ServedOperation]) -> Route:
        allowed = {"HEAD", *operations} if "GET" in operations else set(operations)

        async def respond(request: Request) -> Response:
            if request.method not in allowed:
                raise HTTPException(405, headers={"allow": ", ".join(sorted(allowed))})
            operation = operations["GET" if request.method == "HEAD" else request.method]
            body = await request.body()
            answer = await self._answer(operation, request)
            self._calls.note(operation, request, body, answer.status_code)
            return answer

        return Route(path, respond, methods=_METHODS)

    async def _answer(self, operation: ServedOperation, request: Request) -> Response:
        if self._demands.latency:
            await asyncio.sleep(self._demands.latency)
        if not accepts(request.headers.getlist("accept"), operation.media_type):
            raise HTTPException(404)
        if refusal := unauthorized(operation, request.headers.get("authorization"), self._tokens):
            return refusal
        if demanded := self._demands.refusal(operation):
            return _refusal(operation, *demanded)
        asked = Asked(
            url=self._origin + request.url.path,
            query=parse_qsl(request.url.query, keep_blank_values=True),
            headers=request.headers,
            ids=tuple(map(unquote, request.path_params.values())),
            body=await request.body(),
        )
        try:
            answer = self._actions.answer(operation, asked)
        except RefusedError as refused:
            body = encode(error_body(refused.by or operation, refused.status, refused.problems))
            return Response(body, refused.status, media_type=operation.media_type)
        except FullError as error:
            return error_response(507, "SandboxFull", f"{error}.".capitalize(), operation.media_type)
        except BlobError:
            return error_response(507, "SandboxFull", "The storage of the sandbox is full.", operation.media_type)
        if answer.body is None:
            return Response(status_code=answer.status, headers=answer.headers)
        return Response(encode(answer.body), answer.status, answer.headers, operation.media_type)


def _refusal(operation: ServedOperation, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode(error_body(operation, status)), status, headers, operation.media_type)


def unauthorized(operation: ServedOperation, authorization: str | None, tokens: IssuedTokens) -> Response | None:
    """Refuse a request without a good access token; None if the token is good."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme and scheme.lower() != "bearer":
        # Without a space the only word may be a token that lacks its scheme, which is not to be sent back.
        shown = scheme if token else ""
        message = f"Authorization scheme '{shown}' is not valid."
        return error_response(
            401, "InvalidAuthorizationScheme", message, operation.media_type, {"www-authenticate": "Bearer"}
        )
    if not token:
        return _refusal(operation, 401, {"www-authenticate": "Bearer"})
    if not tokens.is_valid(token.strip()):
        # The pages document one body for every kind of refusal, the expired token included.
        return _refusal(operation, 401, {"www-authenticate": 'Bearer error="invalid_token"'})
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


def error_response(
    status: int,
    code: str,
    message: str,
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
    *,
    details: list[dict[str, str]] | None = None,
) -> Response:
    """An error that no definition documents, in the shape of the others."""
    error: dict[str, object] = {"code": code, "message": message}
    if details is not None:
        error["details"] = details
    return Response(encode({"error": error}), status, headers, media_type)
