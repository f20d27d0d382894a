"""Upload a folder to the bucket of an iTwin, with a progress bar, and download what was uploaded to another folder.

    python examples/bucket_transfer.py photos copy

Credentials come from environment variables, and `ITP_ITWIN_ID` names the iTwin. It needs the extras `[storage]` and
`[progress]`. Rerunning it sends only what is missing.
"""

import os
import sys

from itwin_platform import ITwinPlatform, errors


def main(source: str, target: str) -> int:
    """Upload and download; return the exit status."""
    try:
        itwin_id = os.environ["ITP_ITWIN_ID"]
    except KeyError:
        print("Set ITP_ITWIN_ID to the id of an iTwin that you are a member of.", file=sys.stderr)
        return 2
    with ITwinPlatform() as platform:
        bucket = platform.reality_analysis.get_bucket(itwin_id)
        report = bucket.upload(source, prefix="examples/transfer", progress=True)
        print(f"{len(report.sent)} sent, {len(report.skipped)} skipped, {report.bytes_sent} bytes")
        # By their names, because the documented SAS URL does not permit to list. What was skipped is there from an
        # earlier run, except for what is no file; the names of those are not in the bucket.
        names = [outcome.name for outcome in (*report.sent, *report.skipped) if outcome.path.is_file()]
        bucket.download(names, target, progress=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        sys.exit(main(*sys.argv[1:]))
    except errors.TransferError as error:
        for outcome in error.report.failed:
            print(f"{outcome.path}: {outcome.reason}", file=sys.stderr)
        sys.exit(1)
    except errors.ITwinPlatformError as error:
        sys.exit(str(error))
