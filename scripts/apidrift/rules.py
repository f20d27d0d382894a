"""Rules of the wire axis whose class and effect are always the same: code, class, effect on the shipped SDK.

Those of schemas depend on the direction and stand in schemas.py.
"""

from __future__ import annotations

from typing import Final

from .changes import Level

BREAKING, POTENTIAL, ADDITIVE, DOCS = Level.BREAKING, Level.POTENTIAL, Level.ADDITIVE, Level.DOCS

RULES: Final[dict[str, tuple[Level, str]]] = {
    "api-security-removed-alternative": (BREAKING, "the SDK does not send what is asked for: UnauthorizedError"),
    "request-body-added-required": (BREAKING, "calls without a body are refused"),
    "request-body-became-required": (BREAKING, "calls without a body are refused"),
    "request-body-removed": (BREAKING, "what calls send is ignored or refused"),
    "request-parameter-became-required": (BREAKING, "calls that leave it out are refused"),
    "request-parameter-removed": (BREAKING, "requests go to another path"),
    "api-security-component-changed": (POTENTIAL, "operations that need it are listed with it"),
    "api-security-component-oauth-scope-removed": (POTENTIAL, "a token request that names the scope is refused"),
    "api-security-component-oauth-url-changed": (POTENTIAL, "tokens come from elsewhere"),
    "api-security-component-oauth-flow-removed": (POTENTIAL, "tokens cannot be had in this way any more"),
    "request-body-encoding-changed": (POTENTIAL, "the part is written in another way"),
    "request-parameter-removed-with-deprecation": (POTENTIAL, "it has no effect any more, or is refused"),
    "response-header-became-optional": (POTENTIAL, "the SDK does not read it; other code may"),
    "unclassified": (POTENTIAL, "no rule explains this change: read it"),
    "api-security-added-alternative": (ADDITIVE, "what was sent before is still accepted"),
    "api-security-component-oauth-flow-added": (ADDITIVE, "one more way to get tokens"),
    "api-security-component-oauth-scope-added": (ADDITIVE, "it can be asked for"),
    "api-security-scope-removed": (ADDITIVE, "tokens that were accepted still are"),
    "endpoint-added": (ADDITIVE, "an installed SDK has no call for it"),
    "new-optional-request-parameter": (ADDITIVE, "it can be left out"),
    "request-body-added-optional": (ADDITIVE, "it can be left out"),
    "request-body-became-optional": (ADDITIVE, "nothing is refused that was accepted"),
    "request-parameter-became-optional": (ADDITIVE, "nothing is refused that was accepted"),
    "response-body-added": (ADDITIVE, "the SDK does not read it until it is regenerated"),
    "response-header-added": (ADDITIVE, "the SDK does not need it"),
    "response-header-became-required": (ADDITIVE, "it can be relied on"),
    "server-added": (ADDITIVE, "the SDK takes its host from the environment"),
    "bearer-format-changed": (DOCS, "a hint for people"),
    "description-changed": (DOCS, "documentation only"),
    "ignored-header-added": (DOCS, "OpenAPI ignores it as a parameter"),
    "ignored-header-changed": (DOCS, "OpenAPI ignores it as a parameter"),
    "ignored-header-removed": (DOCS, "OpenAPI ignores it as a parameter"),
    "openapi-version-changed": (DOCS, "the notation, not the API"),
    "path-parameter-renamed": (DOCS, "requests stay the same; generated argument names follow it"),
    "request-parameter-serialization-changed": (DOCS, "no effect on a single value"),
    "response-status-range-changed": (DOCS, "the answer stays the one that the SDK expects"),
    "security-scheme-added": (DOCS, "operations that need it are listed on their own"),
    "security-scheme-removed": (DOCS, "operations that need it are listed on their own"),
    "servers-reordered": (DOCS, "the SDK takes its host from the environment"),
    "tags-changed": (DOCS, "documentation only"),
    "unused-component-added": (DOCS, "no operation uses it"),
    "unused-component-changed": (DOCS, "no operation uses it"),
    "unused-component-removed": (DOCS, "no operation uses it"),
}
