"""Connections that threads take and give back."""

from __future__ import annotations

import time

import pytest

from itwin_platform._http.pools import Connections


def test_another_thread_may_take_the_only_connection_the_moment_it_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connections = Connections(object)
    engine = connections.take()
    now, taken = time.monotonic, list[object]()

    def looked_at_by_both() -> float:
        # In `give_back`, which looks at the clock before and after the connection can be taken.
        if not taken and connections._idle:
            taken.append(connections.take())
        return now()

    monkeypatch.setattr(time, "monotonic", looked_at_by_both)
    assert connections.give_back(engine, unharmed=True) is None
    assert taken == [engine]


def test_a_connection_that_was_broken_off_is_given_out_no_more() -> None:
    connections = Connections(object)
    engine = connections.take()
    assert connections.give_back(engine, unharmed=False) is engine
    assert connections.take() is not engine
