"""A report for programs (JSON)."""

from __future__ import annotations

import json

from ..changes import Axis
from ..compare import Report


def as_json(report: Report) -> str:
    """The report for programs: sorted, without times, the same bytes for the same comparison."""
    changes = sorted(report.changes, key=lambda change: (change.sort_key, change.id))
    data = {
        "schema": 1,
        "verdict": {**{axis.value: report.verdict(axis) for axis in Axis}, "overall": report.verdict()},
        **({"notes": list(report.notes)} if report.notes else {}),
        "changes": [
            {
                "id": each.id,
                "axis": each.axis,
                "class": each.level,
                "code": each.code,
                "where": each.where,
                "detail": each.detail,
                "effect": each.effect,
                "operations": list(each.operations),
                **({"waived": each.waived} if each.waived else {}),
            }
            for each in changes
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=True, sort_keys=False) + "\n"
