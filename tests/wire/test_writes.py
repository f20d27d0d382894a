"""Creating, changing and deleting, over real sockets: what is sent, what is sent again, and what is said in doubt."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from itwin_platform import UNCHANGED, ITwinPlatform, RetryPolicy, errors
from itwin_platform.models import ITwinUpdate
from itwin_platform_api.itwins.api.itwins import create_itwin, delete_itwin, get_itwin
from itwin_platform_api.itwins.models import ITwinClass, ITwinCreate, ITwinSubClass
from tests.support.engines import Engine
from tests.support.examples import example
from tests.support.scripted import ByHand, ScriptedServer, answer

CREATED = answer(201, example("create-itwin", 201))
UPDATED = answer(200, example("update-itwin"))
DELETED = answer(204, media_type=None)
GONE = answer(404, example("delete-itwin", 404))
DROP = ByHand(lambda connection: None)
QUICK = RetryPolicy(base=0.0)


def create(platform: Any) -> Any:
    return platform.itwins.create("New", class_="Endeavor", sub_class="Project")


def update(platform: Any) -> Any:
    return platform.itwins.update("i-1", display_name="Other")


def delete(platform: Any) -> Any:
    return platform.itwins.delete("i-1")


class TestWhatIsSent:
    def test_creating_leaves_out_what_is_none(self, engine: Engine) -> None:
        with ScriptedServer(CREATED) as server:
            itwin = engine(
                lambda platform: platform.itwins.create(
                    "Ünïcode", class_="Thing", sub_class="Asset", latitude=40.5, number=None, status="Inactive"
                ),
                api_url=server.url,
            )
        assert itwin.display_name == "White River"
        assert itwin.image is None
        (received,) = server.received
        assert (received.method, received.path) == ("POST", "/itwins/")
        assert received.headers["content-type"] == "application/json"
        assert received.json == {
            "displayName": "Ünïcode",
            "class": "Thing",
            "subClass": "Asset",
            "latitude": 40.5,
            "status": "Inactive",
        }

    def test_a_class_that_the_package_does_not_know_is_sent(self) -> None:
        with ScriptedServer(CREATED) as server, ITwinPlatform("token", api_url=server.url) as platform:
            platform.itwins.create("x", class_="Future", sub_class="Sooner")
        assert server.received[0].json["class"] == "Future"

    def test_updating_tells_absent_from_null(self, engine: Engine) -> None:
        with ScriptedServer(UPDATED) as server:
            itwin = engine(
                lambda platform: platform.itwins.update("i-1", number="5", latitude=None, iana_time_zone=UNCHANGED),
                api_url=server.url,
            )
        assert itwin.display_name == "White River"
        (received,) = server.received
        assert (received.method, received.path) == ("PATCH", "/itwins/i-1")
        assert received.headers["content-type"] == "application/json"
        assert received.json == {"number": "5", "latitude": None}

    def test_a_model_sends_only_what_is_set(self) -> None:
        with ScriptedServer(UPDATED) as server, ITwinPlatform("token", api_url=server.url) as platform:
            changes = ITwinUpdate(display_name="x")
            changes.longitude = None
            changes["customProperty"] = 1
            platform.itwins.update("i-1", changes)
            platform.itwins.update("i-1", ITwinUpdate.from_dict({"latitude": None}))
        assert [each.json for each in server.received] == [
            {"displayName": "x", "longitude": None, "customProperty": 1},
            {"latitude": None},
        ]

    def test_deleting_returns_nothing(self, engine: Engine) -> None:
        with ScriptedServer(DELETED) as server:
            assert engine(delete, api_url=server.url) is None
        (received,) = server.received
        assert (received.method, received.path, received.body) == ("DELETE", "/itwins/i-1", b"")
        # The media type of its errors: a success has none.
        assert received.headers["accept"] == "application/vnd.bentley.itwin-platform.v1+json"

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda itwins: itwins.update("i-1"), "nothing to change"),
            (lambda itwins: itwins.update("i-1", ITwinUpdate()), "nothing to change"),
            (lambda itwins: itwins.update("i-1", ITwinUpdate(number="1"), number="2"), "not both"),
            (lambda itwins: itwins.update("i-1", {"number": "1"}), "must be an ITwinUpdate"),
            (lambda itwins: itwins.update("i-1", number=None), "number must not be None"),
            (lambda itwins: itwins.update("i-1", status=None), "status must not be None"),
            (lambda itwins: itwins.update("i-1", latitude=float("nan")), "latitude: JSON has no NaN"),
            (lambda itwins: itwins.update("i-1", number="\ud800"), "surrogates"),
            (lambda itwins: itwins.update("i-1", number={"a"}), "number: JSON cannot hold a set"),
            (lambda itwins: itwins.update("..", number="1"), "itwin_id"),
            (lambda itwins: itwins.create("x", class_=None, sub_class="Project"), "class_ is required"),
            (lambda itwins: itwins.delete(""), "itwin_id"),
        ],
    )
    def test_what_cannot_be_sent_never_reaches_the_wire(self, engine: Engine, call: Any, message: str) -> None:
        with ScriptedServer(UPDATED) as server, pytest.raises(ValueError, match=message):
            engine(lambda platform: call(platform.itwins), api_url=server.url)
        assert server.connections == 0


class TestWhatIsSentAgain:
    @pytest.mark.parametrize(("call", "done"), [(create, CREATED), (update, UPDATED), (delete, DELETED)])
    def test_a_refusal_for_too_many_requests_is_waited_out(self, engine: Engine, call: Any, done: bytes) -> None:
        with ScriptedServer(answer(429, retry_after="0"), done) as server:
            engine(call, api_url=server.url)
        assert len(server.received) == 2
        assert server.received[0].body == server.received[1].body

    @pytest.mark.parametrize(("call", "done"), [(create, CREATED), (update, UPDATED), (delete, DELETED)])
    def test_a_refused_token_is_renewed(self, engine: Engine, call: Any, done: bytes) -> None:
        tokens = iter(("old", "new", "new"))
        with ScriptedServer(answer(401, example("get-itwin", 401)), done) as server:
            engine(call, lambda: next(tokens), api_url=server.url)
        assert [each.headers["authorization"] for each in server.received] == ["Bearer old", "Bearer new"]

    @pytest.mark.parametrize("call", [create, update])
    @pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
    def test_a_write_is_not_repeated_after_a_failure(self, engine: Engine, call: Any, status: int) -> None:
        with (
            ScriptedServer(answer(status, {})) as server,
            pytest.raises(errors.ApiError, match="look before") as caught,
        ):
            engine(call, api_url=server.url, retry=QUICK)
        assert len(server.received) == 1
        assert caught.value.may_have_happened
        assert str(caught.value).count("may have been carried out") == 1

    @pytest.mark.parametrize("call", [create, update])
    def test_a_write_without_an_answer_may_have_happened(self, engine: Engine, call: Any) -> None:
        with ScriptedServer(DROP) as server, pytest.raises(errors.TransportError, match="look before") as caught:
            engine(call, api_url=server.url, retry=QUICK)
        assert len(server.received) == 1
        assert caught.value.may_have_happened
        assert "try again" not in str(caught.value)

    def test_a_write_without_an_answer_in_time_may_have_happened(self, engine: Engine) -> None:
        silent = ByHand(lambda connection: connection.recv(1))
        with ScriptedServer(silent) as server, pytest.raises(errors.DeadlineExceeded, match="look before") as caught:
            engine(create, api_url=server.url, deadline=0.3)
        assert caught.value.may_have_happened

    @pytest.mark.parametrize("call", [create, update, delete])
    def test_a_write_that_was_surely_not_sent_is_tried_again_and_has_not_happened(
        self, engine: Engine, call: Any
    ) -> None:
        retries: list[int] = []
        with socket.socket() as taken:  # bound, so that nobody else gets the port, and not listening
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
            policy = RetryPolicy(attempts=3, base=0.0, on_retry=lambda retry: retries.append(retry.attempt))
            with pytest.raises(errors.TransportError, match="then try again") as caught:
                engine(call, api_url=url, retry=policy)
        assert retries == [1, 2]
        assert not caught.value.may_have_happened

    @pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
    def test_a_refusal_has_not_happened(self, engine: Engine, status: int) -> None:
        with ScriptedServer(answer(status, {})) as server, pytest.raises(errors.ApiError) as caught:
            engine(create, api_url=server.url, retry=QUICK)
        assert len(server.received) == 1
        assert not caught.value.may_have_happened
        assert "carried out" not in str(caught.value)

    def test_a_success_that_cannot_be_read_has_happened(self, engine: Engine) -> None:
        with ScriptedServer(answer(201, {"iTwin": {}})) as server, pytest.raises(errors.ResponseError) as caught:
            engine(create, api_url=server.url, retry=QUICK)
        assert len(server.received) == 1
        assert "was carried out: look before you send it again" in str(caught.value)

    def test_a_redirect_of_a_write_is_not_followed(self, engine: Engine) -> None:
        for status in (301, 302, 303, 307, 308):
            with ScriptedServer(answer(status, location="/elsewhere"), CREATED) as server:
                with pytest.raises(errors.RedirectError, match="POST"):
                    engine(create, api_url=server.url)
                assert len(server.received) == 1


class TestDeletingTwice:
    @pytest.mark.parametrize("lost", [DROP, answer(503), answer(504)], ids=["dropped", "503", "504"])
    def test_gone_after_a_lost_answer_is_done(self, engine: Engine, lost: Any) -> None:
        with ScriptedServer(lost, GONE) as server:
            assert engine(delete, api_url=server.url, retry=QUICK) is None
        assert len(server.received) == 2

    @pytest.mark.parametrize("before", [(), (answer(429, retry_after="0"),)], ids=["at once", "after a refusal"])
    def test_gone_without_doubt_is_an_error(self, engine: Engine, before: tuple[bytes, ...]) -> None:
        with ScriptedServer(*before, GONE) as server, pytest.raises(errors.NotFoundError, match="iTwinNotFound"):
            engine(delete, api_url=server.url, retry=QUICK)

    def test_not_found_by_a_get_is_an_error_in_any_case(self, engine: Engine) -> None:
        with ScriptedServer(answer(503), GONE) as server, pytest.raises(errors.NotFoundError):
            engine(lambda platform: platform.itwins.get("i-1"), api_url=server.url, retry=QUICK)


class TestAnswersOfSuccess:
    @pytest.mark.parametrize("status", [200, 201])
    def test_the_body_counts_where_statuses_are_mixed_up(self, engine: Engine, status: int) -> None:
        for call in (create, update):
            with ScriptedServer(answer(status, example("update-itwin"))) as server:
                assert engine(call, api_url=server.url).display_name == "White River"

    @pytest.mark.parametrize("script", [answer(200, {}), answer(200, b""), DELETED])
    def test_nothing_is_expected_of_a_deletion(self, engine: Engine, script: bytes) -> None:
        with ScriptedServer(script) as server:
            assert engine(delete, api_url=server.url) is None

    @pytest.mark.parametrize("call", [create, update, delete])
    def test_another_success_is_not_taken_for_it(self, engine: Engine, call: Any) -> None:
        script = answer(202, example("update-itwin"))
        with ScriptedServer(script) as server, pytest.raises(errors.ResponseError, match="does not name"):
            engine(call, api_url=server.url)

    @pytest.mark.parametrize("call", [create, update])
    def test_a_missing_body_is_an_error(self, engine: Engine, call: Any) -> None:
        with ScriptedServer(DELETED) as server, pytest.raises(errors.ResponseError, match="is empty"):
            engine(call, api_url=server.url)


class TestCall:
    def test_any_request_goes_out_like_every_call(self, engine: Engine) -> None:
        body = ITwinCreate(display_name="x", class_=ITwinClass.THING, sub_class=ITwinSubClass.ASSET)
        with ScriptedServer(
            answer(429, retry_after="0"), CREATED, answer(200, example("get-itwin")), DELETED
        ) as server:

            def three(platform: Any) -> Any:
                if engine.kind is ITwinPlatform:
                    return [
                        platform.call(create_itwin.request(body=body)).itwin.display_name,
                        platform.call(get_itwin.request(itwin_id="i-1")).itwin.display_name,
                        platform.call(delete_itwin.request(itwin_id="i-1")),
                    ]

                async def run() -> list[Any]:
                    return [
                        (await platform.call(create_itwin.request(body=body))).itwin.display_name,
                        (await platform.call(get_itwin.request(itwin_id="i-1"))).itwin.display_name,
                        await platform.call(delete_itwin.request(itwin_id="i-1")),
                    ]

                return run()

            assert engine(three, api_url=server.url) == ["White River", "White River", None]
        assert [each.method for each in server.received] == ["POST", "POST", "GET", "DELETE"]
        assert {each.headers["authorization"] for each in server.received} == {"Bearer token"}

    def test_a_request_that_is_not_signed_carries_no_token(self, engine: Engine) -> None:
        import attrs

        request = attrs.evolve(get_itwin.request(itwin_id="i-1"), signed=False)
        with ScriptedServer(answer(200, example("get-itwin"))) as server:
            engine(lambda platform: platform.call(request), api_url=server.url)
        assert "authorization" not in server.received[0].headers
        assert server.received[0].headers["accept"] == get_itwin.OPERATION.accept
