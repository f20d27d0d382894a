"""What the platform's answers consist of. Each class is loaded when it is first used.

All but `Bucket` are generated from the specifications. They compare, copy and pickle; `to_dict()` gives the JSON form
and `from_dict()` reads it; properties that the documentation does not know are in `additional_properties`. What is
absent or null is None. Secrets are masked in `repr()` and otherwise plain values.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itwin_platform_api.itwins.models import (
        ApiKeyAuthentication,
        BasicAuthentication,
        GISGeneralOptions,
        GISGeneralOptionsQueryParameters,
        GISUrlTemplateOptions,
        GISUrlTemplateOptionsQueryParameters,
        GraphicsCapability,
        ITwin,
        ITwinClass,
        ITwinImage,
        ITwinStatus,
        ITwinSubClass,
        OAuth2AuthCodePKCEAuthentication,
        OtherAuthentication,
        OtherOptions,
        Repository,
        RepositoryAuthenticationType,
        RepositoryCapabilities,
        RepositoryClass,
        RepositorySubClass,
        Resource,
        ResourceCapabilities,
        ResourceClass,
        ResourcesCapability,
        ResourceSubClass,
    )

    from ._bucket import Bucket

__all__ = [
    "ApiKeyAuthentication",
    "BasicAuthentication",
    "Bucket",
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
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "itwin_platform._bucket" if name == "Bucket" else "itwin_platform_api.itwins.models"
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
