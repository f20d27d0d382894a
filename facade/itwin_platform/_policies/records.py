"""The log records of calls: what they say, and the fields that they carry. Nothing in them can be a secret."""

from __future__ import annotations

import logging

from .._error_lines import named_request
from .answers import Answer
from .calls import Call
from .retries import Retry, RetryPolicy

logger = logging.getLogger("itwin_platform")


def log_answer(call: Call, host: str, seconds: float, what: str, answer: Answer | None) -> None:
    """Record a request and what came of it."""
    if not logger.isEnabledFor(logging.DEBUG):
        return
    logger.debug(
        "%s: %s from %s after %.3f s",
        call.named,
        what,
        host,
        seconds,
        extra={
            "operation": call.operation,
            "method": call.method,
            "path": call.path or None,
            "host": host,
            "status": answer.status if answer else None,
            "attempt": call.attempts.count,
            "duration": seconds,
            "request_id": answer.request_id if answer else None,
            "limits": answer.limits if answer else {},
        },
    )


def announce(retry: Retry, policy: RetryPolicy) -> None:
    """Record that there will be another attempt, and tell the user's function."""
    logger.info(
        "%s: trying again in %.2f s after %s from %s (attempt %d of %d)",
        named_request(retry.operation, retry.method, retry.path),
        retry.delay,
        f"status {retry.status}" if retry.status else "no answer",
        retry.host,
        retry.attempt,
        policy.attempts,
        extra={
            "operation": retry.operation,
            "method": retry.method,
            "path": retry.path or None,
            "host": retry.host,
            "status": retry.status,
            "attempt": retry.attempt,
            "delay": retry.delay,
        },
    )
    if policy.on_retry is not None:
        try:
            policy.on_retry(retry)
        except Exception as error:  # noqa: BLE001 (whatever a user's function raises)
            logger.warning("on_retry raised %s, which is ignored", type(error).__name__)
