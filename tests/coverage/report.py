#!/usr/bin/env python3
"""Holds the coverage of launcher/ against tests/coverage/explained.

usage: report.py EXPLAINED GCOVR.json

Prints every line and branch that nothing reached and nobody explained, and
every explanation of something that was reached. Exit status 1 if there is one.

An entry of EXPLAINED is `FILE: TEXT`, or `FILE: branch: TEXT` if the line is
reached but not in every way. It is about all lines of FILE with TEXT in them; if
such a line opens a function, about that whole function. Below one entry or
several, indented, stands the reason.
"""

import json
import sys


class Entry:
    def __init__(self, number, head):
        self.number = number
        self.file, _, text = head.partition(": ")
        self.is_branch = text.startswith("branch: ")
        self.text = text.removeprefix("branch: ").strip()
        self.used = False

    def lines(self, source):
        """The numbers of the lines that it is about."""
        found = set()
        for number, line in enumerate(source, 1):
            if self.text not in line:
                continue
            found.add(number)
            if line.endswith("{") and not line.startswith(" "):
                end = source.index("}", number)
                found.update(range(number, end + 2))
        return found


def read_entries(path):
    entries = []
    without_reason = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith(" "):
                without_reason.clear()
            elif ": " in line:
                entries.append(Entry(number, line))
                without_reason.append(number)
            else:
                sys.exit(f"{path}:{number}: neither FILE: TEXT nor a reason")
    for number in without_reason:
        sys.exit(f"{path}:{number}: no reason is given")
    return entries


def uncovered(file):
    """(line, whether only a branch of it) for what was never reached."""
    for line in file["lines"]:
        if line.get("gcovr/noncode"):
            continue
        if line["count"] == 0:
            yield line["line_number"], False
        elif any(branch["count"] == 0 for branch in line["branches"]):
            yield line["line_number"], True


def main():
    explained, report = sys.argv[1:]
    entries = read_entries(explained)
    with open(report, encoding="utf-8") as file:
        files = [each for each in json.load(file)["files"]
                 if each["file"].startswith("launcher/")]
    if not any(line["count"] for file in files for line in file["lines"]):
        sys.exit("nothing was counted: were the tests run with this build?")
    unexplained = 0
    for file in files:
        name = file["file"]
        with open(name, encoding="utf-8") as text:
            source = text.read().splitlines()
        about = [(e, e.lines(source)) for e in entries if e.file == name]
        for number, is_branch in uncovered(file):
            reasons = [e for e, lines in about
                       if number in lines and e.is_branch <= is_branch]
            for entry in reasons:
                entry.used = True
            if reasons:
                continue
            unexplained += 1
            what = "a branch is not covered" if is_branch else "not covered"
            print(f"{name}:{number}: {what}: {source[number - 1].strip()}")
    stale = [e for e in entries if not e.used]
    for entry in stale:
        print(f"{explained}:{entry.number}: nothing of this is uncovered: "
              f"{entry.file}: {entry.text}")
    print(f"launcher/: {unexplained} not covered and not explained, "
          f"{len(entries)} explanations, {len(stale)} of them stale")
    sys.exit(1 if unexplained or stale else 0)


main()
