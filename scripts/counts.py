#!/usr/bin/env python3
"""Counts the instructions of the pure hot paths under valgrind, and compares them with benches/counts.toml.

Fails when a path takes more than two in a hundred more than is written there. A count means something only beside
one of the same tools: with others everything is counted anew, and the file written.
"""

import argparse
import json
import pathlib
import platform
import re
import subprocess
import sys
import tomllib

MORE_MAX = 0.02
HEAD = """\
# Instructions of the pure hot paths, as valgrind counts them. ./x counts compares, ./x counts --write counts anew.
# A change that takes more on purpose says why in its commit.
"""


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"counts: {' '.join(map(str, command))} ended with {done.returncode}\n{done.stderr}")
    return done.stdout, done.stderr


def built():
    """The program that goes the paths, as cargo has just built it."""
    command = ["cargo", "build", "--locked", "--release", "-p", "posthorn-store", "--bench", "counts"]
    lines = output(*command, "--message-format=json")[0].splitlines()
    made = [json.loads(line) for line in lines]
    paths = [part["executable"] for part in made if part.get("executable")]
    return paths[-1]


def tools():
    first = lambda *command: output(*command)[0].splitlines()[0].strip()
    libc = " ".join(platform.libc_ver())
    return ", ".join([first("rustc", "--version"), first("cc", "--version"), first("valgrind", "--version"), libc,
                      platform.machine()])


def counted(program):
    counts = {}
    for line in output(program)[0].splitlines():
        path, times = line.split()
        _, told = output("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                         "--toggle-collect=*counts::measured*", program, path)
        found = re.search(r"Collected : (\d+)", told)
        if not found or int(found[1]) == 0:
            sys.exit(f"counts: valgrind counted nothing of {path}: has `measured` another name?\n{told}")
        counts[path] = int(found[1]) // int(times)
    return counts


def write(file, tools_now, counts):
    lines = [f'tools = "{tools_now}"', "", "[instructions]"]
    lines += [f"{path} = {count:_}" for path, count in counts.items()]
    file.write_text(HEAD + "\n".join(lines) + "\n")


def compare(written, counts):
    """Prints a line for each path; the paths that take too much, or are not in both."""
    wrong = sorted(written.keys() ^ counts.keys())
    for path, count in counts.items():
        before = written.get(path)
        if before is None:
            print(f"  {path:<20} {count:>12,}  not in the file")
            continue
        more = count / before - 1
        print(f"  {path:<20} {count:>12,}  {more:+.2%}")
        if more > MORE_MAX:
            wrong.append(path)
    return wrong


def main():
    options = argparse.ArgumentParser(prog="./x counts", description=__doc__.splitlines()[0])
    options.add_argument("--write", action="store_true", help="count anew, and write the file")
    options.add_argument("--file", type=pathlib.Path, default="benches/counts.toml", help="compare with this")
    asked = options.parse_args()

    counts, tools_now = counted(built()), tools()
    written = tomllib.loads(asked.file.read_text()) if asked.file.exists() else {}
    wrong = compare(written.get("instructions", {}), counts)
    if asked.write or written.get("tools") != tools_now:
        if not asked.write:
            print(f"counted with: {written.get('tools')}\nthese are:    {tools_now}\nso nothing can be compared")
        write(asked.file, tools_now, counts)
        print(f"{asked.file} is written")
        return
    if wrong:
        sys.exit(f"counts: more than {MORE_MAX:.0%} worse, or not in both: {', '.join(wrong)}\n"
                 f"  If that is meant: ./x counts --write, and say why in the commit.")


if __name__ == "__main__":
    main()
