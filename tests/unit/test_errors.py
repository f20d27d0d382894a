"""The error family: one line that says what to do, safe to log, pickle and copy."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest

from itwin_platform import errors

SAMPLES: list[errors.ITwinPlatformError] = [
    errors.ConfigurationError("There are no credentials."),
    errors.CredentialsError("No token."),
    errors.TransportError("Broken.", phase="body", operation="get-itwin"),
    errors.DeadlineExceeded("Too long.", phase="headers"),
    errors.RedirectError("Not followed.", operation="get-itwin"),
    errors.ResponseError("is missing", place="iTwin.id", status=200, content_type="application/json", size=3),
    errors.NotFoundError(
        status=404,
        code="iTwinNotFound",
        message="Requested iTwin is not available.",
        target="id",
        details=(errors.ErrorDetail("A", "b"),),
        request_id="r-1",
        operation="get-itwin",
    ),
    errors.RateLimitError(status=429, code="RateLimitExceeded", message="Too many.", retry_after=7.0),
]


def test_an_address_that_does_not_exist_is_not_taken_for_a_wrong_id() -> None:
    details = (errors.ErrorDetail("OperationNotFound", "Unable to match incoming request to an operation."),)
    error = errors.NotFoundError(status=404, code="ResourceNotFound", message="Not found.", details=details)
    assert str(error).endswith("Check the path, and the version of the API that the request asks for.")


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling_and_copying(error: errors.ITwinPlatformError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_is_one_line(error: errors.ITwinPlatformError) -> None:
    assert len(str(error).splitlines()) == 1


def test_an_api_error_tells_everything_and_what_to_do() -> None:
    text = str(SAMPLES[6])
    for part in (
        "404",
        "iTwinNotFound",
        "Requested iTwin",
        "[id]",
        "A: b",
        "get-itwin",
        "request id r-1",
        "Check the id",
    ):
        assert part in text
    assert str(SAMPLES[7]).endswith("Wait 7 seconds before the next request.")


def test_every_error_is_public_documented_and_in_the_family() -> None:
    classes: dict[str, Any] = {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and value.__module__ == errors.__name__
    }
    assert set(classes) == set(errors.__all__)
    for name, cls in classes.items():
        assert cls.__doc__, name
        assert name == "ErrorDetail" or issubclass(cls, errors.ITwinPlatformError)
