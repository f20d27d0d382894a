"""Containers of files: one bucket for each iTwin, and one for each reality data. They go with what they belong to."""

from typing import Final

from .._actions import Actions, Answer, Handler
from .._asked import Asked
from .._catalogue import Json, ServedOperation
from .._world import World
from .reality_data import PATH as REALITY_DATA

# What the links to reality data allow: read, list, write, delete.
_PERMISSIONS: Final = {"Read": "rl", "Write": "rwdl"}


def install(world: World, actions: Actions) -> None:
    """Register the operations that give access to containers."""

    def bucket(operation: ServedOperation, asked: Asked) -> Answer:
        # One bucket, whichever API it is asked from.
        href = world.files.container(bucket_of(asked.ids[0]), world.files.bucket_permissions)
        return Answer(operation.success, {"bucket": {"iTwinId": asked.ids[0]}, "_links": _links(href)})

    def access(kind: str) -> Handler:
        def answer(operation: ServedOperation, asked: Asked) -> Answer:
            href = world.files.container(asked.ids[0], _PERMISSIONS[kind])
            return Answer(operation.success, {"type": "AzureBlobSasUrl", "access": kind, "_links": _links(href)})

        return answer

    for operation in world.catalogue.operations:
        if operation.path.endswith("/itwins/{iTwinId}/bucket"):
            actions.handlers[operation.key] = bucket
        elif operation.path.endswith("/readaccess"):
            actions.handlers[operation.key] = access("Read")
        elif operation.path.endswith("/writeaccess"):
            actions.handlers[operation.key] = access("Write")
    world.store.removals["/itwins"].append(lambda id_: world.files.blobs.delete(bucket_of(id_)))
    world.store.removals[REALITY_DATA].append(world.files.blobs.delete)


def bucket_of(itwin_id: str) -> str:
    """The name of the container that is the bucket of an iTwin."""
    return f"bucket-{itwin_id}"


def _links(href: str) -> Json:
    return {"containerUrl": {"href": href}}
