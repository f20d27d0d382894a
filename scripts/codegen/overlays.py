"""Apply OpenAPI Overlay 1.0 documents to an OpenAPI document: the deviations that generation needs, as data.

The Overlay specification: https://spec.openapis.org/overlay/v1.0.0.html. JSONPath (RFC 9535) is python-jsonpath's.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import jsonpath

from .documents import DocumentError, Json, read_yaml
from .walks import objects


class OverlayError(Exception):
    """An overlay cannot be applied as it is written."""


def load_yaml(path: Path) -> Json:
    """Read an overlay, or the definition that it is for."""
    try:
        return read_yaml(path)
    except DocumentError as error:
        raise OverlayError(str(error)) from None


def prepared(spec: Path) -> Json:
    """A definition with its overlays applied, as the generator takes it."""
    return apply_overlays(without_titles(load_yaml(spec)), overlays_of(spec, spec.parent / "overlays"))


def without_titles(document: Json) -> Json:
    """A copy of a definition without the titles of its schemas, which would become names of classes.

    Titles are for people: several schemas may have the same, and any of them may change. Names come from the keys of
    components, or from the title that an overlay sets.
    """
    result = copy.deepcopy(document)
    for node, _ in objects({key: result.get(key) for key in ("components", "paths")}):
        if isinstance(node.get("title"), str):
            del node["title"]
    return result


def overlays_of(spec: Path, folder: Path) -> list[Path]:
    """The overlays in `folder` that apply to `spec`: those that extend it, and those that extend nothing."""
    found: list[Path] = []
    for path in sorted(folder.glob("*.yaml")):
        extends = load_yaml(path).get("extends")
        if extends is None or Path(str(extends)).name == spec.name:
            found.append(path)
    return found


def apply_overlays(document: Json, overlays: Iterable[Path], problems: list[str] | None = None) -> Json:
    """Return a copy of `document` with the overlays applied in their order.

    Raises OverlayError for an action that cannot be applied. With a list for `problems`, the error is added to it
    instead and the action is skipped.
    """
    result = copy.deepcopy(document)
    for path in overlays:
        overlay = load_yaml(path)
        if not str(overlay.get("overlay", "")).startswith("1.0"):
            raise OverlayError(f"{path.parent.name}/{path.name} is not an Overlay 1.0 document")
        is_general = "extends" not in overlay
        for number, action in enumerate(overlay["actions"], 1):
            try:
                _apply(action, result, may_miss=is_general)
            except (OverlayError, KeyError, jsonpath.JSONPathError) as error:
                problem = f"{path.parent.name}/{path.name}, action {number} ({action.get('target')}): {error}"
                if problems is None:
                    raise OverlayError(problem) from None
                problems.append(problem)
    return result


def _apply(action: Json, document: Json, *, may_miss: bool) -> None:
    """Apply one action. Those of an overlay for all definitions may have nothing to do in one of them."""
    if not action.get("description"):
        raise OverlayError("an action needs a description: the reason for the deviation")
    matches = list(jsonpath.finditer(action["target"], document, strict=True))
    if not matches and not may_miss:
        raise OverlayError(f"matches nothing; {_whereabouts(action['target'], document)}")
    if action.get("remove"):
        # From the end, so that removing an item of a list does not move the ones still to be removed.
        for match in reversed(matches):
            if match.parent is None:
                raise OverlayError("the whole document cannot be removed")
            del cast(Any, match.parent.obj)[match.parts[-1]]
    elif "update" in action:
        for match in matches:
            _update(match, copy.deepcopy(action["update"]))
    else:
        raise OverlayError("an action needs either `update` or `remove`")


def _whereabouts(target: str, document: Json) -> str:
    """What became of the target of an action: how far it still leads, and where nodes of that name are now."""
    steps = _STEP.findall(target.removeprefix("$"))
    for count in range(len(steps) - 1, 0, -1):
        found = list(jsonpath.finditer("$" + "".join(steps[:count]), document, strict=True))
        if found:
            name = steps[count].strip(".[]'\"")
            elsewhere = [str(match.path) for match in jsonpath.finditer(f"$..[{name!r}]", document, strict=True)]
            moved = f"; {name!r} is at {elsewhere[0]} now" if len(elsewhere) == 1 else ""
            keys = [str(key) for match in found[:1] if isinstance(match.obj, dict) for key in match.obj]
            have = f", which has {', '.join(keys[:12])}" if keys else ""
            return f"{steps[count]} is not in ${''.join(steps[:count])}{have}{moved}; review the action or delete it"
    return "the definition has changed; review the action or delete it"


# A step of a JSONPath: a name, or brackets with whatever is in them, strings included.
_STEP = re.compile(r"\.\.?(?:[\w*]+|(?=\[))|\[(?:'[^']*'|\"[^\"]*\"|[^\]'\"])*\]")


def _update(match: jsonpath.JSONPathMatch, update: object) -> None:
    target: object = match.obj
    if isinstance(target, dict) and isinstance(update, dict):
        _merge(cast(Json, target), cast(Json, update))
    elif isinstance(target, list):
        cast(list[object], target).append(update)
    else:
        raise OverlayError("`update` needs an object for an object, or an item for a list")


def _merge(target: Json, update: Json) -> None:
    for key, value in update.items():
        old = target.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(cast(Json, old), cast(Json, value))
        elif isinstance(old, list) and isinstance(value, list):
            cast(list[object], old).extend(cast(list[object], value))
        else:
            target[key] = value
