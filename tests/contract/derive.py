"""Derives an OpenAPI document from the official Python SDK that this interpreter has installed.

Arguments: the file of additions (what the SDK's metadata lacks, see there). Standard input: one operation a
line, such as `GET /api/v2/integrations/{integrationId}`. Standard output: the document. Ends with 1 and says
which, where the SDK has no such operation.

The SDK's source is read, not imported: an import of its thousands of classes takes many times longer.
"""

import ast
import json
import re
import sys
import textwrap
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "PureCloudPlatformClientV2"
PLAIN = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "object": {},
    "file": {"type": "string", "format": "binary"},
}
JSON = "application/json"


def sdk_folder():
    spec = find_spec(PACKAGE)
    if spec is None:
        sys.exit(f"{PACKAGE} is not installed for {sys.executable}")
    return Path(spec.submodule_search_locations[0])


def schema_of(kind, models):
    """The schema of a type as the SDK writes it; the models it names are noted."""
    if kind in PLAIN:
        return dict(PLAIN[kind])
    if match := re.fullmatch(r"list\[(.+)\]", kind):
        return {"type": "array", "items": schema_of(match[1], models)}
    if match := re.fullmatch(r"dict\(str, (.+)\)", kind):
        return {"type": "object", "additionalProperties": schema_of(match[1], models)}
    if not re.fullmatch(r"[A-Z]\w*", kind):
        sys.exit(f"the SDK has the type {kind}, which is not understood")
    models.add(kind)
    return {"$ref": f"#/components/schemas/{kind}"}


class Method:
    """One method of an API class: one operation."""

    def __init__(self, text):
        self.tree = ast.parse(textwrap.dedent(text)).body[0]
        self.name = self.tree.name
        self.types = dict(
            reversed(found)
            for found in re.findall(r":param (\S+(?:, \S+)?) (\w+):", ast.get_docstring(self.tree) or "")
        )
        self.required = {argument.arg for argument in self.tree.args.args} - {"self"}
        self.path, self.query, self.body, self.answer = {}, {}, None, None
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign):
                self.assigned(node.targets[0], node.value)
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "call_api":
                self.verb = node.args[1].value
                self.answer = next(word.value.value for word in node.keywords if word.arg == "response_type")

    def assigned(self, target, value):
        """Notes `query_params['pageSize'] = params['page_size']` and the like."""
        if not (isinstance(value, ast.Subscript) and getattr(value.value, "id", "") == "params"):
            return
        parameter = value.slice.value
        if isinstance(target, ast.Name) and target.id == "body_params":
            self.body = parameter
        elif isinstance(target, ast.Subscript):
            kept = {"path_params": self.path, "query_params": self.query}.get(getattr(target.value, "id", ""))
            if kept is not None:
                kept[target.slice.value] = parameter


def methods(folder, wanted):
    """The SDK's method for each wanted operation."""
    found = {}
    for file in sorted((folder / "apis").glob("*_api.py")):
        text = file.read_text(encoding="utf-8")
        for route in {route for _, route in wanted}:
            for match in re.finditer(re.escape(f"resource_path = '{route}'"), text):
                begin = text.rindex("\n    def ", 0, match.start()) + 1
                # The next thing at the same depth: a method, or its decorator.
                end = re.compile(r"\n    \S|\Z").search(text, match.end()).start()
                method = Method(text[begin:end])
                if (method.verb, route) in wanted:
                    # Some operations stand in two classes; either says the same.
                    found.setdefault((method.verb, route), (file.stem, method))
    if missing := [f"{verb} {route}" for verb, route in wanted if (verb, route) not in found]:
        sys.exit(f"the SDK has no {', '.join(missing)}")
    return found


