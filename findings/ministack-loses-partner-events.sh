#!/usr/bin/env bash
# ministack 1.5.33 (PyPI, a local AWS), with boto3 1.43.106.
#
# A partner event source and its bus can be created, PutPartnerEvents answers with an EventId and
# "FailedEntryCount": 0, and the event is delivered nowhere: a rule that matches every event of the
# bus sends nothing to its queue. The same rule on the default bus delivers an event of PutEvents.
# A test that only looks at the answer of PutPartnerEvents passes; one that looks at the target
# waits for ever.
#
# Needs Python 3 with venv, and PyPI. Exits with 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  ministack==1.5.33 aws-sam-translator==1.115.0 boto3==1.43.106

"$folder/venv/bin/python" - <<'PYTHON'
import json
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


def client(service):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def received(sqs, queue):
    answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)
    return [json.loads(message["Body"])["source"] for message in answer.get("Messages", [])]


try:
    until_it_answers()
    events, sqs = client("events"), client("sqs")
    source = "aws.partner/example.com/orders"
    events.create_partner_event_source(Name=source, Account="000000000000")
    events.create_event_bus(Name=source, EventSourceName=source)
    queue = sqs.create_queue(QueueName="everything")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    target = {"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}
    everything = json.dumps({"account": ["000000000000"]})
    for bus in (source, "default"):
        events.put_rule(Name="everything", EventBusName=bus, EventPattern=everything)
        events.put_targets(Rule="everything", EventBusName=bus, Targets=[target])

    entry = {"Source": source, "DetailType": "Order", "Detail": "{}"}
    partner = events.put_partner_events(Entries=[entry])
    of_partner = received(sqs, queue)
    custom = events.put_events(Entries=[{**entry, "Source": "orders"}])
    of_custom = received(sqs, queue)
finally:
    ministack.terminate()
    ministack.wait()

print("PutPartnerEvents: failed", partner["FailedEntryCount"], "- received", of_partner)
print("PutEvents:        failed", custom["FailedEntryCount"], "- received", of_custom)
as_described = (partner["FailedEntryCount"], of_partner, of_custom) == (0, [], ["orders"])
sys.exit(0 if as_described else "the behaviour has changed")
PYTHON
