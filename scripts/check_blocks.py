"""Reads cards with Slack's own Python library, and says what it would not take or does not know.

Usage: check_blocks.py FOLDER < LINES. FOLDER holds the package `slack_sdk`; a line is a JSON array of blocks or a
view. Ends with 1 when something is wrong, else prints how many blocks were read.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])
from slack_sdk.models.blocks import Block  # noqa: E402 - the path comes first
from slack_sdk.models.views import View  # noqa: E402


def lost(ours: object, theirs: object, at: str) -> list[str]:
    """What stands in ours and is not among what the library understood: a field it does not know, or another value."""
    if isinstance(ours, dict):
        if not isinstance(theirs, dict):
            return [f"{at}: not understood"]
        return [word for key, value in ours.items() for word in lost(value, theirs.get(key), f"{at}.{key}")]
    if isinstance(ours, list):
        if not isinstance(theirs, list) or len(ours) != len(theirs):
            return [f"{at}: not all of it is understood"]
        return [word for i, value in enumerate(ours) for word in lost(value, theirs[i], f"{at}[{i}]")]
    return [] if ours == theirs else [f"{at}: {ours!r} became {theirs!r}"]


def check(card: list | dict) -> list[str]:
    """What is wrong with a message's blocks or a view."""
    try:
        if isinstance(card, dict):
            return lost(card, View(**card).to_dict(), "view")
        problems = []
        for i, block in enumerate(card):
            parsed = Block.parse(block)
            if parsed is None:
                problems.append(f"[{i}]: {block.get('type')!r} is no block")
            else:
                problems += lost(block, parsed.to_dict(), f"[{i}] {block['type']}")
        return problems
    except Exception as refusal:  # the library has several kinds
        return [f"{type(refusal).__name__}: {refusal}"]


def main() -> int:
    count, problems = 0, []
    for line in sys.stdin:
        card = json.loads(line)
        count += len(card if isinstance(card, list) else card["blocks"])
        problems += check(card)
    for problem in sorted(set(problems)):
        print(problem)
    if not problems:
        print(f"{count} blocks read")
    return 1 if problems else 0


sys.exit(main())
