"""The browser of somebody whom the identity service knows: opens an address and follows it back to the program.

It is a program of its own, so that `BROWSER` can name it.
"""

import sys
import urllib.request

if __name__ == "__main__":
    with urllib.request.urlopen(sys.argv[1], timeout=30) as page:
        assert "You are logged in" in page.read().decode()
