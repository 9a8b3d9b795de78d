#!/usr/bin/env bash
# PureCloudPlatformClientV2 269.0.0 (PyPI, the official Genesys Cloud SDK for Python).
#
# An enum value that the SDK does not know is not an error and is not kept: the model holds the text
# "outdated_sdk_version" in its place. Whoever reads an object, changes one member and writes the
# object back (the usual way with the platform's PUT and PATCH) sends that text to the platform,
# although the caller never touched the member.
#
# Seen: an integration is read whose intendedState has a value that is newer than the SDK, its name
# is changed, and the PATCH carries "intendedState": "outdated_sdk_version".
#
# Needs Python 3 with venv, and PyPI. Exits with 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check PureCloudPlatformClientV2==269.0.0

"$folder/venv/bin/python" - <<'PYTHON'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import PureCloudPlatformClientV2 as genesys

READ = {"id": "an-integration", "name": "before", "intendedState": "PAUSED"}
written = []


class Platform(BaseHTTPRequestHandler):
    """Answers the GET with an intended state that is newer than the SDK, and keeps the PATCH."""

    def answer(self, body):
        payload = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def do_GET(self):
        self.answer(READ)

    def do_PATCH(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        written.append(body)
        self.answer(body)

    def log_message(self, *_):
        pass


platform = HTTPServer(("127.0.0.1", 0), Platform)
threading.Thread(target=platform.serve_forever, daemon=True).start()
genesys.configuration.host = f"http://127.0.0.1:{platform.server_port}"

api = genesys.IntegrationsApi()
integration = api.get_integration("an-integration")
integration.name = "after"
api.patch_integration("an-integration", body=integration)

print("the platform answered:", json.dumps(READ))
print("the SDK wrote back:   ", json.dumps(written[0]))
expected = {"id": "an-integration", "name": "after", "intendedState": "outdated_sdk_version"}
sys.exit(0 if written == [expected] else "the behaviour has changed")
PYTHON
