"""manifests.py FILE: what a cluster would refuse of the manifests in FILE.

One line for each fault: an unknown field, another type, a missing one. The
schemas are those of Kubernetes' own Python client, which is generated from what
Kubernetes publishes. Debian 12's is of 1.22, before there were admission
policies: those are below, field by field as Kubernetes 1.30 publishes them.
"""

import re
import sys

import kubernetes.client
import yaml

# Name: (fields with their types, those that must be there).
ADMISSION = {
    "ValidatingAdmissionPolicy": (
        {
            "apiVersion": "str",
            "kind": "str",
            "metadata": "V1ObjectMeta",
            "spec": "PolicySpec",
        },
        ("spec",),
    ),
    "PolicySpec": (
        {
            "auditAnnotations": "list[object]",
            "failurePolicy": "Fail|Ignore",
            "matchConditions": "list[object]",
            "matchConstraints": "MatchResources",
            "paramKind": "object",
            "validations": "list[Validation]",
            "variables": "list[object]",
        },
        ("matchConstraints", "validations"),
    ),
    "MatchResources": (
        {
            "excludeResourceRules": "list[Rule]",
            "matchPolicy": "Exact|Equivalent",
            "namespaceSelector": "V1LabelSelector",
            "objectSelector": "V1LabelSelector",
            "resourceRules": "list[Rule]",
        },
        (),
    ),
    "Rule": (
        {
            "apiGroups": "list[str]",
            "apiVersions": "list[str]",
            "operations": "list[*|CREATE|UPDATE|DELETE|CONNECT]",
            "resourceNames": "list[str]",
            "resources": "list[str]",
            "scope": "*|Cluster|Namespaced",
        },
        ("apiGroups", "apiVersions", "operations", "resources"),
    ),
    "Validation": (
        {
            "expression": "str",
            "message": "str",
            "messageExpression": "str",
            "reason": "Unauthorized|Forbidden|Invalid|RequestEntityTooLarge",
        },
        ("expression",),
    ),
    "ValidatingAdmissionPolicyBinding": (
        {
            "apiVersion": "str",
            "kind": "str",
            "metadata": "V1ObjectMeta",
            "spec": "BindingSpec",
        },
        ("spec",),
    ),
    "BindingSpec": (
        {
            "matchResources": "MatchResources",
            "paramRef": "object",
            "policyName": "str",
            "validationActions": "list[Deny|Warn|Audit]",
        },
        ("policyName", "validationActions"),
    ),
}

# The kinds that may be there, and the only version of each.
KINDS = {
    ("v1", "Namespace"): "V1Namespace",
    ("v1", "Pod"): "V1Pod",
    ("apps/v1", "DaemonSet"): "V1DaemonSet",
    ("node.k8s.io/v1", "RuntimeClass"): "V1RuntimeClass",
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"):
        "ValidatingAdmissionPolicy",
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"):
        "ValidatingAdmissionPolicyBinding",
}

faults = []


def fault(where, text):
    faults.append(f"{where}: {text}")


def schema(name):
    """Fields and types of a model, and which of its fields must be there."""
    if name in ADMISSION:
        return ADMISSION[name]
    model = getattr(kubernetes.client, name)
    fields = {
        published: model.openapi_types[ours]
        for ours, published in model.attribute_map.items()
    }
    required = []
    for ours, published in model.attribute_map.items():
        try:  # the client's own check of a field that is not there
            getattr(model, ours).fset(model(**filled(model, name)), None)
        except ValueError:
            required.append(published)
    return fields, required


def filled(model, name):
    """An object of the model with something in each of its fields."""
    return {ours: f"some {name}" for ours in model.attribute_map}


def check(where, value, wanted):
    inner = re.fullmatch(r"(list\[|dict\(str, )(.*)[\])]", wanted)
    plain = {"str": str, "bool": bool, "int": int}
    if wanted == "object":
        return
    if wanted in plain:
        if type(value) is not plain[wanted]:
            fault(where, f"{value!r} is not a {wanted}")
    elif inner and wanted.startswith("list"):
        if not isinstance(value, list):
            fault(where, "not a list")
            return
        for index, each in enumerate(value):
            check(f"{where}[{index}]", each, inner[2])
    elif inner:
        if not isinstance(value, dict):
            fault(where, "not a map")
            return
        for key, each in value.items():
            check(f"{where}.{key}", key, "str")
            check(f"{where}.{key}", each, inner[2])
    elif "|" in wanted:
        if value not in wanted.split("|"):
            fault(where, f"{value!r} is not one of {wanted}")
    else:
        check_object(where, value, wanted)


def check_object(where, value, wanted):
    if not isinstance(value, dict):
        fault(where, "not an object")
        return
    fields, required = schema(wanted)
    for key, each in value.items():
        if key in fields:
            check(f"{where}.{key}", each, fields[key])
        else:
            fault(f"{where}.{key}", "no such field")
    for key in required:
        if key not in value:
            fault(where, f"{key} is missing")


with open(sys.argv[1], encoding="utf-8") as file:
    for document in yaml.safe_load_all(file):
        kind = document.get("apiVersion"), document.get("kind")
        if kind in KINDS:
            check_object(kind[1], document, KINDS[kind])
        else:
            fault(kind, "not a kind that is known here")
for each in faults:
    print(each)
sys.exit(bool(faults))
