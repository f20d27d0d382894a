"""The five operations of the SDK, one after another, with each result as a small table.

The input comes from environment variables: `ITP_ACCESS_TOKEN` (or `ITP_SERVICE_CLIENT_ID` and
`ITP_SERVICE_CLIENT_SECRET`) for the credentials; `ITP_ITWIN_ID`, `ITP_REPOSITORY_ID` and `ITP_RESOURCE_ID` for the
objects to show. `make demo` runs it against the sandbox.
"""

import os
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

from itwin_platform import ITwinPlatform, errors
from itwin_platform.models import ApiKeyAuthentication, GISUrlTemplateOptions


def main() -> int:
    """Run the five operations; return how many failed."""
    try:
        itwin_id = os.environ["ITP_ITWIN_ID"]
    except KeyError:
        print("Set ITP_ITWIN_ID to the id of an iTwin that you are a member of.", file=sys.stderr)
        return 2
    repository_id = os.environ.get("ITP_REPOSITORY_ID", "imodels")
    resource_id = os.environ.get("ITP_RESOURCE_ID", itwin_id)

    with ITwinPlatform() as platform:
        steps: list[tuple[Callable[..., None], list[str]]] = [
            (show_itwin, [itwin_id]),
            (show_image, [itwin_id]),
            (show_repository, [itwin_id, repository_id]),
            (show_resource, [itwin_id, repository_id, resource_id]),
            (show_bucket, [itwin_id]),
        ]
        failures = 0
        for show, ids in steps:
            try:
                show(platform, *ids)
            except errors.ApiError as error:
                # Not every iTwin has an image, a repository or a bucket.
                print(f"  {error}")
                failures += 1
    return 1 if failures else 0


def show_itwin(platform: ITwinPlatform, itwin_id: str) -> None:
    """The iTwin itself."""
    title("platform.itwins.get(itwin_id)")
    itwin = platform.itwins.get(itwin_id)
    row("name", itwin.display_name)
    row("class", f"{itwin.class_}, {itwin.sub_class}")
    row("number", itwin.number)
    row("status", itwin.status)
    row("location", f"{itwin.geographic_location} ({itwin.latitude}, {itwin.longitude})")
    row("data center", itwin.data_center_location)
    row("created", itwin.created_date_time)


def show_image(platform: ITwinPlatform, itwin_id: str) -> None:
    """Its image. Anyone can open it with the links, so only their hosts are shown."""
    title("platform.itwins.get_image(itwin_id)")
    image = platform.itwins.get_image(itwin_id)
    row("small image", f"{image.small_image_name}  (on {host(image.small_image_url)})")
    row("large image", f"{image.large_image_name}  (on {host(image.large_image_url)})")


def show_repository(platform: ITwinPlatform, itwin_id: str, repository_id: str) -> None:
    """One of its repositories, with its API key masked."""
    title("platform.repositories.get(itwin_id, repository_id)")
    repository = platform.repositories.get(itwin_id, repository_id)
    row("name", repository.display_name)
    row("class", f"{repository.class_}, {repository.sub_class}")
    row("uri", repository.uri)
    authentication, options = repository.authentication, repository.options
    row("authentication", authentication and authentication.type_)
    if isinstance(authentication, ApiKeyAuthentication):
        row("api key", f"{authentication.key} = ***")
    if isinstance(options, GISUrlTemplateOptions):
        row("levels", f"{options.minimum_level} to {options.maximum_level}")


def show_resource(platform: ITwinPlatform, itwin_id: str, repository_id: str, resource_id: str) -> None:
    """A resource in the repository."""
    title("platform.repositories.get_resource(itwin_id, repository_id, resource_id)")
    resource = platform.repositories.get_resource(itwin_id, repository_id, resource_id)
    row("name", resource.display_name)
    row("class", resource.class_)
    row("type", resource.type_)
    graphics = resource.capabilities and resource.capabilities.graphics.uri
    row("graphics on", graphics and host(graphics))


def show_bucket(platform: ITwinPlatform, itwin_id: str) -> None:
    """The storage container of the iTwin. Its URL grants access, so only the host is shown."""
    title("platform.reality_analysis.get_bucket(itwin_id)")
    bucket = platform.reality_analysis.get_bucket(itwin_id)
    row("iTwin", bucket.itwin_id)
    row("container on", host(bucket.container_url))
    row("expires", bucket.expires_at)


def title(text: str) -> None:
    """Print the heading of a table."""
    print(f"\n{text}\n{'-' * len(text)}")


def row(name: str, value: object) -> None:
    """Print a line of a table. A missing value is a dash."""
    print(f"  {name:<15} {'-' if value is None else value}")


def host(url: str) -> str | None:
    """The host of a URL, without the parts that grant access."""
    return urlsplit(url).hostname


if __name__ == "__main__":
    try:
        sys.exit(main())
    except errors.ITwinPlatformError as error:
        sys.exit(str(error))
