"""Validates OCSF events, one JSON object a line on standard input, against the schema of OCSF 1.7.0.

Prints one line of JSON: how many events were read, and what is wrong with them.
"""

import json
import sys

import jsonschema
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

MOST_PROBLEMS = 20


def main():
    schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.7.0"))
    schema = schemas.get_class_schema("compliance_finding", ["cloud"])
    validator = jsonschema.validators.validator_for(schema)(schema)
    events = 0
    problems = []
    for line in sys.stdin:
        events += 1
        for error in validator.iter_errors(json.loads(line)):
            place = "/".join(str(step) for step in error.absolute_path)
            problems.append(f"event {events}, {place}: {error.message[:300]}")
    print(json.dumps({"events": events, "problems": problems[:MOST_PROBLEMS]}))


main()
