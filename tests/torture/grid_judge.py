"""What no answer of `gan-lab` may be, whatever it was given."""

import re
from dataclasses import dataclass

from grid_calls import LIMIT, Answer

CODES = (0, 1, 2, 130, 143)
CLASS = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b")
PEAK = 4 * 2**30  # bytes of memory that a call may take
NUMBERS = re.compile(r"0x[0-9a-f]+|\d+|/tmp/\S+|'[^']*'")


@dataclass(frozen=True)
class Finding:
    """What is wrong with an answer, in which case, and the line that shows it."""

    kind: str
    case: str
    line: str

    @property
    def cause(self) -> str:
        """The same of findings that have probably one cause."""
        return f"{self.kind}: {NUMBERS.sub('#', self.line)[:120]}"


def judge(case: str, answer: Answer, long_is_wrong: bool = True) -> list[Finding]:
    """Return what is wrong with an answer to anything at all."""
    last = ["", *answer.err.strip().splitlines()][-1]
    found = []

    def find(kind: str, line: str = last) -> None:
        found.append(Finding(kind, case, line))

    if answer.code == LIMIT:
        if answer.hung:
            find("hangs")
        elif long_is_wrong:
            find("takes too long")
        return found
    if answer.code not in CODES:
        find(f"exit status {answer.code}")
    if "Traceback" in answer.text:
        find("traceback")
    if "this should not happen" in answer.text:
        find("should not happen", _line_with("this should not happen", answer.text))
    elif match := CLASS.search(answer.err):
        find("exception's name as reason", _line_with(match[0], answer.err))
    if answer.peak > PEAK:
        find(f"memory {answer.peak / 2**30:.0f} GiB")
    return found


def judge_failure(case: str, answer: Answer, names: tuple[str, ...]) -> list[Finding]:
    """Return what is wrong with the answer of a call that failed: it is one line, with a name."""
    if answer.code not in (1, 2):
        return []
    lines = [line for line in answer.err.splitlines() if line.strip()]
    if len(lines) != 1 or not lines[0].startswith("gan-lab: "):
        return [Finding("failure is not one line", case, " | ".join(lines[:3]))]
    if not any(name in lines[0] for name in names):
        return [Finding("failure names no file or directory", case, lines[0])]
    return []


def _line_with(word: str, text: str) -> str:
    return next(line for line in text.splitlines() if word in line)


def print_findings(findings: list[Finding], counted: str) -> int:
    """Print a row for each cause, and return the exit status: 1 if there is any."""
    causes: dict[str, list[Finding]] = {}
    for finding in findings:
        causes.setdefault(finding.cause, []).append(finding)
    for same in sorted(causes.values(), key=len, reverse=True):
        print(f"{len(same):5}  {same[0].kind}")
        print(f"       {same[0].line[:300]}")
        for finding in same[:4]:
            print(f"       in {finding.case}")
    print(f"{counted}: {len(findings)} findings of {len(causes)} causes")
    return 1 if findings else 0
