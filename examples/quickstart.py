"""A tour of the SDK: five things to read, a list over several pages, and an iTwin that is created, changed and deleted.

Everything it needs comes from environment variables: `ITP_ACCESS_TOKEN` (or `ITP_SERVICE_CLIENT_ID` and
`ITP_SERVICE_CLIENT_SECRET`) for the credentials, `ITP_ITWIN_ID`, `ITP_REPOSITORY_ID` and `ITP_RESOURCE_ID` for what to
ask about. It changes something only where `ITP_DEMO_WRITE=1` is set. `make demo` runs it against the sandbox.
"""

import os
import sys
import uuid
import warnings
from collections.abc import Callable
from urllib.parse import urlsplit

from itwin_platform import ITwinPlatform, TechnicalPreviewWarning, errors
from itwin_platform.models import ApiKeyAuthentication, GISUrlTemplateOptions


def main() -> int:
    """Take the tour; return 1 if a step failed."""
    try:
        itwin_id = os.environ["ITP_ITWIN_ID"]
    except KeyError:
        print("Set ITP_ITWIN_ID to the id of an iTwin that you are a member of.", file=sys.stderr)
        return 2
    repository_id = os.environ.get("ITP_REPOSITORY_ID", "imodels")
    resource_id = os.environ.get("ITP_RESOURCE_ID", itwin_id)
    # Some of the steps call technical previews. In production, better let the warning be seen.
    warnings.simplefilter("ignore", TechnicalPreviewWarning)

    with ITwinPlatform() as platform:
        steps: list[tuple[Callable[..., None], list[str]]] = [
            (show_itwin, [itwin_id]),
            (show_image, [itwin_id]),
            (show_repository, [itwin_id, repository_id]),
            (show_resource, [itwin_id, repository_id, resource_id]),
            (show_bucket, [itwin_id]),
            (show_list, []),
        ]
        if os.environ.get("ITP_DEMO_WRITE") == "1":
            steps.append((create_change_delete, []))
        failures = 0
        for show, ids in steps:
            try:
                show(platform, *ids)
            except errors.ApiError as error:
                # Not every iTwin has an image, a repository or a bucket: say so and go on.
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
    """Its image. The links open it for whoever has them, so only their hosts are shown."""
    title("platform.itwins.get_image(itwin_id)")
    image = platform.itwins.get_image(itwin_id)
    row("small image", f"{image.small_image_name}  (on {host(image.small_image_url)})")
    row("large image", f"{image.large_image_name}  (on {host(image.large_image_url)})")


def show_repository(platform: ITwinPlatform, itwin_id: str, repository_id: str) -> None:
    """One of its repositories. The key to it is masked in what is printed."""
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
    """The storage container of the iTwin. Its URL opens it, so only the host is shown."""
    title("platform.reality_analysis.get_bucket(itwin_id)")
    bucket = platform.reality_analysis.get_bucket(itwin_id)
    row("iTwin", bucket.itwin_id)
    row("container on", host(bucket.container_url))
    row("expires", bucket.expires_at)


def show_list(platform: ITwinPlatform) -> None:
    """A search. Each page is asked for when it is needed; most programs iterate over the list and see no pages."""
    title('platform.itwins.list(search="bridge", page_size=5)')
    pages = platform.itwins.list(search="bridge", order_by="displayName ASC", page_size=5, limit=12).pages()
    for number, page in enumerate(pages, 1):
        row(f"page {number}", ", ".join(itwin.display_name for itwin in page) or "nothing is found")


def create_change_delete(platform: ITwinPlatform) -> None:
    """An iTwin from its first to its last day."""
    title("platform.itwins.create(...), update(...), delete(...)")
    itwin = platform.itwins.create(
        f"Demo {uuid.uuid4()}", class_="Thing", sub_class="Asset", geographic_location="Exton, PA", latitude=40.028
    )
    row("created", f"{itwin.display_name}, latitude {itwin.latitude}")
    try:
        # None clears a property; what is not named stays as it is.
        itwin = platform.itwins.update(itwin.id, type_="Bridge", latitude=None)
        row("changed", f"type {itwin.type_}, latitude {itwin.latitude}, still in {itwin.geographic_location}")
    finally:
        platform.itwins.delete(itwin.id)
    row("deleted", itwin.id)
    try:
        platform.itwins.get(itwin.id)
    except errors.NotFoundError as error:
        row("asked again", error.code)


def title(text: str) -> None:
    """Begin a table."""
    print(f"\n{text}\n{'-' * len(text)}")


def row(name: str, value: object) -> None:
    """A line of a table; what the platform does not say is a dash."""
    print(f"  {name:<15} {'-' if value is None else value}")


def host(url: str) -> str | None:
    """The host of a URL, without what gives access."""
    return urlsplit(url).hostname


if __name__ == "__main__":
    try:
        sys.exit(main())
    except errors.ITwinPlatformError as error:
        sys.exit(str(error))
