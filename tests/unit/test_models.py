"""The generated models, as a user meets them."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import typing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import attrs
import pytest
from codegen.facade_models import BY_HAND
from hypothesis import given
from hypothesis import strategies as st

from itwin_platform import models
from itwin_platform.models import (
    ApiKeyAuthentication,
    BasicAuthentication,
    GISGeneralOptions,
    GISUrlTemplateOptions,
    ITwin,
    ITwinClass,
    ITwinCreate,
    ITwinImage,
    OAuth2AuthCodePKCEAuthentication,
    OtherAuthentication,
    OtherOptions,
    Repository,
    Resource,
)
from itwin_platform_api.reading import BodyError, date_time, integer, number
from itwin_platform_api.reality_analysis.models import BucketResponse, DetailedErrorResponse
from itwin_platform_api.writing import mask_query
from tests.support.calls import endpoints
from tests.support.examples import example

SAMPLES: list[tuple[type[Any], Any]] = [
    (Repository, example("get-repository")["repository"]),
    (Resource, example("get-repository-resource")["resource"]),
    (ITwinImage, example("get-itwin-image")["image"]),
    (BucketResponse, example("reality-analysis/buckets-get")),
    (DetailedErrorResponse, example("reality-analysis/buckets-get", 400)),
]


@pytest.mark.parametrize(("model", "sample"), SAMPLES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_documented_example_survives_a_round_trip(model: type[Any], sample: Any) -> None:
    parsed = model.from_dict(sample)
    assert parsed.to_dict() == sample
    assert model.from_dict(parsed.to_dict()) == parsed
    assert pickle.loads(pickle.dumps(parsed)) == parsed
    assert copy.deepcopy(parsed) == parsed
    assert copy.deepcopy(parsed) is not parsed


def test_an_itwin_has_python_types() -> None:
    itwin = ITwin.from_dict(example("get-itwin")["iTwin"])
    assert itwin.display_name == "White River"
    assert itwin.class_ is ITwinClass.ENDEAVOR
    assert itwin.latitude == 40.028
    # Seven fractional digits; the last is beyond what a datetime can hold.
    assert itwin.created_date_time == datetime(2016, 1, 18, 21, 3, 0, 370465, tzinfo=UTC)
    assert itwin.to_dict()["createdDateTime"] == "2016-01-18T21:03:00.370465Z"
    assert ITwin.from_dict(itwin.to_dict()) == itwin


@pytest.mark.parametrize("unwanted", [None, "absent"])
def test_absent_and_null_both_read_as_none(unwanted: str | None) -> None:
    sample = dict(example("get-itwin")["iTwin"])
    for name in ("type", "status", "latitude", "createdDateTime", "class"):
        if unwanted is None:
            sample[name] = None
        else:
            del sample[name]
    itwin = ITwin.from_dict(sample)
    assert (itwin.type_, itwin.status, itwin.latitude, itwin.created_date_time, itwin.class_) == (None,) * 5
    assert "type" not in itwin.to_dict()


def test_unknown_properties_are_kept_and_written_back() -> None:
    sample = {**example("get-repository-resource")["resource"], "extent": {"a": [1, {"b": None}]}}
    resource = Resource.from_dict(sample)
    assert resource.additional_properties == {"extent": {"a": [1, {"b": None}]}}
    assert "extent" in resource
    assert resource["extent"] == {"a": [1, {"b": None}]}
    assert resource.to_dict() == sample


def test_a_property_that_is_an_attribute_is_no_item() -> None:
    resource = Resource.from_dict({**example("get-repository-resource")["resource"], "extent": 1})
    for use in (
        lambda: resource["displayName"],
        lambda: resource["display_name"],
        lambda: resource.__delitem__("displayName"),
        lambda: resource.__setitem__("displayName", "x"),
    ):
        with pytest.raises(
            KeyError, match=r"(displayName|display_name) is an attribute of Resource: use \.display_name"
        ):
            use()
    with pytest.raises(KeyError, match=r"^'nothing'$"):
        resource["nothing"]
    resource["extent"] = 2
    del resource["extent"]
    assert resource.additional_keys == []


class TestOpenEnums:
    def test_a_known_value_is_its_member_and_its_string(self) -> None:
        assert ITwinClass("Thing") is ITwinClass.THING
        assert ITwinClass("Thing") == "Thing"
        assert ITwinClass.THING.is_known
        assert f"{ITwinClass.THING}" == "Thing"

    @given(st.text() | st.sampled_from(["", "name", "value", "mro", "__class__", "THING", "_value_"]))
    def test_an_unknown_value_keeps_its_string(self, text: str) -> None:
        value = ITwinClass(text)
        assert value == text
        assert hash(value) == hash(text)
        assert value.value == text
        assert str(value) == text
        assert value.is_known == (text in {"Account", "Thing", "Endeavor"})
        for twin in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
            assert twin == value
            assert isinstance(twin, ITwinClass)

    def test_unknown_values_are_no_members(self) -> None:
        ITwinClass("Future")
        assert "Future" not in [member.value for member in ITwinClass]

    def test_an_unknown_value_survives_the_model(self) -> None:
        sample = {"id": "1", "displayName": "x", "class": "Cesium", "subClass": "Future"}
        itwin = ITwin.from_dict(sample)
        assert itwin.class_ == "Cesium"
        assert itwin.to_dict() == sample


OAUTH2 = {
    "type": "OAuth2AuthorizationCodePKCE",
    "clientId": "c",
    "scopes": "s",
    "authorizationEndpoint": "https://a.example/authorize",
    "tokenEndpoint": "https://a.example/token",
    "redirectUri": "https://b.example/",
}


class TestUnions:
    @pytest.mark.parametrize(
        ("authentication", "kind"),
        [
            ({"type": "Header", "key": "k", "value": "v"}, ApiKeyAuthentication),
            ({"type": "QueryParameter", "key": "k", "value": "v"}, ApiKeyAuthentication),
            ({"type": "Basic", "username": "u", "password": "p"}, BasicAuthentication),
            (OAUTH2, OAuth2AuthCodePKCEAuthentication),
            # One that lacks what the definition requires is kept whole all the same.
            ({"type": "OAuth2AuthorizationCodePKCE", "clientId": "c"}, OtherAuthentication),
            ({"type": "Mutual", "certificate": {"pem": "x"}}, OtherAuthentication),
            ({"type": "Header", "key": 7}, OtherAuthentication),
            ({"type": ["Header"]}, OtherAuthentication),
            ({"key": "k", "value": "v"}, OtherAuthentication),
            ({}, OtherAuthentication),
        ],
    )
    def test_authentication_goes_by_its_type_and_loses_nothing(self, authentication: Any, kind: type[Any]) -> None:
        if kind is OtherAuthentication and isinstance(authentication.get("type"), list):
            with pytest.raises(BodyError, match=r"authentication\.type is a list"):
                Repository.from_dict({"id": "1", "authentication": authentication})
            return
        repository = Repository.from_dict({"id": "1", "authentication": authentication})
        assert type(repository.authentication) is kind
        assert repository.to_dict()["authentication"] == authentication

    @pytest.mark.parametrize(
        ("options", "kind"),
        [
            ({"queryParameters": {"a": "1"}, "minimumLevel": 1, "maximumLevel": 2}, GISUrlTemplateOptions),
            ({"minimumLevel": 1, "maximumLevel": 2}, GISUrlTemplateOptions),
            # One that lacks what the definition requires is kept whole all the same.
            ({"minimumLevel": 1}, OtherOptions),
            ({"maximumLevel": 2, "queryParameters": {}}, GISGeneralOptions),
            ({"queryParameters": {"a": "1"}}, GISGeneralOptions),
            ({"queryParameters": {"a": "1"}, "tilingScheme": "x"}, GISGeneralOptions),
            ({"tilingScheme": "x"}, OtherOptions),
            ({"minimumLevel": "low"}, OtherOptions),
            ({}, OtherOptions),
        ],
    )
    def test_options_go_by_their_shape_and_lose_nothing(self, options: Any, kind: type[Any]) -> None:
        repository = Repository.from_dict({"id": "1", "options": options})
        assert type(repository.options) is kind
        assert repository.to_dict()["options"] == options


class TestBodiesThatAreNotWhatTheSpecificationSays:
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({}, "id is missing"),
            ({"id": 5}, "id is a number, not a string"),
            ({"id": "1", "uri": ["secret-value"]}, "uri is a list, not a string"),
            ({"id": "1", "capabilities": {"resources": {"uri": True}}}, "capabilities.resources.uri is a boolean"),
            ({"id": "1", "class": {"a": 1}}, "class cannot be read"),
            ({"id": "1", "subClass": 5}, "subClass cannot be read"),
            ({"id": "1", "options": "secret-value"}, "options is a string, not an object"),
            ([["id", "1"]], "the body is a list, not an object"),
            (None, "the body is null, not an object"),
            ("secret-value", "the body is a string, not an object"),
        ],
    )
    def test_the_error_names_the_place_and_never_the_value(self, body: Any, message: str) -> None:
        with pytest.raises(BodyError) as caught:
            Repository.from_dict(body)
        assert str(caught.value).startswith(message)
        assert "secret-value" not in str(caught.value)
        assert caught.value.__context__ is None  # a traceback would show what it holds

    def test_items_of_lists_are_named_by_their_number(self) -> None:
        body = {"error": {"code": "a", "message": "b", "details": [{"code": "a", "message": "b"}, {"code": "c"}]}}
        with pytest.raises(BodyError, match=r"^error\.details\[1\]\.message is missing$"):
            DetailedErrorResponse.from_dict(body)


class TestDateTimes:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2018-11-08T20:11:00.3304633Z", datetime(2018, 11, 8, 20, 11, 0, 330463, tzinfo=UTC)),
            ("2018-11-08T20:11:00Z", datetime(2018, 11, 8, 20, 11, tzinfo=UTC)),
            ("2018-11-08T20:11:00", datetime(2018, 11, 8, 20, 11, tzinfo=UTC)),
            ("2018-11-08T20:11:00+05:30", datetime(2018, 11, 8, 14, 41, tzinfo=UTC)),
            ("2018-11-08T24:00:00Z", datetime(2018, 11, 9, tzinfo=UTC)),
            ("20181108T201100Z", datetime(2018, 11, 8, 20, 11, tzinfo=UTC)),
        ],
    )
    def test_every_form_of_iso_8601_is_read_and_is_aware(self, text: str, expected: datetime) -> None:
        assert date_time(text) == expected
        assert date_time(text).tzinfo is not None

    @pytest.mark.parametrize("value", ["", "soon", "2018-13-01T00:00:00Z", "99999999999999", 5, ["2018"]])
    def test_anything_else_is_refused_without_being_quoted(self, value: object) -> None:
        with pytest.raises(BodyError) as caught:
            date_time(value)
        assert str(value) not in str(caught.value) or value == ""

    @given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
    def test_what_is_written_reads_as_the_same_moment(self, moment: datetime) -> None:
        if moment.utcoffset() != timedelta(
            seconds=round((moment.utcoffset() or timedelta()).total_seconds() / 60) * 60
        ):
            return  # offsets with seconds are history, and no JSON form for them is agreed on
        itwin = ITwin(id="1", display_name="x", created_date_time=moment)
        assert ITwin.from_dict(itwin.to_dict()).created_date_time == moment.astimezone(UTC)


def test_numbers_are_read_as_json_means_them() -> None:
    assert integer(3.0) == 3
    assert number(3) == 3
    for wrong in (True, "3", 3.5):
        with pytest.raises(BodyError):
            integer(wrong)
    with pytest.raises(BodyError):
        number(False)


class TestSecretsInReprs:
    def test_keys_passwords_and_signatures_are_masked(self) -> None:
        texts = [
            repr(Repository.from_dict(example("get-repository")["repository"])),
            repr(BasicAuthentication.from_dict({"type": "Basic", "username": "u", "password": "pass-word"})),
            repr(ITwinImage.from_dict(example("get-itwin-image")["image"])),
            repr(ITwin.from_dict(example("get-itwin")["iTwin"])),
            repr(BucketResponse.from_dict(example("reality-analysis/buckets-get"))),
            repr(OtherAuthentication.from_dict({"type": "New", "token": "new-secret"})),
        ]
        for secret in ("mySecretApiKey", "1.5.1", "pass-word", "cuvNWKQE7", "lcZwOxuEkd", "**removed**", "new-secret"):
            assert not [text for text in texts if secret in text]
        assert "crdeveussa01.blob.core.windows.net/context-thumbnails/" in texts[2]
        assert "X-Api-Key" in texts[0]

    def test_the_values_themselves_stay_reachable(self) -> None:
        repository = Repository.from_dict(example("get-repository")["repository"])
        assert isinstance(repository.authentication, ApiKeyAuthentication)
        assert repository.authentication.value == "mySecretApiKey"

    @given(st.text(alphabet="abcdef0123456789%+/=", min_size=8), st.sampled_from(["sig", "x", "token"]))
    def test_no_value_in_a_query_is_shown(self, secret: str, name: str) -> None:
        masked = mask_query(f"https://user:{quote(secret, safe='')}@host.example/path?{name}={secret}&b#{secret}")
        assert secret not in masked.replace("host.example/path", "")

    @pytest.mark.parametrize(
        "url", ["", "http://[", "not a url", "?sig=abcdefgh", "//h?sig=abcdefgh", "sig=a\nb?sig=abcdefgh"]
    )
    def test_odd_urls_are_no_exception(self, url: str) -> None:
        assert "abcdefgh" not in mask_query(url)


def test_every_public_model_is_listed_and_loads() -> None:
    for name in models.__all__:
        assert getattr(models, name).__name__ == name
    assert dir(models) == models.__all__
    with pytest.raises(AttributeError, match="Repo"):
        _ = models.Repo


def classes_in(hint: Any) -> set[type[Any]]:
    """The models and enums that a type consists of."""
    found = {each for part in typing.get_args(hint) for each in classes_in(part)}
    is_ours = isinstance(hint, type) and hint.__module__.startswith("itwin_platform_api.itwins.models")
    return found | ({hint} if is_ours else set())


def classes_of(model: type[Any]) -> set[type[Any]]:
    """Those that the properties of a model lead to; links are for the client alone."""
    hints = typing.get_type_hints(model) if attrs.has(model) else {}
    return {each for name, hint in hints.items() if name != "links" for each in classes_in(hint)}


def test_what_answers_and_bodies_lead_to_is_public_and_nothing_else() -> None:
    found: set[type[Any]] = set()
    waiting: set[type[Any]] = set()
    for (api, _), module in endpoints().items():
        if api == "itwins":
            hints = typing.get_type_hints(module.request)
            waiting |= {each for answer in classes_in(hints.pop("return")) for each in classes_of(answer)}
            waiting |= classes_in(hints.get("body"))
    while waiting:
        found.add(model := waiting.pop())
        waiting |= classes_of(model) - found
    assert {each.__name__ for each in found} == set(models.__all__) - set(BY_HAND)


UNKNOWN = {"id": "i-1", "displayName": "Bridge", "newProperty": {"a": 1}}


def test_a_changed_copy_keeps_what_is_not_documented() -> None:

    original = ITwin.from_dict(UNKNOWN)
    changed = [attrs.evolve(original, display_name="Tunnel"), original.__replace__(display_name="Tunnel")]
    if sys.version_info >= (3, 13):
        changed.append(copy.replace(original, display_name="Tunnel"))
    for twin in changed:
        assert twin.to_dict() == {**UNKNOWN, "displayName": "Tunnel"}
        twin["newProperty"] = 2
    assert original.to_dict() == UNKNOWN
    created = ITwinCreate(models.ITwinClass("Endeavor"), models.ITwinSubClass("Project"), "Bridge")
    assert created.to_dict()["displayName"] == "Bridge"


@pytest.mark.parametrize("use", [dict, list, set, iter])
def test_a_model_that_is_taken_for_a_mapping_says_what_to_use(use: Any) -> None:
    with pytest.raises(TypeError, match=r"ITwin\.to_dict\(\)"):
        use(ITwin.from_dict(UNKNOWN))


def test_a_notebook_shows_a_table_without_secrets() -> None:
    body = {
        "id": "<b>1</b>",
        "class": "GIS",
        "uri": "https://a.example/?sig=MARK",
        "authentication": {"type": "Basic", "username": "u", "password": "MARK"},
        "unknown": "MARK",
    }
    shown = Repository.from_dict(body)._repr_html_()
    assert "MARK" not in shown
    assert "&lt;b&gt;1&lt;/b&gt;" in shown
    assert "<b>" not in shown
    assert "a.example" in shown


@pytest.mark.parametrize("empty", [None, {}, {"graphics": None}])
def test_an_optional_part_that_is_empty_does_not_fail_the_whole(empty: object) -> None:
    resource = Resource.from_dict({"id": "1", "displayName": "x", "capabilities": empty})
    assert resource.capabilities is None


def test_an_optional_part_of_another_kind_is_kept_and_does_not_fail_the_whole() -> None:
    body = {"id": "1", "displayName": "x", "capabilities": {"other": {"uri": "u"}, "graphics": None}}
    resource = Resource.from_dict(body)
    assert resource.capabilities is None
    assert resource["capabilities"] == body["capabilities"]
    assert Resource.from_dict(resource.to_dict()).to_dict() == resource.to_dict() == body


def test_an_optional_part_of_the_documented_kind_must_be_whole() -> None:
    body = {"id": "1", "displayName": "x", "capabilities": {"graphics": "no object"}}
    with pytest.raises(BodyError, match=r"^capabilities\.graphics is a string, not an object$"):
        Resource.from_dict(body)
    with pytest.raises(BodyError, match=r"^displayName is missing$"):
        Resource.from_dict({"id": "1", "capabilities": {"other": {}}})


def test_a_leap_second_is_the_second_after_it() -> None:
    body = {"id": "1", "displayName": "x", "createdDateTime": "2016-12-31T23:59:60.5Z"}
    assert ITwin.from_dict(body).created_date_time == datetime(2017, 1, 1, 0, 0, 0, 500_000, UTC)
    with pytest.raises(BodyError, match="createdDateTime is not a date-time"):
        ITwin.from_dict({**body, "createdDateTime": "9999-12-31T23:59:60Z"})


def test_importing_one_endpoint_loads_only_the_models_it_needs() -> None:
    code = (
        "import sys, itwin_platform; "
        "assert not [m for m in sys.modules if m.startswith('itwin_platform_api')], 'models at import'; "
        "from itwin_platform_api.itwins.api.images import get_itwin_image; "
        "print(*sorted(m.rpartition('.')[2] for m in sys.modules if '.models.' in m))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["itwin_image_response"]
