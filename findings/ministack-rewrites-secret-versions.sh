#!/usr/bin/env bash
# ministack 1.5.33 (PyPI, a local AWS), with boto3 1.43.106.
#
# A version of a secret is not fixed once it is made. PutSecretValue with the ClientRequestToken of a
# version that exists and with another value answers 200, and the version has the other value from
# then on. On AWS the call fails: a version can't be changed, only new ones can be made (Secrets
# Manager API reference, PutSecretValue). A rotation function whose createSecret step is not
# idempotent so passes every test.
#
# Besides, two versions have the label AWSPENDING at once, where AWS moves a label from one version
# to the other, and GetSecretValue by that label returns the older of them.
#
# Needs Python 3 with venv, and PyPI. Exits with 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  ministack==1.5.33 aws-sam-translator==1.115.0 boto3==1.43.106

"$folder/venv/bin/python" - <<'PYTHON'
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
url = f"http://127.0.0.1:{port}"
ministack = subprocess.Popen(
    [sys.executable, "-m", "ministack.app"],
    env={**os.environ, "GATEWAY_PORT": str(port)},
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)


def until_it_answers():
    deadline = time.monotonic() + 60
    while True:
        try:
            return urllib.request.urlopen(url)
        except urllib.error.HTTPError as answer:
            return answer
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


FIRST = "11111111-1111-1111-1111-111111111111"
SECOND = "22222222-2222-2222-2222-222222222222"

try:
    until_it_answers()
    secrets = boto3.client(
        "secretsmanager",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    secrets.create_secret(Name="orders", SecretString="current")

    def put(version, value):
        secrets.put_secret_value(
            SecretId="orders",
            ClientRequestToken=version,
            SecretString=value,
            VersionStages=["AWSPENDING"],
        )

    def value_of(**which):
        return secrets.get_secret_value(SecretId="orders", **which)["SecretString"]

    put(FIRST, "first")
    put(SECOND, "second")
    labels = secrets.describe_secret(SecretId="orders")["VersionIdsToStages"]
    print("labels after two versions became AWSPENDING:", labels)
    pending = value_of(VersionStage="AWSPENDING")
    print("the value by AWSPENDING:", pending)

    put(FIRST, "something else")
    rewritten = value_of(VersionId=FIRST)
    print("the first version, after it was put again with another value:", rewritten)
finally:
    ministack.kill()
    ministack.wait()

both = labels.get(FIRST) == labels.get(SECOND) == ["AWSPENDING"]
if not (both and pending == "first" and rewritten == "something else"):
    sys.exit("the behaviour has changed")
PYTHON
