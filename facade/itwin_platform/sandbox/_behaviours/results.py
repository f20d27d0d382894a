"""What jobs leave behind when they succeed: reality data with a few small files, and reports in the bucket.

Nothing is computed. What is found is made up from the names of the photos, so that the same job finds the same again.
"""

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from .._catalogue import Json, is_list, is_object
from .._schemas import is_guid
from .._world import World
from .containers import bucket_of
from .reality_data import PATH as REALITY_DATA

_DETECTORS: Final = "/reality-analysis/detectors"
_BUCKET: Final = "bkt:"
_PICTURES: Final = (".jpg", ".jpeg", ".png", ".tif", ".tiff")
_PHOTOS: Final = ["photo-1.jpg", "photo-2.jpg", "photo-3.jpg"]
_JSON: Final = "application/json"
# Where objects are, if nothing says where the iTwin is: longitude and latitude.
_SOMEWHERE: Final = (-75.62, 40.03)
# The formats that files are written in, by how outputs and exports name them, and the types of reality data.
_TYPES: Final = {
    "3DTiles": "Cesium3DTiles",
    "GeoJSON": "GeoJSON",
    "SHP": "SHP",
    "LAS": "LAS",
    "LAZ": "LAZ",
    "OBJ": "OBJ",
}
_FORMATS: Final = {
    "segmentedPhotos": "CCImageCollection",
    "segmentedPointCloud": "OPC",
    "changesInModelA": "OPC",
    "changesInModelB": "OPC",
    "ovfPoints": "OVF",
    "ovfLines": "OVF",
    "ovfAreas": "OVF",
}


class Results:
    """Writes the results of jobs."""

    def __init__(self, world: World) -> None:
        self._world = world

    def deliver(self, job: Json) -> None:
        """Let the outputs of a job exist that has succeeded."""
        if not self._world.store.has("/itwins", (job["iTwinId"],)):
            return
        source = str(_inputs(job).get("photos") or "")
        found = _Found(source, self._photos(source), self._labels(job), self._place(job["iTwinId"]))
        for name, kind, where in _outputs(job["specifications"]["outputs"]):
            if where.startswith(_BUCKET):
                content, path = _encoded(_report(job, found)), where.removeprefix(_BUCKET) or "report.json"
                self._world.files.put(bucket_of(job["iTwinId"]), path, content, _JSON)
            elif is_guid(where) and not self._world.store.has(REALITY_DATA, (where,)):
                self._reality_data(job, name, kind, where, found)

    def _reality_data(self, job: Json, name: str, kind: str, id_: str, found: "_Found") -> None:
        files = _files(name, kind, found)
        times = dict.fromkeys(("createdDateTime", "modifiedDateTime"), job["executionInfo"].get("endedDateTime"))
        data: Json = {
            "id": id_,
            "iTwinId": job["iTwinId"],
            "displayName": f"{job.get('name') or job['type']}: {name}",
            "type": kind,
            "rootDocument": next(iter(files)),
            "size": sum(map(len, files.values())),
            **{key: value for key, value in times.items() if value},
        }
        self._world.store.create((REALITY_DATA, ()), [data])
        for path, content in files.items():
            media_type = _JSON if path.endswith("json") else "application/octet-stream"
            self._world.files.put(id_, path, content, media_type)

    def _photos(self, source: str) -> list[str]:
        """The names of the photos that a job is about, if they are here."""
        if not self._world.store.has(REALITY_DATA, (source,)):
            return _PHOTOS
        names = self._world.files.names(source)
        return [name for name in names if name.lower().endswith(_PICTURES)] or _PHOTOS

    def _labels(self, job: Json) -> list[str]:
        """What the detector of a job finds."""
        named = next(
            (text for key, text in _inputs(job).items() if key.endswith("Detector") and isinstance(text, str)), ""
        )
        name, _, number = named.rpartition("/")
        versions: list[Json] = (self._world.store.find((_DETECTORS, ()), name) or {}).get("versions") or []
        labels = (each["capabilities"].get("labels") for each in versions if each["versionNumber"] == number)
        return next(labels, None) or [name.rpartition("/")[2] or "object"]

    def _place(self, itwin_id: str) -> tuple[float, float]:
        itwin = self._world.store.find(("/itwins", ()), itwin_id) or {}
        longitude, latitude = itwin.get("longitude"), itwin.get("latitude")
        return (longitude, latitude) if longitude is not None and latitude is not None else _SOMEWHERE


def _inputs(job: Json) -> Json:
    inputs = job["specifications"].get("inputs")
    return inputs if is_object(inputs) else {}


