#!/usr/bin/env python3
"""Writes what the installed programs are linked from, as SPDX 2.3 in JSON.

usage: sbom.py BUILD PREFIX VERSION PROGRAM...

The facts are the linker's maps (BUILD/PROGRAM.map), the headers that Ninja has
noted for each object, and dpkg's data base. PREFIX/bin/PROGRAM is installed;
compile_filters is run by the build; any other PROGRAM is embedded in doffctl.
Writes PREFIX/share/doc/doff/sbom.spdx.json, and into linked/ beside it the
copyright of each package that is in a program. A package whose licence nobody has looked at ends it.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import uuid

# By Debian's source package: the licence of what gets into a program, and what
# has to stand in Debian's copyright file for this to be the one looked at.
LICENCES = {
    "cli11": ("BSD-3-Clause", r"^License: BSD-3-clause"),
    "gcc": ("GPL-3.0-or-later WITH GCC-exception-3.1",
            r"^GCC RUNTIME LIBRARY EXCEPTION"),
    "glibc": ("LGPL-2.1-or-later", r"version 2\.1 of the License, or"),
    "libseccomp": ("LGPL-2.1-only", r"^License: LGPL-2\.1"),
    "libyaml": ("MIT", r"^License: Expat"),
    "linux": ("GPL-2.0-only WITH Linux-syscall-note", r"^License: GPL-2"),
    "musl": ("MIT", r"^License: MIT"),
    "nettle": ("LGPL-3.0-or-later OR GPL-2.0-or-later",
               r"^License: LGPL-3\+ or GPL-2\+"),
    "nlohmann-json3": ("MIT", r"^License: Expat"),
    "protozero": ("BSD-2-Clause AND Apache-2.0",
                  r"^License: BSD-2-Clause and Apache-2\.0"),
    "tl-expected": ("CC0-1.0", r"^License: CC0-1\.0"),
    "tomlplusplus": ("MIT", r"^License: +Expat"),
}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def read_map(path):
    """The files of which the linker took something, archives by member."""
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    if "\nLinker script and memory map\n" not in text:
        sys.exit(f"sbom.py: {path}: not a map of GNU ld: build with that one")
    members = re.findall(r"^(\S+)\((\S+)\)\n", text, re.M)
    members += re.findall(r"^(\S+)\((\S+)\) +\S", text, re.M)
    loaded = re.findall(r"^LOAD (\S+)$", text, re.M)
    whole = [file for file in loaded if not file.endswith(".a")]
    return set(whole) | {archive for archive, _ in members}, {
        name for archive, name in members if not archive.startswith("/")}


def read_headers(build):
    """Of each object of this build, what it was compiled from."""
    headers, current = {}, None
    for line in output("ninja", "-C", build, "-t", "deps").splitlines():
        if line.startswith("    "):
            headers[current].append(line.strip())
        elif ": #deps" in line:
            current = line.split(":")[0]
            headers[current] = []
    return headers


def packages_of(paths):
    """path -> the Debian package it is from, for all absolute ones."""
    # /lib may be a link to /usr/lib; dpkg knows a file by one of both names.
    asked = {}
    for path in paths:
        plain = os.path.normpath(path)
        for name in (plain, plain.removeprefix("/usr"), "/usr" + plain):
            asked.setdefault(name, set()).add(path)
    found = {}
    answer = subprocess.run(["dpkg", "-S", *asked], text=True, check=False,
                            capture_output=True).stdout
    for line in answer.splitlines():
        package, _, name = line.partition(": ")
        for path in asked.get(name, ()):
            found[path] = package.split(",")[0].split(":")[0]
    lost = sorted(set(paths) - set(found))
    if lost:
        sys.exit(f"sbom.py: of no Debian package: {' '.join(lost)}")
    return found


def read_program(build, program, headers):
    """The files linked, and the headers compiled in, of no folder of ours."""
    linked, own_members = read_map(f"{build}/{program}.map")
    own = {file for file in linked if file.endswith(".o")} | own_members
    compiled = set()
    for made, from_files in headers.items():
        if made in own or ("doff_helper.dir" in made and
                           os.path.basename(made) in own_members):
            compiled.update(from_files)
    return ({file for file in linked if file.startswith("/")},
            {file for file in compiled if file.startswith("/usr/include/")
             or file.startswith("/usr/lib/")})


def describe_package(name, doc, is_linked):
    source, version, source_version, architecture = output(
        "dpkg-query", "-W", "-f",
        "${source:Package} ${Version} ${source:Version} ${Architecture}",
        name).split()
    key = re.sub(r"^gcc-[0-9]+$", "gcc", source)
    if key not in LICENCES:
        sys.exit(f"sbom.py: {name}: the licence of {source} is not known: look "
                 f"at it, and add it to LICENCES")
    licence, evidence = LICENCES[key]
    copyright_file = f"/usr/share/doc/{name}/copyright"
    with open(copyright_file, encoding="utf-8") as file:
        if not re.search(evidence, file.read(), re.M):
            sys.exit(f"sbom.py: {copyright_file} has no {evidence!r}: look "
                     f"whether the licence is still {licence}")
    if is_linked:
        os.makedirs(f"{doc}/linked", exist_ok=True)
        shutil.copyfile(copyright_file, f"{doc}/linked/{source}")
    purl = f"pkg:deb/debian/{name}@{version}?arch={architecture}"
    return {
        "name": name,
        "SPDXID": "SPDXRef-" + name.replace("+", "plus"),
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "sourceInfo": f"Debian's source package {source} {source_version}",
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": licence,
        "copyrightText": "NOASSERTION",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER",
                          "referenceType": "purl",
                          "referenceLocator": purl.replace("+", "%2B")}],
    }


def own_package(name, version, **more):
    return {
        "name": name,
        "SPDXID": "SPDXRef-" + name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "Apache-2.0",
        "copyrightText": "NOASSERTION",
    } | more


def program_package(prefix, name, version):
    with open(f"{prefix}/bin/{name}", "rb") as file:
        content = file.read()
    return own_package(
        "program-" + name, version, packageFileName=f"bin/{name}",
        primaryPackagePurpose="APPLICATION",
        checksums=[{"algorithm": "SHA256",
                    "checksumValue": hashlib.sha256(content).hexdigest()}])


def main():
    build, prefix, version, *programs = sys.argv[1:]
    headers = read_headers(build)
    installed = [each for each in programs
                 if os.path.exists(f"{prefix}/bin/{each}")]
    uses = {each: read_program(build, each, headers) for each in programs}
    for each in set(programs) - set(installed) - {"compile_filters"}:
        for mine, embedded in zip(uses["doffctl"], uses[each]):
            mine |= embedded
    package = packages_of({path for use in uses.values() for paths in use
                           for path in paths})

    packages = [own_package("doff", version,
                            primaryPackagePurpose="APPLICATION")]
    relations = {("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-doff")}
    used = set()
    for each in installed:
        mine = program_package(prefix, each, version)
        packages.append(mine)
        relations.add(("SPDXRef-doff", "CONTAINS", mine["SPDXID"]))
        kinds = {}
        for path in uses[each][1]:
            kinds[package[path]] = "DEPENDS_ON"  # by its headers alone
        for path in uses[each][0]:
            kinds[package[path]] = ("DYNAMIC_LINK" if ".so" in path
                                    else "STATIC_LINK")
        for name, kind in kinds.items():
            relations.add((mine["SPDXID"], kind,
                           "SPDXRef-" + name.replace("+", "plus")))
        used |= set(kinds)
    for_build = {package[path] for path in uses["compile_filters"][0]} - used
    for each in for_build:
        relations.add(("SPDXRef-" + each.replace("+", "plus"),
                       "BUILD_DEPENDENCY_OF", "SPDXRef-doff"))
    doc = f"{prefix}/share/doc/doff"
    packages += [describe_package(each, doc, each in used)
                 for each in sorted(used | for_build)]

    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"doff-{version}",
        "documentNamespace": "",
        "creationInfo": {
            "created": time.strftime(
                "%Y-%m-%dT%H:%M:%SZ",
                time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))),
            "creators": [f"Tool: doff-sbom-{version}"],
        },
        "packages": packages,
        "relationships": [
            {"spdxElementId": one, "relationshipType": kind,
             "relatedSpdxElement": other}
            for one, kind, other in sorted(relations)],
    }
    # Unique as the rest is, and the same for the same.
    document["documentNamespace"] = uuid.uuid5(
        uuid.NAMESPACE_URL, json.dumps(document)).urn
    with open(f"{doc}/sbom.spdx.json", "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")


main()
