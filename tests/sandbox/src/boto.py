"""Calls the local AWS with boto3: a request a line on standard input, its answer a line on standard output."""
import json
import sys

import boto3

endpoint, region = sys.argv[1:]
clients = {}


def client(service):
    if service not in clients:
        # The emulator's names for the root of its account.
        clients[service] = boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
    return clients[service]


def answer(request):
    of = client(request["service"])
    operation, parameters = request["operation"], request["parameters"]
    if of.can_paginate(operation):
        return of.get_paginator(operation).paginate(**parameters).build_full_result()
    return getattr(of, operation)(**parameters)


for line in sys.stdin:
    try:
        result = {"answer": answer(json.loads(line))}
    except Exception as error:
        result = {"error": str(error)}
    print(json.dumps(result, default=str), flush=True)
