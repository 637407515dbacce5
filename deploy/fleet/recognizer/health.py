"""Whether the recognizer server in this container is ready: exit code 0, or 1 and why."""

import http.client
import os
import ssl
import sys
import urllib.error
import urllib.request

PORT = os.environ["SHUTTLE_GUIDE_RECOGNIZER_SERVER__CONTROL_PORT"]
WITHIN_S = 4.0


def main() -> int:
    # It answers in one of the two; the certificate is for the name that clients know, not for this address.
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    told = ""
    for scheme in ("http", "https"):
        try:
            with urllib.request.urlopen(
                f"{scheme}://127.0.0.1:{PORT}/health", timeout=WITHIN_S, context=unverified
            ):
                return 0
        except urllib.error.HTTPError as error:
            told = error.read(1000).decode(errors="replace")
            break
        except (OSError, http.client.HTTPException) as error:
            told = told or str(error)
    print(f"not ready: {told}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
