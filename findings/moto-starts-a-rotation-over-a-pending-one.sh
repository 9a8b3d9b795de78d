#!/usr/bin/env bash
# moto 5.2.5 (PyPI, mocks of AWS), with boto3 1.43.106.
#
# RotateSecret reads the label AWSPENDING the wrong way round. In Secrets Manager, AWSPENDING on a version
# that is not AWSCURRENT means that a rotation is still in progress, and RotateSecret returns an error; on
# the version that is AWSCURRENT, it is what a finished rotation may leave (API reference, RotateSecret).
# moto accepts the call in the first case: the pending version, which may hold the only copy of a new
# password, silently loses its label. In the second case it refuses with "Previous rotation request is
# still in progress." A test that runs on moto thus shows the wrong behaviour for a stuck rotation, and for
# the one after a finished rotation.
#
# Needs Python 3 with venv, and PyPI. Exits with 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check moto==5.2.5 boto3==1.43.106

"$folder/venv/bin/python" - <<'PYTHON'
import io
import json
import sys
import zipfile

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

ACCESS = dict(
    region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
)
FIRST, SECOND, THIRD = ("%032d" % number for number in (1, 2, 3))


def rotation_function():
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = boto3.client("iam", **ACCESS).create_role(
        RoleName="rotation", AssumeRolePolicyDocument=json.dumps(trust)
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("rotation.py", "def handler(event, context):\n    pass\n")
    created = boto3.client("lambda", **ACCESS).create_function(
        FunctionName="rotation",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="rotation.handler",
        Code={"ZipFile": code.getvalue()},
    )
    return created["FunctionArn"]


@mock_aws(config={"lambda": {"use_docker": False}})
def rotate_with_pending(is_current):
    """What RotateSecret answers, and the labels of the second version before and after it."""
    secrets = boto3.client("secretsmanager", **ACCESS)
    function = rotation_function()
    secrets.create_secret(Name="s", ClientRequestToken=FIRST, SecretString="old")
    secrets.put_secret_value(
        SecretId="s",
        ClientRequestToken=SECOND,
        SecretString="new",
        VersionStages=["AWSPENDING", "AWSCURRENT"] if is_current else ["AWSPENDING"],
    )

    def labels():
        versions = secrets.describe_secret(SecretId="s")["VersionIdsToStages"]
        return sorted(versions.get(SECOND, []))

    before = labels()
    try:
        secrets.rotate_secret(
            SecretId="s", ClientRequestToken=THIRD, RotationLambdaARN=function
        )
        answer = "accepted"
    except ClientError as error:
        answer = error.response["Error"]["Code"]
    return answer, before, labels()


stuck = rotate_with_pending(is_current=False)
finished = rotate_with_pending(is_current=True)
print("AWSPENDING on a version that is not AWSCURRENT:", *stuck)
print("AWSPENDING on the version that is AWSCURRENT:  ", *finished)
seen = (stuck[0], "AWSPENDING" in stuck[2], finished[0])
if seen != ("accepted", False, "InvalidRequestException"):
    print("the behaviour has changed:", seen)
    sys.exit(1)
PYTHON
