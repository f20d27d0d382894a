"""Containers of files: buckets, and those of reality data. Nothing is stored behind their links."""

from urllib.parse import quote

from .._actions import Actions, Answer, Handler
from .._asked import Asked
from .._catalogue import Json, ServedOperation
from .._world import World

# What the links allow: read, list, write, delete.
_PERMISSIONS = {"Read": "rl", "Write": "rwdl"}


def install(world: World, actions: Actions) -> None:
    """Register the operations that give access to containers."""

    def bucket(operation: ServedOperation, asked: Asked) -> Answer:
        # One bucket, whichever API it is asked from.
        href = world.files.container(f"bucket-{quote(asked.ids[0], safe='')}", "rw")
        return Answer(operation.success, {"bucket": {"iTwinId": asked.ids[0]}, "_links": _links(href)})

    def access(kind: str) -> Handler:
        def answer(operation: ServedOperation, asked: Asked) -> Answer:
            href = world.files.container(quote(asked.ids[0], safe=""), _PERMISSIONS[kind])
            return Answer(operation.success, {"type": "AzureBlobSasUrl", "access": kind, "_links": _links(href)})

        return answer

    for operation in world.catalogue.operations:
        if operation.path.endswith("/itwins/{iTwinId}/bucket"):
            actions.handlers[operation.key] = bucket
        elif operation.path.endswith("/readaccess"):
            actions.handlers[operation.key] = access("Read")
        elif operation.path.endswith("/writeaccess"):
            actions.handlers[operation.key] = access("Write")


def _links(href: str) -> Json:
    return {"containerUrl": {"href": href}}
