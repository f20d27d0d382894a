"""The requests that were received, for tests. Secrets in them are masked as in the `repr()` of models."""

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import attrs

from itwin_platform_api.runtime import MASK, UNCHANGED, Model, to_json
from itwin_platform_api.writing import documented_names, hidden_query, mask_query

from ._catalogue import ServedOperation, is_list
from ._modules import model_of_body

if TYPE_CHECKING:
    from starlette.requests import Request

_MOST: Final = 10_000
# Bytes of their bodies.
_MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class RecordedCall:
    """A request that was received.

    Attributes:
        operation: The operation, for instance `"itwins/get-itwin"`.
        method: The HTTP method.
        path: The path as it was sent, percent-encoded, without the query.
        query: The parameters of the query, decoded.
        status: The HTTP status of the answer.
    """

    operation: str
    method: str
    path: str
    query: Mapping[str, str]
    status: int
    _sent: bytes = field(default=b"", repr=False)
    _is_json: bool = field(default=False, repr=False)

    @cached_property
    def body(self) -> Any:
        """The body: JSON, in which secrets are `"***"`; bytes, if it is not JSON; None, if there is none.

        Properties that the definition marks as secret are masked, and those that it does not describe.
        """
        if not self._is_json or not self._sent:
            return self._sent or None
        model = model_of_body(self.operation)
        try:
            read: Any = None if model is None else model.from_dict(json.loads(self._sent))  # type: ignore[attr-defined]
        except ValueError:
            return MASK
        return MASK if read is None else _masked(read)


class Calls:
    """The last requests. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # With the sizes of their bodies.
        self._found: deque[tuple[RecordedCall, int]] = deque()
        self._size = 0

    def note(self, operation: ServedOperation, request: "Request", body: bytes, status: int) -> None:
        """Add a request."""
        call = RecordedCall(
            operation=operation.key,
            method=request.method,
            path=request.url.path,
            query=dict(parse_qsl(request.url.query, keep_blank_values=True)),
            status=status,
            _sent=body,
            _is_json=request.headers.get("content-type", "").partition(";")[0].strip().endswith("json"),
        )
        with self._lock:
            self._found.append((call, len(body)))
            self._size += len(body)
            while len(self._found) > _MOST or self._size > _MOST_BYTES:
                self._size -= self._found.popleft()[1]

    def all(self) -> list[RecordedCall]:
        """The requests in order."""
        with self._lock:
            return [call for call, _ in self._found]


def _masked(value: Any) -> Any:
    """The JSON of a value; in models, what their reprs mask is masked."""
    if is_list(value):
        return [_masked(each) for each in value]
    if not isinstance(value, Model):
        return to_json(value)
    names = documented_names(type(value))
    attributes: Any = attrs.fields(type(value))  # type: ignore[arg-type]  # the models are made with attrs
    given = ((each, getattr(value, each.name)) for each in attributes if each.name in names)
    found = {names[each.name]: _shown(shown, each.repr) for each, shown in given if shown is not UNCHANGED}
    return found | dict.fromkeys(value.additional_properties, MASK)


def _shown(value: Any, mask: Any) -> Any:
    if value is None or not callable(mask):
        return _masked(value)
    if mask is mask_query and isinstance(value, str):
        return hidden_query(value)
    if isinstance(value, Model):  # an object whose values are secrets
        return dict.fromkeys(value.to_dict(), MASK)
    return MASK
