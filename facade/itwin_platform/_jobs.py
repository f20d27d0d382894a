"""Types of the jobs of both APIs: in errors, and in waits."""

from __future__ import annotations

from typing import TypeAlias

from itwin_platform_api.reality_analysis.models import Job as AnalysisJob
from itwin_platform_api.reality_analysis.models import JobMessages as AnalysisJobMessages
from itwin_platform_api.reality_analysis.models import JobProgress as AnalysisJobProgress
from itwin_platform_api.reality_modeling.models import Job as ModelingJob
from itwin_platform_api.reality_modeling.models import JobMessages as ModelingJobMessages
from itwin_platform_api.reality_modeling.models import JobProgress as ModelingJobProgress

Job: TypeAlias = AnalysisJob | ModelingJob
JobMessages: TypeAlias = AnalysisJobMessages | ModelingJobMessages
JobProgress: TypeAlias = AnalysisJobProgress | ModelingJobProgress


def group_of(job: Job) -> str:
    """The API group of a job, as its methods are called."""
    return f"platform.reality_{'analysis' if isinstance(job, AnalysisJob) else 'modeling'}.jobs"