class Models:
    """Reads the SDK's model classes as they are needed."""

    def __init__(self, folder, additions):
        self.folder = folder / "models"
        index = (self.folder / "__init__.py").read_text(encoding="utf-8")
        self.modules = {name: module for module, name in re.findall(r"from \.(\w+) import (\w+)", index)}
        self.additions = additions
        self.done = {}
        self.used = set()

    def read_all(self):
        while waiting := sorted(self.used - self.done.keys()):
            for name in waiting:
                self.done[name] = self.additions["raw"].get(name, {}).get("schema") or self.read(name)
        return dict(sorted(self.done.items()))

    def read(self, name):
        if name not in self.modules:
            sys.exit(f"the SDK has no model {name}")
        text = (self.folder / f"{self.modules[name]}.py").read_text(encoding="utf-8")
        types, names = self.table(text, "swagger_types"), self.table(text, "attribute_map")
        allowed = self.allowed(text)
        required = self.additions["required"].get(name, {}).get("fields", [])
        read_only = self.additions["read_only"].get(name, {}).get("fields", [])
        closed = self.additions["closed_sets"].get(name, {})
        properties = {}
        for attribute, wire in names.items():
            schema = schema_of(types[attribute], self.used)
            if attribute in allowed:
                (schema.get("items") or schema)["enum"] = allowed[attribute]
            if wire in closed:
                self.close(schema, f"{name}.{wire}", closed[wire]["values"])
            if wire in read_only and "$ref" not in schema:
                schema["readOnly"] = True
            properties[wire] = schema
        if unknown := [field for field in [*required, *read_only, *closed] if field not in properties]:
            sys.exit(f"the additions name fields that {name} does not have: {unknown}")
        model = {"type": "object", "properties": properties, "additionalProperties": False}
        if required:
            model["required"] = sorted(required)
        return model

    @staticmethod
    def close(schema, field, values):
        """Gives the items of a list the values that the SDK writes down for no list."""
        if schema.get("type") != "array" or "enum" in schema["items"]:
            sys.exit(f"the SDK has {field} as {schema}: the closed set of the additions is not needed, or wrong")
        schema["items"]["enum"] = values

    @staticmethod
    def table(text, name):
        begin = text.index(f"self.{name} = {{") + len(f"self.{name} = ")
        return ast.literal_eval(text[begin : text.index("}", begin) + 1])

    @staticmethod
    def allowed(text):
        """The allowed values of each attribute, as its setter has them."""
        found = {}
        for setter in re.split(r"\n    @(\w+)\.setter\n", text)[1:]:
            if setter.isidentifier():
                attribute = setter
            elif match := re.search(r"allowed_values = (\[.*?\])\n", setter, re.DOTALL):
                found[attribute] = ast.literal_eval(match[1])
        return found


class Document:
    def __init__(self, folder, additions):
        self.additions = additions
        self.models = Models(folder, additions)
        self.paths = {}

    def add(self, verb, route, place, method):
        added = self.additions["operations"].get(f"{verb} {route}", {})
        operation = {"operationId": method.name, "tags": [place.removesuffix("_api")]}
        operation["parameters"] = [
            self.parameter(wire, "path", True, method.types[name], added) for wire, name in method.path.items()
        ] + [
            self.parameter(wire, "query", name in method.required, method.types[name], added)
            for wire, name in method.query.items()
        ]
        if method.body:
            schema = schema_of(method.types[method.body], self.models.used)
            operation["requestBody"] = {
                "required": method.body in method.required,
                "content": {JSON: {"schema": schema}},
            }
        operation["responses"] = self.responses(method, added)
        self.paths.setdefault(route, {})[verb.lower()] = operation

    def parameter(self, wire, place, required, kind, added):
        schema = schema_of(kind, self.models.used)
        if allowed := added.get("values", {}).get(wire):
            (schema.get("items") or schema)["enum"] = allowed
        parameter = {"name": wire, "in": place, "required": required, "schema": schema}
        if kind.startswith("list["):
            parameter |= {"style": "form", "explode": False}
        return parameter

    def responses(self, method, added):
        responses = {}
        for status in added.get("statuses", ["200"]):
            kind = added.get("answers", {}).get(status, method.answer)
            responses[status] = {"description": ""}
            if kind and status not in added.get("empty", []):
                media = added.get("media", JSON)
                schema = schema_of(kind, self.models.used)
                responses[status]["content"] = {media: {"schema": schema}}
        for status, common in self.additions["common_errors"]["statuses"].items():
            codes = common + added.get("error_codes", {}).get(status, [])
            responses[status] = self.refusal(codes)
        for status, codes in added.get("error_codes", {}).items():
            if status not in responses:
                responses[status] = self.refusal(codes)
        return responses

    def refusal(self, codes):
        model = self.additions["common_errors"]["model"]
        refusal = {"description": "", "content": {JSON: {"schema": schema_of(model, self.models.used)}}}
        if codes:
            refusal["x-error-codes"] = sorted(codes)
        return refusal

    def whole(self):
        for route, item in self.additions["paths"].items():
            self.paths[route] = item["path"]
        return {
            "openapi": "3.0.3",
            "info": {"title": f"Genesys Cloud, as {PACKAGE} has it", "version": version(PACKAGE)},
            "paths": dict(sorted(self.paths.items())),
            "components": {"schemas": self.models.read_all() | self.additions["schemas"]},
        }


def main():
    additions = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = sdk_folder()
    lines = [line.split() for line in sys.stdin.read().splitlines() if line.strip()]
    wanted = {(verb, route) for verb, route in lines if route not in additions["paths"]}
    document = Document(folder, additions)
    for (verb, route), (place, method) in sorted(methods(folder, wanted).items()):
        document.add(verb, route, place, method)
    json.dump(document.whole(), sys.stdout, indent=1)


main()
