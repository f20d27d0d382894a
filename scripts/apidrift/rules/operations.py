"""The rules of whatever is not inside a schema: operations, parameters, bodies, answers, security, components.

Rules of bodies and answers are milder where they are about errors, webhooks and callbacks: see wire/places.py.
"""

from __future__ import annotations

from typing import Final

from ..changes import Level
from .rule import table

BREAKING, POTENTIAL, ADDITIVE, DOCS = Level.BREAKING, Level.POTENTIAL, Level.ADDITIVE, Level.DOCS

_REFUSED: Final = "calls without a body are refused"
_GONE: Final = "every call raises NotFoundError"
_WORDS: Final = "documentation only"
_HOST: Final = "the SDK takes its host from the environment; check that the environments still match"
_IGNORED: Final = "OpenAPI ignores it as a parameter"
_NAMES: Final = "not part of requests or answers; generated names follow it"
_UNUSED: Final = "no operation uses it"
_LISTED: Final = "operations that need it are listed on their own"
_SCHEME: Final = "the SDK does not send what is asked for: UnauthorizedError"
_FREE: Final = "nothing is refused that was accepted"
_NOT_USED: Final = "the SDK does not use it"

_PROSE: Final = (
    ("description", "a description"), ("title", "a title"), ("summary", "a summary"), ("example", "an example"),
    ("examples", "examples"), ("external-docs", "a link to documentation"), ("comment", "a comment"),
    ("schema", "the dialect of a schema"), ("id", "the identifier of a schema"), ("anchor", "an anchor"),
    ("extension", "an extension"), ("defs", "what a schema keeps for its references"),
    ("info", "what the definition says about itself"),
)  # fmt: skip

