"""Jobs: filters, types and specifications, for both APIs that have them."""

from __future__ import annotations

import importlib
import re
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itwin_platform._async.groups import analysis_jobs, modeling_jobs
from itwin_platform._policies.jobs import job_filter, job_of
from itwin_platform_api.runtime import Model

GROUPS = {"reality_analysis": analysis_jobs, "reality_modeling": modeling_jobs}
MODELS = {api: importlib.import_module(f"itwin_platform_api.{api}.models") for api in GROUPS}


def write_models(api: str) -> set[type[Model]]:
    """The classes that the definition has for the specifications of new jobs, the one for any type included."""
    return set(typing.get_args(typing.get_type_hints(MODELS[api].JobCreate)["specifications"]))


EVERY: list[tuple[str, type[Model]]] = [
    (api, kind)
    for api in GROUPS
    for kind in sorted(write_models(api) - {MODELS[api].JobSpecifications}, key=lambda each: each.__name__)
]
each_class = pytest.mark.parametrize(("api", "kind"), EVERY, ids=[kind.__name__ for _, kind in EVERY])


def empty(kind: type[Model]) -> Any:
    """Specifications of a class, without anything in them."""
    return kind.__new__(kind)


@pytest.mark.parametrize("api", GROUPS)
def test_the_methods_take_what_the_definition_describes(api: str) -> None:
    assert set(typing.get_args(GROUPS[api].TypedSpecifications)) == write_models(api) - {MODELS[api].JobSpecifications}


@each_class
def test_the_class_of_specifications_tells_the_type(api: str, kind: type[Model]) -> None:
    models = MODELS[api]
    specifications = empty(kind)
    told, sent = job_of(models.JobType, models.JobSpecifications.from_dict, None, specifications)
    assert told.is_known
    assert sent is specifications
    assert job_of(models.JobType, models.JobSpecifications.from_dict, str(told), specifications)[0] == told


@pytest.mark.parametrize("api", GROUPS)
def test_all_types_but_those_without_a_class_are_told(api: str) -> None:
    models = MODELS[api]
    read = models.JobSpecifications.from_dict
    told = {job_of(models.JobType, read, None, empty(kind))[0] for other, kind in EVERY if other == api}
    assert set(models.JobType) - told == ({"TrainingS3D"} if api == "reality_analysis" else set())


@each_class
def test_specifications_of_another_type_or_api_are_refused(api: str, kind: type[Model]) -> None:
    for other, models in MODELS.items():
        with pytest.raises(ValueError, match=r"Some" if other == api else r"a class of this API"):
            job_of(models.JobType, models.JobSpecifications.from_dict, "Some", empty(kind))


@pytest.mark.parametrize("type_", ["Objects2D", "ATypeOfTomorrow"])
def test_what_no_class_describes_passes_whole(type_: str) -> None:
    models = MODELS["reality_analysis"]
    anything = {"inputs": {"photos": "1"}, "outputs": ["X"], "new": [None, {"a": 1.5}]}
    for specifications in (anything, models.JobSpecifications.from_dict(anything)):
        told, sent = job_of(models.JobType, models.JobSpecifications.from_dict, type_, specifications)
        assert (told, sent.to_dict()) == (type_, anything)


@pytest.mark.parametrize(
    ("type_", "specifications", "problem"),
    [
        (None, {"inputs": {}}, "type_ must be given"),
        ("", {"inputs": {}}, "type_ must not be empty"),
        (5, {"inputs": {}}, "type_ must be a string, not int"),
        ("Objects2D", {}, "specifications must not be empty"),
        ("Objects2D", None, "specifications must be"),
        ("Objects2D", "inputs", "specifications must be"),
        ("Objects2D", [("inputs", {})], "specifications must be"),
        # What is read of a job has other outputs than what is asked for.
        ("Objects2D", empty(MODELS["reality_analysis"].Objects2DSpecifications), "specifications must be"),
        (None, empty(MODELS["reality_analysis"].Job), "specifications must be"),
    ],
)
def test_what_makes_no_job(type_: Any, specifications: Any, problem: str) -> None:
    models = MODELS["reality_analysis"]
    with pytest.raises(ValueError, match=problem):
        job_of(models.JobType, models.JobSpecifications.from_dict, type_, specifications)


def test_a_list_of_jobs_needs_one_criterion() -> None:
    assert job_filter("3fa85f64-5717-4562-b3fc-2c963f66afa6", None) == "iTwinId eq 3fa85f64-5717-4562-b3fc-2c963f66afa6"
    assert job_filter(None, "state eq Active") == "state eq Active"
    wrong: list[tuple[Any, Any]] = [(None, None), ("i-1", "state eq Active"), ("i-1", ""), (None, ""), (None, 5)]
    for arguments in wrong:
        with pytest.raises(ValueError, match="filter"):
            job_filter(*arguments)


@given(st.text())
def test_an_id_adds_no_criterion(itwin_id: str) -> None:
    try:
        found = job_filter(itwin_id, None)
    except ValueError:
        return
    assert re.fullmatch(r"iTwinId eq [0-9A-Za-z_.~-]+", found)
    assert found.endswith(itwin_id)
