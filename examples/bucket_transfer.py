"""Upload a folder to the bucket of an iTwin with a progress bar, and download the files to another folder.

    python examples/bucket_transfer.py photos copy

Credentials come from environment variables; `ITP_ITWIN_ID` is the id of the iTwin. Needs the extras `[storage]` and
`[progress]`. A rerun transfers only what is missing.
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
        # By name, because the documented SAS URL does not permit listing. Skipped files were uploaded by an earlier
        # run; links, pipes and the like are skipped too, but are not in the bucket.
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
