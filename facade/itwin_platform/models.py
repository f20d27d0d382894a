"""What the platform's answers consist of. Each class is loaded when it is first used.

All but `Bucket` are generated from the specifications. They compare, copy and pickle; `to_dict()` gives the JSON form
and `from_dict()` reads it; properties that the documentation does not know are in `additional_properties`. What is
absent or null is None. Secrets are masked in `repr()` and otherwise plain values.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itwin_platform_api.itwins.models import ApiKeyAuthentication as ApiKeyAuthentication
    from itwin_platform_api.itwins.models import BasicAuthentication as BasicAuthentication
    from itwin_platform_api.itwins.models import GISGeneralOptions as GISGeneralOptions
    from itwin_platform_api.itwins.models import GISGeneralOptionsQueryParameters as GISGeneralOptionsQueryParameters
    from itwin_platform_api.itwins.models import GISUrlTemplateOptions as GISUrlTemplateOptions
    from itwin_platform_api.itwins.models import (
        GISUrlTemplateOptionsQueryParameters as GISUrlTemplateOptionsQueryParameters,
    )
    from itwin_platform_api.itwins.models import GraphicsCapability as GraphicsCapability
    from itwin_platform_api.itwins.models import ITwin as ITwin
    from itwin_platform_api.itwins.models import ITwinClass as ITwinClass
    from itwin_platform_api.itwins.models import ITwinImage as ITwinImage
    from itwin_platform_api.itwins.models import ITwinStatus as ITwinStatus
    from itwin_platform_api.itwins.models import ITwinSubClass as ITwinSubClass
    from itwin_platform_api.itwins.models import OAuth2AuthCodePKCEAuthentication as OAuth2AuthCodePKCEAuthentication
    from itwin_platform_api.itwins.models import OtherAuthentication as OtherAuthentication
    from itwin_platform_api.itwins.models import OtherOptions as OtherOptions
    from itwin_platform_api.itwins.models import Repository as Repository
    from itwin_platform_api.itwins.models import RepositoryAuthenticationType as RepositoryAuthenticationType
    from itwin_platform_api.itwins.models import RepositoryCapabilities as RepositoryCapabilities
    from itwin_platform_api.itwins.models import RepositoryClass as RepositoryClass
    from itwin_platform_api.itwins.models import RepositorySubClass as RepositorySubClass
    from itwin_platform_api.itwins.models import Resource as Resource
    from itwin_platform_api.itwins.models import ResourceCapabilities as ResourceCapabilities
    from itwin_platform_api.itwins.models import ResourceClass as ResourceClass
    from itwin_platform_api.itwins.models import ResourcesCapability as ResourcesCapability
    from itwin_platform_api.itwins.models import ResourceSubClass as ResourceSubClass

    from ._bucket import Bucket as Bucket

_ITWINS = (
    "ApiKeyAuthentication",
    "BasicAuthentication",
    "GISGeneralOptions",
    "GISGeneralOptionsQueryParameters",
    "GISUrlTemplateOptions",
    "GISUrlTemplateOptionsQueryParameters",
    "GraphicsCapability",
    "ITwin",
    "ITwinClass",
    "ITwinImage",
    "ITwinStatus",
    "ITwinSubClass",
    "OAuth2AuthCodePKCEAuthentication",
    "OtherAuthentication",
    "OtherOptions",
    "Repository",
    "RepositoryAuthenticationType",
    "RepositoryCapabilities",
    "RepositoryClass",
    "RepositorySubClass",
    "Resource",
    "ResourceCapabilities",
    "ResourceClass",
    "ResourceSubClass",
    "ResourcesCapability",
)

_HOMES = {name: "itwin_platform_api.itwins.models" for name in _ITWINS} | {"Bucket": "itwin_platform._bucket"}

__all__ = sorted(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
