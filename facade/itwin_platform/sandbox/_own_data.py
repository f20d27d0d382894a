"""Resources to begin with, from a file: JSON, or YAML where PyYAML is installed."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from ._catalogue import is_list, is_object

_LARGEST: Final = 16 * 1024 * 1024


def read_own_data(path: Path) -> Mapping[str, Iterable[Mapping[str, object]]]:
    """The resources of a file by the addresses of their collections.

    Raises:
        ValueError: The file cannot be read, or is something else. The message names it.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"{path} is larger than {_LARGEST} bytes")
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text") from None
    data = _parsed(path, text)
    if not is_object(data):
        raise ValueError(f"{path} must hold an object with the addresses of collections as its keys")
    for address, resources in data.items():
        # YAML has keys of other kinds, too.
        is_address = isinstance(address, str)  # pyright: ignore[reportUnnecessaryIsInstance]
        if not is_address or not is_list(resources) or not all(map(is_object, resources)):
            raise ValueError(f"{path}: what is at {address!r} must be a list of objects")
    return data


def _parsed(path: Path, text: str) -> Any:
    try:
        if path.suffix.lower() not in {".yaml", ".yml"}:
            return json.loads(text)
        return _parsed_yaml(text)
    except ImportError:
        raise ValueError(f'{path}: YAML needs PyYAML: pip install "itwin-platform[sandbox]"') from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None


def _parsed_yaml(text: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Leaves times the texts that they are in JSON."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(text, Loader)  # noqa: S506 (it is a safe one)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
