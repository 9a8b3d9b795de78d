"""Derives the contract of some AWS services from the botocore that this interpreter has installed.

Arguments: the file of additions (what botocore's models lack, see there), which names the services. Standard
output: one JSON document with each service's operations and shapes, without their documentation. Ends with 1
and says which, where botocore has no such service, operation or error.

botocore is not imported: its models are data files.
"""

import gzip
import json
import sys
from importlib.util import find_spec
from pathlib import Path

# How the members of a model are called in the document.
MEMBER = {
    "shape": "shape",
    "locationName": "name",
    "location": "location",
    "flattened": "flattened",
    "xmlAttribute": "attribute",
    "timestampFormat": "timestamp",
}
RULES = ("enum", "min", "max", "pattern", "required", "payload", "union", "flattened", "fault")


def data_folder():
    spec = find_spec("botocore")
    if spec is None:
        sys.exit(f"botocore is not installed for {sys.executable}")
    return Path(spec.submodule_search_locations[0]) / "data"


def model(folder, service):
    """The newest version of a service's model."""
    versions = sorted((folder / service).glob("*/service-2.json.gz"))
    if not versions:
        sys.exit(f"botocore has no model of {service}")
    with gzip.open(versions[-1], "rt", encoding="utf-8") as file:
        return json.load(file)


def member(described):
    return {ours: described[theirs] for theirs, ours in MEMBER.items() if theirs in described}


def shape(described):
    """A shape as `{kind: rules}`."""
    rules = {rule: described[rule] for rule in RULES if rule in described}
    match described["type"]:
        case "structure":
            rules["members"] = {name: member(one) for name, one in described["members"].items()}
            if described.get("eventstream"):
                return {"stream": {}}
            if error := described.get("error"):
                rules["code"] = error.get("code")
                rules["status"] = error.get("httpStatusCode")
        case "list":
            rules["member"] = member(described["member"])
        case "map":
            rules |= {"key": member(described["key"]), "value": member(described["value"])}
        case "timestamp":
            rules = {"format": described.get("timestampFormat")}
    return {described["type"]: rules}


def operation(described, added):
    http, output = described["http"], described.get("output", {})
    return {
        "method": http["method"],
        "uri": http["requestUri"],
        "status": http.get("responseCode", 200),
        "input": described.get("input", {}).get("shape"),
        "input_root": described.get("input", {}).get("locationName"),
        "output": output.get("shape"),
        "wrapper": output.get("resultWrapper"),
        "root": added.get("root"),
        "errors": [error["shape"] for error in described.get("errors", [])] + added.get("errors", []),
    }


def common_errors(names, groups):
    """The codes of some groups, each with the statuses that any of them has for it."""
    common = {}
    for name in names:
        for code, statuses in groups[name]["codes"].items():
            common.setdefault(code, []).extend(status for status in statuses if status not in common.get(code, []))
    return common


def service(described, added, groups):
    meta = described["metadata"]
    operations = described["operations"]
    additions = added.get("operations", {})
    if unknown := additions.keys() - operations.keys():
        sys.exit(f"the additions name operations that {meta['serviceId']} does not have: {sorted(unknown)}")
    errors = {error for one in additions.values() for error in one.get("errors", [])}
    if unknown := errors - described["shapes"].keys():
        sys.exit(f"the additions name errors that {meta['serviceId']} does not have: {sorted(unknown)}")
    common = common_errors(added["error_groups"], groups)
    return {
        "protocol": meta["protocol"],
        "version": meta["apiVersion"],
        "target": meta.get("targetPrefix"),
        "json": meta.get("jsonVersion"),
        "signing": meta.get("signingName", meta["endpointPrefix"]),
        "namespace": meta.get("xmlNamespace"),
        "operations": {name: operation(one, additions.get(name, {})) for name, one in operations.items()},
        "shapes": {name: shape(one) for name, one in described["shapes"].items()},
        "common_errors": common,
        "parameters": [one["name"] for one in added.get("parameters", [])],
    }


def main():
    additions = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder, groups = data_folder(), additions["error_groups"]
    services = {
        name: service(model(folder, name), added, groups) for name, added in additions["services"].items()
    }
    json.dump({"services": services}, sys.stdout, separators=(",", ":"))


main()
