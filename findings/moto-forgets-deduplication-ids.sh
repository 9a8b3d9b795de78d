#!/usr/bin/env bash
# moto 5.2.5 (PyPI, mocks of AWS), with boto3 1.43.106.
#
# A FIFO queue forgets a MessageDeduplicationId as soon as the message is received and deleted: the
# same message, sent again a moment later, is delivered a second time. SQS keeps track of the id for
# five minutes, "even after the message is received and deleted" (SQS API reference, SendMessage).
# Whoever tests with moto that a repeated send is harmless sees it harmless only while nobody
# consumes, which is when it matters least; whoever relies on a second delivery sees it on moto alone.
#
# Needs Python 3 with venv, and PyPI. Exits with 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check moto==5.2.5 boto3==1.43.106

"$folder/venv/bin/python" - <<'PYTHON'
import sys

import boto3
from moto import mock_aws


@mock_aws
def deliveries(consumes):
    """How many messages come out when one is sent twice, consumed after each sending or at the end."""
    sqs = boto3.client(
        "sqs", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    url = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    count = 0

    def consume():
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in received:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(received)

    for _ in range(2):
        sqs.send_message(
            QueueUrl=url, MessageBody="m", MessageGroupId="g", MessageDeduplicationId="d"
        )
        if consumes:
            count += consume()
    return count + consume()


waiting, consumed = deliveries(consumes=False), deliveries(consumes=True)
print(f"sent twice, consumed at the end: {waiting} delivered")
print(f"sent twice, consumed after each: {consumed} delivered; SQS delivers 1")
if (waiting, consumed) != (1, 2):
    sys.exit("the behaviour has changed")
PYTHON
