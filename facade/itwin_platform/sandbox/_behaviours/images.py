"""The image of an iTwin: uploaded, shown with links that work, deleted."""

import struct
import uuid
from typing import Final

from .._actions import Actions, Answer
from .._asked import Asked
from .._bodies import media_type_of
from .._catalogue import Json, ServedOperation
from .._refusals import BODY, RefusedError, invalid
from .._schemas import INVALID, Problem
from .._store import Place
from .._world import World

_KIND: Final = "/itwins/{}/image"
_LARGEST: Final = 5 * 1024 * 1024
# How many times longer one side may be than the other.
_WIDEST: Final = 5
_ENDINGS: Final = {"image/png": "png", "image/jpeg": "jpeg"}
# One grey pixel, for the images that the examples name.
_PIXELS: Final = {
    "image/png": bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
        "0000000a4944415478da6368000000820081da45083b0000000049454e44ae426082"
    ),
    "image/jpeg": b"\xff\xd8\xff\xdb\0C\0"
    + b"\1" * 64
    + bytes.fromhex(
        "ffc0000b080001000101011100ffc4001400010000000000000000000000000000000000"
        "ffc4001410010000000000000000000000000000000000ffda0008010100003f003fffd9"
    ),
}


def install(world: World, actions: Actions) -> None:
    """Register the operations on images."""
    if "/itwins" not in world.catalogue.collections:
        return
    images = Images(world)
    world.store.views["/itwins"] = images.seen
    world.store.removals["/itwins"].append(lambda id_: world.files.blobs.delete(_container(id_)))
    actions.handlers |= {
        "itwins/get-itwin-image": images.get,
        "itwins/upload-itwin-image": images.upload,
        "itwins/delete-itwin-image": images.delete,
    }


class Images:
    """The images of one sandbox."""

    def __init__(self, world: World) -> None:
        self._world = world
        for itwin in world.store.all(("/itwins", ())):
            if itwin.get("imageName"):
                self._draw(itwin["id"], itwin["imageName"])
        itwin_id = world.catalogue.known_id("/itwins")
        for operation in world.catalogue.operations:
            if operation.key == "itwins/get-itwin-image":
                image: Json = operation.answers[operation.success]["image"]
                kept = {name: image[name] for name in ("id", "smallImageName", "largeImageName")}
                self._put(itwin_id, kept)
                self._draw(itwin_id, kept["smallImageName"])
                self._draw(itwin_id, kept["largeImageName"])

    def _draw(self, itwin_id: str, name: str) -> None:
        """Store a picture for an image that the examples name."""
        for media_type, ending in _ENDINGS.items():
            if name.endswith(f".{ending}"):
                self._world.files.put(_container(itwin_id), name, _PIXELS[media_type], media_type)

    def seen(self, _: Place, itwin: Json) -> Json:
        """An iTwin with a link to its image, if that is stored here."""
        name = itwin.get("imageName")
        if not name or not self._world.files.has(_container(itwin["id"]), name):
            return itwin
        return {**itwin, "image": self._link(itwin["id"], name)}

    def get(self, operation: ServedOperation, asked: Asked) -> Answer:
        """The names and links of an image."""
        kept = self._world.store.find(_place(asked.ids[0]), "image")
        if kept is None:
            raise RefusedError(404)
        return Answer(operation.success, {"image": self._with_links(asked.ids[0], kept)})

    def upload(self, operation: ServedOperation, asked: Asked) -> Answer:
        """Keep an image. The small one is as large as the other."""
        (itwin_id,) = asked.ids
        if len(asked.body) > _LARGEST:
            raise RefusedError(413)
        media_type = media_type_of(asked)
        size = _size_of(media_type, asked.body)
        if size is None:
            raise invalid(operation, [Problem(BODY, "")])
        if max(size) > _WIDEST * min(size):
            raise invalid(operation, [Problem(INVALID, "image", "wide")])
        self._forget(itwin_id)
        # A name belongs to one picture forever.
        id_ = str(uuid.uuid4())
        names = {f"{kind}ImageName": f"{kind}_{id_}.{_ENDINGS[media_type]}" for kind in ("small", "large")}
        for name in names.values():
            self._world.files.put(_container(itwin_id), name, asked.body, media_type)
        kept = {"id": id_, **names}
        self._put(itwin_id, kept)
        self._change(itwin_id, {"imageName": names["smallImageName"]})
        return Answer(operation.success, {"image": self._with_links(asked.ids[0], kept)})

    def delete(self, operation: ServedOperation, asked: Asked) -> Answer:
        """Delete an image."""
        if not self._forget(asked.ids[0]):
            raise RefusedError(404)
        self._change(asked.ids[0], {"imageName": None, "image": None})
        return Answer(operation.success)

    def _put(self, itwin_id: str, image: Json) -> None:
        self._world.store.put(_place(itwin_id), "image", image)

    def _forget(self, itwin_id: str) -> bool:
        self._world.files.blobs.delete(_container(itwin_id))
        return self._world.store.delete(_place(itwin_id), "image")

    def _change(self, itwin_id: str, changes: Json) -> None:
        self._world.store.replace(("/itwins", ()), itwin_id, lambda kept: {**kept, **changes})

    def _link(self, itwin_id: str, name: str) -> str:
        return self._world.files.blob(_container(itwin_id), name)

    def _with_links(self, itwin_id: str, image: Json) -> Json:
        small, large = image["smallImageName"], image["largeImageName"]
        links = {"smallImageUrl": self._link(itwin_id, small), "largeImageUrl": self._link(itwin_id, large)}
        return {**image, **links}


def _place(itwin_id: str) -> Place:
    return _KIND, (itwin_id,)


def _container(itwin_id: str) -> str:
    return f"images-{itwin_id}"


def _size_of(media_type: str, content: bytes) -> tuple[int, int] | None:
    """Width and height of an image; None if it is none of this type, or has no size."""
    read = {"image/png": _size_of_png, "image/jpeg": _size_of_jpeg}.get(media_type)
    try:
        size = read(content) if read else None
    except (struct.error, IndexError):
        return None
    return size if size and min(size) > 0 else None


def _size_of_png(content: bytes) -> tuple[int, int] | None:
    if not content.startswith(b"\x89PNG\r\n\x1a\n") or content[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _size_of_jpeg(content: bytes) -> tuple[int, int] | None:
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    position = 2
    while content[position] == 0xFF:
        marker = content[position + 1]
        # A frame header has the size; C4, C8 and CC are something else.
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", content[position + 5 : position + 9])
            return width, height
        position += 2 + struct.unpack(">H", content[position + 2 : position + 4])[0]
    return None
