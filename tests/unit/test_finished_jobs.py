"""Jobs that have ended: where their outputs are, and what is said of those that failed."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itwin_platform import errors
from itwin_platform._policies.finished_jobs import Output, job_error, outputs_of
from itwin_platform_api.reality_analysis.models import Job as AnalysisJob
from itwin_platform_api.reality_analysis.models import JobMessages
from itwin_platform_api.reality_modeling.models import Job as ModelingJob
from tests.support.examples import example

GUIDS = [f"{number:08d}-d0cc-4bb3-a261-fdc17b598464" for number in range(4)]


def job(outputs: Any, **properties: Any) -> ModelingJob:
    documented = example("reality-modeling/jobs-get")["job"]
    specifications = {"inputs": {"scene": GUIDS[3]}, "outputs": outputs, "options": {"preset": GUIDS[3]}}
    return ModelingJob.from_dict({**documented, "state": "Success", "specifications": specifications, **properties})


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ({"scene": "rd-1", "report": "bkt:r/5b0c"}, [Output("scene", "rd-1"), Output("report", path="r/5b0c")]),
        ({"scene": None, "report": "bkt:/a/b/"}, [Output("report", path="a/b")]),
        (
            {
                "modelingReference": {"location": GUIDS[0]},
                "exports": [
                    {"format": "3DTiles", "location": GUIDS[1], "options": {"srs": GUIDS[3]}},
                    {"format": "OBJ", "location": "bkt:exports/obj"},
                    {"format": "OBJ", "location": GUIDS[2]},
                    {"format": "LAS", "location": None},
                ],
            },
            [
                Output("modelingReference", GUIDS[0]),
                Output("exports/3DTiles", GUIDS[1]),
                Output("exports/OBJ", path="exports/obj"),
                Output("exports/OBJ-2", GUIDS[2]),
            ],
        ),
        ({"lists": [GUIDS[0], "bkt:x"]}, [Output("lists/1", GUIDS[0]), Output("lists/2", path="x")]),
        ({"in": {"depth": {"scene": GUIDS[0], "format": "OPC"}}}, [Output("in/depth/scene", GUIDS[0])]),
        ({"../a b": "rd-1"}, [Output(".._a_b", "rd-1")]),
        (
            {"a/b": "rd-1", "a b": "rd-2", "A_B": "rd-3", "a_b-2": "rd-4"},
            [Output("a_b", "rd-1"), Output("a_b-2", "rd-2"), Output("A_B-3", "rd-3"), Output("a_b-2-2", "rd-4")],
        ),
    ],
    ids=["both", "absent", "nested", "lists", "deep", "names", "alike"],
)
def test_outputs_are_found_wherever_they_are(outputs: Any, expected: list[Output]) -> None:
    assert outputs_of(job(outputs), None) == expected


def test_outputs_are_chosen_by_name() -> None:
    made = job({"scene": "rd-1", "exports": [{"format": each, "location": "bkt:x"} for each in ("OBJ", "LAS")]})
    assert [each.name for each in outputs_of(made, "scene")] == ["scene"]
    assert [each.name for each in outputs_of(made, "exports")] == ["exports/OBJ", "exports/LAS"]
    assert [each.name for each in outputs_of(made, ["exports/LAS", "scene"])] == ["scene", "exports/LAS"]
    for unknown in ("export", "exports/O", ""):
        with pytest.raises(
            errors.StorageNotFoundError, match=r"has no output '.*'; it has scene, exports/OBJ, exports/LAS"
        ):
            outputs_of(made, unknown)


@pytest.mark.parametrize("outputs", [None, {}, ["scene", "report"], {"scene": None}, {"report": "bkt:/"}, "rd-1", 5])
def test_a_job_without_outputs_has_nothing_to_download(outputs: Any) -> None:
    with pytest.raises(errors.StorageError, match="has no outputs that can be downloaded"):
        outputs_of(job(outputs), None)


JSON = st.recursive(
    st.none() | st.booleans() | st.text() | st.sampled_from([*GUIDS, "bkt:a", "bkt:"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(JSON)
@settings(max_examples=50)
def test_whatever_the_outputs_are_each_is_somewhere_and_has_a_folder_of_its_own(outputs: Any) -> None:
    try:
        found = outputs_of(job(outputs), None)
    except errors.StorageError:
        return
    for output in found:
        assert bool(output.reality_data_id) != bool(output.path)
        assert all(output.name.split("/"))
    assert len({output.name.casefold() for output in found}) == len(found)


@pytest.mark.parametrize("state", ["Queued", "Active", "TerminatingOnFailure", "AStateOfTomorrow"])
def test_a_job_that_has_not_ended_has_no_outputs_yet(state: str) -> None:
    active = job({"scene": "rd-1"}, state=state)
    with pytest.raises(
        errors.StorageError, match=rf"has not ended, it is {state}\. Wait for it: .*\.jobs\.wait\('{active.id}'\)$"
    ):
        outputs_of(active, None)


@pytest.mark.parametrize("value", [None, 5, "j-1", {"id": "j-1"}])
def test_what_is_no_job(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^job must be the job or its id, not"):
        outputs_of(value, None)


def messages(*texts: tuple[str, list[str]]) -> JobMessages:
    errors_ = [{"code": "E1", "title": "T", "message": text, "params": params} for text, params in texts]
    return JobMessages.from_dict({"errors": errors_, "warnings": []})


FAILED = AnalysisJob.from_dict(
    {**example("reality-analysis/jobs-get")["job"], "state": "Failed", "name": "North\nslope"}
)


def test_the_error_of_a_job_has_its_messages_filled_in() -> None:
    left = messages(("Photo %1 has %2\nof %3 tags, 5% of %1%%", ["a.jpg", "2"]), ("More", []))
    error = job_error(FAILED, left)
    expected = "failed: E1: Photo a.jpg has 2 of %3 tags, 5% of a.jpg%%; and 1 more, see error.messages."
    assert str(error) == f"Job {FAILED.id} ({FAILED.type_}, 'North slope') {expected}"
    twin = pickle.loads(pickle.dumps(error))
    assert (str(twin), twin.job, twin.messages) == (str(error), FAILED, left)


def test_a_job_without_messages_says_so() -> None:
    assert str(job_error(FAILED, messages())).endswith("failed. It has no messages.")
    why = f"Its messages say why: platform.reality_analysis.jobs.get_messages('{FAILED.id}')"
    assert str(job_error(FAILED, None)).endswith(f"failed. {why}")
    problem = errors.TransportError("The host cannot be reached.", phase="connect")
    assert str(job_error(FAILED, None, problem)).endswith("could not be read: The host cannot be reached.")


def test_a_secret_in_a_message_is_not_shown() -> None:
    error = job_error(FAILED, messages(("GET %1 failed", ["https://a.blob.core.windows.net/c?se=1&sig=MARK"])))
    assert "MARK" not in str(error)


def test_a_cancelled_job_is_an_error_of_its_own() -> None:
    cancelled = job({"scene": "rd-1"}, state="Cancelled")
    with pytest.raises(errors.JobCancelledError, match=r"was cancelled\.$") as raised:
        outputs_of(cancelled, None)
    assert raised.value.job is cancelled
    assert isinstance(raised.value, errors.JobFailedError)