OPERATIONS: Final = (
    *table(
        BREAKING,
        ("api-removed-with-deprecation", "a deprecated operation is gone", _GONE),
        ("api-removed-without-deprecation", "an operation is gone", _GONE),
        ("api-security-added-other", "an open operation needs something else than a bearer token", _SCHEME),
        ("api-security-all-alternatives-removed", "no way to sign in is left that was there", _SCHEME),
        ("api-security-other-authorization-server", "tokens of another authorization server are needed",
         "tokens that the SDK gets are refused: UnauthorizedError"),
        ("new-required-request-parameter", "a required parameter joined", "calls do not send it and are refused"),
        ("path-parameters-swapped", "path parameters changed places",
         "requests mean something else: each value stands where another is expected"),
        ("request-body-added-required", "a required body joined", _REFUSED),
        ("request-body-became-required", "a body is required", _REFUSED),
        ("request-body-media-type-changed", "a media type took the place of another", "the SDK sends the old one"),
        ("request-body-media-type-removed", "a media type is gone", "the SDK may send it"),
        ("request-body-removed", "a body is gone", "what calls send is ignored or refused"),
        ("request-parameter-became-required", "a parameter is required", "calls that leave it out are refused"),
        ("request-parameter-media-type-changed", "a parameter is written as another media type",
         "the value is written in another way"),
        ("request-parameter-media-type-removed", "a media type of a parameter is gone", "the SDK may send it"),
        ("request-parameter-moved", "a parameter is sent elsewhere",
         "a call that sends it in the old place is refused or has no effect"),
        ("request-parameter-renamed", "a parameter has another name",
         "a call that sends it under the old name is refused or has no effect"),
        ("request-path-parameter-removed", "a path parameter is gone", "requests go to another path"),
        ("request-parameter-serialization-changed", "a parameter is written in another way",
         "the value is written into the request in another way"),
        ("response-body-removed", "an answer has no body any more", "an answer without a body raises ResponseError"),
        ("response-media-type-changed", "a media type took the place of another",
         "the SDK asks for the old one in Accept and would be refused or misread the answer"),
        ("response-media-type-removed", "a media type is gone", "the SDK asks for it in Accept"),
        ("response-success-status-removed", "a success is gone", "a success with another status raises ResponseError"),
        ("spec-removed", "a definition is gone", "its operations and its package are gone"),
    ),
    *table(
        POTENTIAL,
        ("api-security-added", "an open operation needs a bearer token",
         "the SDK sends a token with every call; whether it is enough depends on its rights"),
        ("api-security-component-changed", "a security scheme is another one",
         "operations that need it are listed with it"),
        ("api-security-component-oauth-flow-removed", "a way to get tokens is gone",
         "tokens cannot be had in this way any more"),
        ("api-security-component-oauth-scope-removed", "a scope is gone",
         "a token request that names the scope is refused"),
        ("api-security-component-oauth-url-changed", "tokens come from another place", "tokens come from elsewhere"),
        ("api-security-removed-alternative", "a way to sign in is gone",
         "another way to sign in is needed, unless a bearer token is still accepted"),
        ("api-security-scope-added", "a scope is needed", "tokens without it get PermissionDeniedError"),
        ("callback-removed", "a callback is gone", "the SDK does not use it; other code may"),
        ("not-compared", "something leads out of the definition, or cannot be followed",
         "what it leads to may have changed: bundle the definition, or compare it by hand"),
        ("request-body-encoding-changed", "a part of a body is written in another way",
         "the part is written in another way"),
        ("request-parameter-flag-refused", "a parameter allows fewer characters, or no empty value",
         "characters that were accepted are refused"),
        ("request-parameter-removed", "a parameter is gone", "it has no effect any more, or is refused"),
        ("request-parameter-removed-with-deprecation", "a deprecated parameter is gone",
         "it has no effect any more, or is refused"),
        ("response-default-removed", "the answer for all other statuses is gone",
         "nothing describes the other statuses any more; they still raise the error of their status"),
        ("response-header-became-optional", "a header is not always sent", "the SDK does not read it; other code may"),
        ("response-link-removed", "a link is gone", "the SDK does not use it; other code may"),
        ("response-media-type-widened", "an answer may have other media types than the one that was there",
         "the SDK goes on asking for the one that it knows; other code may get another one"),
        ("response-status-added", "an informational answer or a redirect joined",
         "the SDK follows redirects to trusted hosts only"),
        ("response-status-removed", "an informational answer or a redirect is gone",
         "nothing describes it any more; it still raises the error of its status"),
        ("response-success-status-added", "a success joined",
         "an answer with this status is not what the SDK expects of the call"),
        ("optional-response-header-removed", "an optional header is gone", "the SDK does not read it; other code may"),
        ("required-response-header-removed", "a header is gone", "the SDK does not read it; other code may"),
        ("server-removed", "a server is gone", _HOST),
        ("server-url-changed", "a server has another URL", _HOST),
        ("unclassified", "something that no rule explains", "no rule explains this change: read it"),
        ("webhook-removed", "a webhook is gone", "the SDK does not use it; other code may"),
    ),
    *table(
        ADDITIVE,
        ("api-security-added-alternative", "one more way to sign in", "what was sent before is still accepted"),
        ("api-security-component-oauth-flow-added", "one more way to get tokens", "one more way to get tokens"),
        ("api-security-component-oauth-scope-added", "a scope joined", "it can be asked for"),
        ("api-security-removed", "an operation is open", "the token that the SDK sends is not needed"),
        ("api-security-scope-removed", "a scope is not needed any more", "tokens that were accepted still are"),
        ("callback-added", "a callback joined", _NOT_USED),
        ("endpoint-added", "an operation joined", "an installed SDK has no call for it"),
        ("new-optional-request-parameter", "an optional parameter joined", "it can be left out"),
        ("request-body-added-optional", "an optional body joined", "it can be left out"),
        ("request-body-became-optional", "a body is optional", _FREE),
        ("request-body-media-type-added", "a media type joined", "the SDK goes on with the one that it knows"),
        ("request-body-media-type-widened", "a range of media types took the place of one", _FREE),
        ("request-parameter-became-optional", "a parameter is optional", _FREE),
        ("request-parameter-flag-allowed", "a parameter allows more characters, or an empty value", _FREE),
        ("request-parameter-media-type-added", "a media type of a parameter joined",
         "the SDK goes on with the one that it knows"),
        ("request-parameter-media-type-widened", "a range of media types took the place of one", _FREE),
        ("response-body-added", "an answer has a body", "the SDK does not read it until it is regenerated"),
        ("response-header-added", "a header joined", "the SDK does not need it"),
        ("response-header-became-required", "a header is always sent", "it can be relied on"),
        ("response-link-added", "a link joined", _NOT_USED),
        ("response-media-type-added", "a media type joined", "the SDK goes on with the one that it knows"),
        ("response-media-type-specialized", "media types took the place of a range that held them",
         "every new answer is one that was possible before"),
        ("response-non-success-status-added", "an error joined",
         "raises the ApiError of its status, as it did undocumented"),
        ("response-non-success-status-removed", "an error is gone",
         "handlers of this status are not reached any more; it would still raise the error of its status"),
        ("server-added", "a server joined", "the SDK takes its host from the environment"),
        ("spec-added", "a definition joined", "new"),
        ("webhook-added", "a webhook joined", _NOT_USED),
    ),
    *table(
        DOCS,
        *((f"{code}-changed", f"{words} changed", _WORDS) for code, words in _PROSE),
        ("api-operation-id-changed", "an operation has another id", _NAMES),
        ("api-tags-changed", "an operation has other tags", _NAMES),
        ("bearer-format-changed", "the format of tokens has another name", "a hint for people"),
        ("deprecated", "something is deprecated", _WORDS),
        ("endpoint-deprecated", "an operation is deprecated", _WORDS),
        ("endpoint-reactivated", "an operation is no longer deprecated", _WORDS),
        ("ignored-header-added", "a header that OpenAPI ignores joined", _IGNORED),
        ("ignored-header-changed", "a header that OpenAPI ignores changed", _IGNORED),
        ("ignored-header-removed", "a header that OpenAPI ignores is gone", _IGNORED),
        ("openapi-version-changed", "another version of OpenAPI", "the notation, not the API"),
        ("path-parameter-renamed", "a path parameter has another name",
         "requests stay the same; generated argument names follow it"),
        ("reactivated", "something is no longer deprecated", _WORDS),
        ("request-body-media-type-spelling-changed", "a media type is written in another way", "the same media type"),
        ("request-parameter-media-type-spelling-changed", "a media type is written in another way",
         "the same media type"),
        ("request-parameter-scalar-serialization-changed", "a style that means nothing to one value changed",
         "no effect on a single value"),
        ("response-media-type-spelling-changed", "a media type is written in another way", "the same media type"),
        ("response-status-range-changed", "a range of statuses took the place of one, or the other way round",
         "the answer stays the one that the SDK expects"),
        ("security-scheme-added", "a security scheme joined", _LISTED),
        ("security-scheme-removed", "a security scheme is gone", _LISTED),
        ("servers-reordered", "servers are listed in another order", "the SDK takes its host from the environment"),
        ("tags-changed", "the list of tags changed", _WORDS),
        ("unused-component-added", "a component that nothing uses joined", _UNUSED),
        ("unused-component-changed", "a component that nothing uses changed", _UNUSED),
        ("unused-component-removed", "a component that nothing uses is gone", _UNUSED),
    ),
)  # fmt: skip
