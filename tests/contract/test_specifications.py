"""The specifications are valid, their examples are what their schemas say, and the generated code keeps to them."""

import copy
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

import itwin_platform_api
from itwin_platform_api.runtime import Operation
from tests.contract import specs
from tests.contract.specs import Answer, Body
from tests.support.examples import SPECIFICATIONS, operations, operations_in, specification

# Files have no example, and errors beside them another type.
ANSWERS = [
    answer
    for answer in specs.answers()
    if answer.media_type is not None
    and "json" in answer.media_type
    and "json" in operations()[answer.key]["media_type"]
]

each_answer = pytest.mark.parametrize("answer", ANSWERS, ids=str)
each_body = pytest.mark.parametrize("body", list(specs.bodies()), ids=str)


def generated_operations() -> Iterator[tuple[str, Operation[Any]]]:
    """The operation of each generated endpoint module, with API and id."""
    for module in pkgutil.walk_packages(itwin_platform_api.__path__, "itwin_platform_api."):
        if ".api." in module.name and not module.ispkg:
            operation: Operation[Any] = importlib.import_module(module.name).OPERATION
            yield f"{module.name.split('.')[1].replace('_', '-')}/{operation.id}", operation


GENERATED = dict(generated_operations())
each_operation = pytest.mark.parametrize("key", GENERATED)


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_a_specification_is_valid(name: str) -> None:
    validate(specification(name))


def test_the_merged_specification_is_valid_and_has_all_operations() -> None:
    document = specs.merged()
    validate(document)
    assert {operation["operationId"] for _, _, operation in operations_in(document)} == operations().keys()


@each_answer
def test_an_example_is_what_its_schema_says(answer: Answer) -> None:
    problems = [error.message for error in OAS30Validator(answer.schema).iter_errors(answer.example)]
    assert problems == []


def of_another_type(value: Any) -> Any:
    return 0.5 if isinstance(value, str) else "neither an object, a list nor a number"


@each_answer
def test_a_schema_refuses_another_answer(answer: Answer) -> None:
    """Without this, a schema that lets everything pass would look right above."""
    spoilt = copy.deepcopy(answer.example)
    key = next(iter(spoilt))
    spoilt[key] = of_another_type(spoilt[key])
    assert not OAS30Validator(answer.schema).is_valid(spoilt)


@each_body
def test_an_example_of_a_body_is_what_its_schema_says(body: Body) -> None:
    problems = [error.message for error in OAS30Validator(body.schema).iter_errors(body.example)]
    assert problems == []


@each_body
def test_a_schema_refuses_another_body(body: Body) -> None:
    key = next(iter(body.example))
    assert not OAS30Validator(body.schema).is_valid({**body.example, key: of_another_type(body.example[key])})


def test_there_is_generated_code_for_each_operation() -> None:
    assert set(GENERATED) == operations().keys()


@each_operation
def test_an_operation_asks_for_the_media_type_of_its_specification(key: str) -> None:
    assert GENERATED[key].accept == operations()[key]["media_type"]


@each_operation
def test_an_operation_reads_the_successes_of_its_specification(key: str) -> None:
    documented = {answer.status for answer in specs.answers() if answer.key == key and answer.is_success}
    assert GENERATED[key].answers.keys() == documented


@each_answer
def test_errors_have_the_media_type_of_their_operation(answer: Answer) -> None:
    assert answer.media_type == operations()[answer.key]["media_type"]
