"""What the storage refuses, with the codes and in the form of Azure."""

from xml.sax.saxutils import escape

_MESSAGES = {
    "AuthenticationFailed": "Server failed to authenticate the request. Check the signature and the times of the SAS.",
    "AuthorizationPermissionMismatch": "The SAS does not permit this operation.",
    "BlobAlreadyExists": "The specified blob already exists.",
    "BlobNotFound": "The specified blob does not exist.",
    "BlockCountExceedsLimit": "There are too many uncommitted blocks.",
    "BlockListTooLong": "The list has too many blocks.",
    "ConditionNotMet": "The condition in the headers of the request is not met.",
    "ContainerNotFound": "The specified container does not exist.",
    "InsufficientStorage": "The sandbox stores as much as it may; see Sandbox(storage_limit=).",
    "InvalidBlobOrBlock": "The blob or block is invalid: the ids of its blocks differ in length.",
    "InvalidBlockList": "The list names a block that is not there.",
    "InvalidHeaderValue": "A header has a value that is not allowed.",
    "InvalidMetadata": "The metadata has a name that is not allowed.",
    "InvalidQueryParameterValue": "A parameter of the query has a value that is not allowed.",
    "InvalidRange": "The range is not within the blob.",
    "InvalidResourceName": "The name is not allowed.",
    "InvalidUri": "The URL leads to nothing that can be stored.",
    "InvalidXmlDocument": "The body is not the XML that is expected.",
    "Md5Mismatch": "The content does not match the MD5 that was sent with it.",
    "MetadataTooLarge": "The metadata is too large.",
    "MissingContentLengthHeader": "The Content-Length header is missing.",
    "MissingRequiredHeader": "A required header is missing.",
    "MissingRequiredQueryParameter": "A required parameter of the query is missing.",
    "NoAuthenticationInformation": "The request has no SAS.",
    "OutOfRangeQueryParameterValue": "A parameter of the query is out of range.",
    "RequestBodyTooLarge": "The body is too large.",
    "UnauthorizedBlobOverwrite": "The SAS does not permit replacing a blob.",
    "UnsupportedHeader": "A header asks for something that the sandbox does not do.",
    "UnsupportedHttpVerb": "The method cannot be used here.",
    "UnsupportedQueryParameter": "The query asks for something that the sandbox does not do.",
}


class BlobError(Exception):
    """A request that is refused.

    Attributes:
        status: The HTTP status.
        code: Azure's code for it.
        detail: More about it, in the words of Azure's `AuthenticationErrorDetail`.
        headers: Headers of the answer.
    """

    def __init__(self, status: int, code: str, detail: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}

    def body(self, request_id: str, time: str) -> bytes:
        """The error as XML."""
        message = f"{_MESSAGES[self.code]}\nRequestId:{request_id}\nTime:{time}"
        detail = f"<AuthenticationErrorDetail>{escape(self.detail)}</AuthenticationErrorDetail>" if self.detail else ""
        xml = f"<Error><Code>{self.code}</Code><Message>{escape(message)}</Message>{detail}</Error>"
        return f'<?xml version="1.0" encoding="utf-8"?>{xml}'.encode()