class _Found:
    """What a job has found: some objects in each photo of the reality data `source`."""

    def __init__(self, source: str, photos: Sequence[str], labels: Sequence[str], place: tuple[float, float]) -> None:
        self.source = source
        self.photos = photos
        self.labels = labels
        self.objects = [each for photo in photos for each in _objects(photo, labels, place)]


def _objects(photo: str, labels: Sequence[str], place: tuple[float, float]) -> Iterator[Json]:
    chance = hashlib.sha256(photo.encode("utf-8", "surrogatepass")).digest()
    for number in range(1 + chance[0] % 3):
        x, y, width, height, confidence = (each / 255 for each in chance[number * 5 + 1 : number * 5 + 6])
        yield {
            "photo": photo,
            "label": labels[(chance[0] + number) % len(labels)],
            "confidence": round(0.5 + confidence / 2, 3),
            # Parts of the width and of the height of the photo, from its upper left corner.
            "box": {
                "x": round(x / 2, 3),
                "y": round(y / 2, 3),
                "width": round(width / 2, 3),
                "height": round(height / 2, 3),
            },
            "position": [round(place[0] + x / 1000, 6), round(place[1] + y / 1000, 6), round(20 * height, 2)],
        }


def _outputs(node: Any, name: str = "output", kind: str = "") -> Iterator[tuple[str, str, str]]:
    """The name, the format and the place of each output."""
    if isinstance(node, str):
        yield name, kind or _kind(name), node
    elif is_list(node):
        for each in node:
            yield from _outputs(each, name)
    elif is_object(node):
        if "location" in node:
            asked = str(node.get("format") or "")
            yield from _outputs(node["location"], asked or name, _TYPES.get(asked, asked))
        else:
            for key, each in node.items():
                yield from _outputs(each, key)


def _kind(name: str) -> str:
    """The type of the reality data that an output is: `lines3DAsGeoJSON` says it itself."""
    _, as_, asked = name.rpartition("As")
    if as_:
        return _TYPES.get(asked, asked)
    return _FORMATS.get(name, "ContextScene")


def _files(name: str, kind: str, found: _Found) -> dict[str, bytes]:
    """The files of an output. The first one is the root document."""
    match kind:
        case "ContextScene":
            return {"ContextScene.json": _encoded(_scene(found))}
        case "GeoJSON":
            return {
                f"{name}.geojson": _encoded(
                    {"type": "FeatureCollection", "features": list(map(_feature, found.objects))}
                )
            }
        case "Cesium3DTiles":
            return {"tileset.json": _encoded(_TILESET)}
        case "CCImageCollection":
            return {f"{photo.rpartition('.')[0]}.png": _pixel() for photo in found.photos}
        case "OBJ":
            return {f"{name}.obj": b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"}
        case _:
            return {f"{name}.{kind.lower()}.txt": f"The sandbox writes no files of the type {kind}.\n".encode()}


def _scene(found: _Found) -> Json:
    """A ContextScene, whose objects are below the number of their photo."""
    numbers = {photo: str(number) for number, photo in enumerate(found.photos)}
    objects: Json = {number: {} for number in numbers.values()}
    for each in found.objects:
        box, there = each["box"], objects[numbers[each["photo"]]]
        there[str(len(there))] = {
            "LabelInfo": {"Confidence": each["confidence"], "LabelId": found.labels.index(each["label"])},
            "Box2D": {
                "xmin": box["x"],
                "ymin": box["y"],
                "xmax": round(box["x"] + box["width"], 3),
                "ymax": round(box["y"] + box["height"], 3),
            },
        }
    return {
        "version": "6.0",
        "PhotoCollection": {"Photos": {number: {"ImagePath": f"0:{photo}"} for photo, number in numbers.items()}},
        "Annotations": {
            "Labels": {str(n): {"Name": label} for n, label in enumerate(found.labels)},
            "Objects2D": objects,
        },
        "References": {"0": {"Path": f"rds:{found.source}"}},
    }


def _report(job: Json, found: _Found) -> Json:
    counts = {label: sum(each["label"] == label for each in found.objects) for label in found.labels}
    return {"job": job["id"], "type": job["type"], "photos": len(found.photos), "objects": counts}


def _feature(found: Json) -> Json:
    properties = {name: found[name] for name in ("label", "confidence", "photo")}
    geometry = {"type": "Point", "coordinates": found["position"]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


_TILESET: Final[Json] = {
    "asset": {"version": "1.0"},
    "geometricError": 0,
    "root": {"boundingVolume": {"sphere": [0, 0, 0, 1]}, "geometricError": 0, "refine": "ADD"},
}


def _pixel() -> bytes:
    """A PNG of one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0\x80")), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _encoded(document: Json) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8", "replace")
