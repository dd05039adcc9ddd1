"""Answers each line of standard input with a line of JSON; an exception is a refusal."""

import json
import sys


def answer(read):
    def one(line):
        try:
            return read(line)
        except Exception as error:
            return {"refused": repr(error)}

    for line in sys.stdin.read().split("\n")[:-1]:
        print(json.dumps(one(line)))
