"""Holds answers against the SDK's own models: fields, types and enum values, down to the last one."""

import PureCloudPlatformClientV2 as sdk
from dateutil.parser import isoparse

PLAIN = {"str": str, "int": int, "float": (int, float), "bool": bool}


def problems_of(place, value, kind):
    """What a JSON value has that a type of the SDK does not, one text each."""
    if kind.startswith("list["):
        if not isinstance(value, list):
            return [f"{place}: {value!r} is no list"]
        inner = kind[5:-1]
        return [found for at, entry in enumerate(value) for found in problems_of(f"{place}[{at}]", entry, inner)]
    if kind.startswith("dict("):
        if not isinstance(value, dict):
            return [f"{place}: {value!r} is no object"]
        inner = kind[5:-1].split(", ", 1)[1]
        return [found for key, entry in value.items() for found in problems_of(f"{place}.{key}", entry, inner)]
    if kind == "object":
        return []
    if kind == "datetime":
        return problems_of_time(place, value)
    if kind in PLAIN:
        # In Python a bool is an int.
        fits = isinstance(value, PLAIN[kind]) and (kind == "bool" or not isinstance(value, bool))
        return [] if fits else [f"{place}: {value!r} is no {kind}"]
    return problems_of_model(place, value, kind)


def problems_of_time(place, value):
    try:
        return [] if isoparse(value).tzinfo else [f"{place}: {value!r} has no time zone"]
    except (TypeError, ValueError):
        return [f"{place}: {value!r} is no time"]


def problems_of_model(place, value, kind):
    if not isinstance(value, dict):
        return [f"{place}: {value!r} is no {kind}"]
    model = getattr(sdk, kind)()
    attributes = {wire: name for name, wire in model.attribute_map.items()}
    found = []
    for wire, entry in value.items():
        if wire not in attributes:
            # The API gives schemas keywords that the SDK's model of them lacks.
            if kind != "JsonSchemaDocument":
                found.append(f"{place}.{wire}: {kind} has no such field")
            continue
        name = attributes[wire]
        found += problems_of(f"{place}.{wire}", entry, model.swagger_types[name])
        if isinstance(entry, str) and model.swagger_types[name] == "str":
            setattr(model, name, entry)
            # What the SDK's setters make of a value that their enum does not have.
            if getattr(model, name) == "outdated_sdk_version":
                found.append(f"{place}.{wire}: {entry!r} is no allowed value of {kind}")
    return found
