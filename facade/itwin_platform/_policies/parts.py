"""Authentication and options of a repository: as they are given, and merged with what is there.

The platform replaces each of them as a whole. A merge is done here, in the way of a JSON merge patch (RFC 7386). They
contain secrets, so errors are raised where frames hold only models, which mask them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar, cast

from attrs import evolve

from itwin_platform_api.itwins.models import (
    ApiKeyAuthentication,
    BasicAuthentication,
    GISGeneralOptions,
    GISUrlTemplateOptions,
    OAuth2AuthCodePKCEAuthentication,
    OtherAuthentication,
    OtherOptions,
    Repository,
    RepositoryUpdate,
)
from itwin_platform_api.runtime import UNCHANGED, Model, Unchanged

Authentication: TypeAlias = (
    ApiKeyAuthentication | BasicAuthentication | OAuth2AuthCodePKCEAuthentication | OtherAuthentication
)
Options: TypeAlias = GISGeneralOptions | GISUrlTemplateOptions | OtherOptions

N = TypeVar("N", None, Unchanged, Unchanged | None)


def authentication_of(value: Authentication | Mapping[str, object] | N) -> Authentication | N:
    """How to authenticate, as a model; None and UNCHANGED stay.

    Raises:
        ValueError: It cannot be read.
    """
    if not isinstance(value, Mapping):
        return value
    found = _read("authentication", cast(Mapping[str, Any], value))
    del value
    if isinstance(found, str):
        raise ValueError(found)  # noqa: TRY004 (the text says what cannot be read)
    return cast(Authentication, found.authentication)


def options_of(value: Options | Mapping[str, object] | N) -> Options | N:
    """Options, as a model; None and UNCHANGED stay.

    Raises:
        ValueError: They cannot be read.
    """
    if not isinstance(value, Mapping):
        return value
    found = _read("options", cast(Mapping[str, Any], value))
    del value
    if isinstance(found, str):
        raise ValueError(found)  # noqa: TRY004 (the text says what cannot be read)
    return cast(Options, found.options)


def check_whole(authentication: object) -> None:
    """Raise ValueError if an authentication of a type that is known lacks what belongs to it."""
    from itwin_platform_api.itwins.models import RepositoryAuthenticationType

    if not isinstance(authentication, OtherAuthentication):
        return
    type_ = authentication.type_
    if type_ is None:
        raise ValueError("authentication has no type")
    if RepositoryAuthenticationType(type_).is_known:
        raise ValueError(f"authentication lacks a property of its type, {type_}, or has one in another form")


def merged(changes: RepositoryUpdate, there: Repository) -> RepositoryUpdate:
    """Changes of a repository whose parts are added to what is there."""
    return evolve(
        changes,
        authentication=_merged_authentication(changes.authentication, there.authentication),
        options=_merged_options(changes.options, there.options),
    )


def _merged_authentication(
    given: Authentication | Unchanged | None, there: Authentication | None
) -> Authentication | Unchanged | None:
    if given is None or given is UNCHANGED or there is None:
        return given
    both = authentication_of(_patched(there, given))
    # What another kind of authentication needs is not mixed with what this one has needed.
    return both if type(both) is type(there) else authentication_of(given.to_dict())


def _merged_options(given: Options | Unchanged | None, there: Options | None) -> Options | Unchanged | None:
    if given is None or given is UNCHANGED or there is None:
        return given
    return options_of(_patched(there, given))


def _patched(there: Model, given: Model) -> dict[str, Any]:
    return _patch(there.to_dict(), given.to_dict())


def _patch(there: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """One object changed by another: null removes, and objects inside are changed in the same way."""
    result = dict(there)
    for name, value in given.items():
        before = result.get(name)
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(before, Mapping):
            result[name] = _patch(cast(Mapping[str, Any], before), cast(Mapping[str, Any], value))
        else:
            result[name] = value
    return result


def _read(name: str, value: Mapping[str, Any]) -> RepositoryUpdate | str:
    """A change with this one part in it, or what is wrong with the part."""
    try:
        return RepositoryUpdate.from_dict({name: dict(value)})
    except ValueError as error:
        return str(error)
