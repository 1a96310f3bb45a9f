"""Plain values become typed objects, or one line says which of them is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from gan_lab.common.files import read_lines
from gan_lab.common.typed import Json, Malformed, plain, read
from gan_lab.runs.lines import metrics_line


@dataclass(frozen=True)
class Inner:
    name: str
    side: int | None = None


@dataclass(frozen=True)
class Outer:
    rate: float
    on: bool
    sizes: tuple[int, ...]
    pair: tuple[float, float]
    inner: Inner
    by_name: Mapping[str, Inner]
    free: Json = None


CONTENT = {
    "rate": 1,
    "on": True,
    "sizes": [1, 2],
    "pair": [0.5, 1],
    "inner": {"name": "a"},
    "by_name": {"b": {"name": "c", "side": 3}},
    "free": {"anything": [1, None, {"deep": "text"}]},
}


def test_what_was_read_is_written_again():
    found = read(Outer, CONTENT)
    assert found.inner == Inner("a") and found.by_name == {"b": Inner("c", 3)}
    assert plain(found) == CONTENT | {"inner": {"name": "a", "side": None}}
    assert read(Outer, plain(found)) == found


def test_keys_of_a_newer_version_are_passed_over():
    assert read(Inner, {"name": "a", "colour": "red"}) == Inner("a")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rate": "1"}, "rate is '1', expected a number"),
        ({"rate": True}, "rate is True, expected a number"),
        ({"on": 1}, "on is 1, expected true or false"),
        ({"sizes": [1, 2.5]}, "sizes[1] is 2.5, expected a whole number"),
        ({"sizes": 3}, "sizes is 3, expected a list"),
        ({"pair": [1.0]}, "pair is [1.0], expected a list of 2"),
        ({"inner": None}, "inner is None, expected a mapping"),
        ({"inner": {}}, "inner.name is not there"),
        ({"inner": {"name": "a", "side": "x"}}, "inner.side is 'x', expected a whole number"),
        ({"by_name": {"b": []}}, "by_name.b is [], expected a mapping"),
        ({"by_name": {1: {"name": "c"}}}, "by_name is {1: {'name': 'c'}}, expected a mapping"),
        (
            {"rate": "\x1b[2J" + "x" * 99},
            f"rate is '\\x1b[2J{'x' * 29}..., expected a number",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_place(change, words):
    with pytest.raises(Malformed) as error:
        read(Outer, CONTENT | change)
    assert str(error.value).startswith(words)


def test_damaged_lines_are_left_out_and_told(tmp_path):
    path = tmp_path / "metrics.jsonl"
    damaged = (
        b'[1]\n{"loss/d": 1.0}\n{"step": 2, "loss/d": null}\nno json\n{"step": "3"}\n\xff\xfe\n'
    )
    path.write_bytes(b'{"step": 1, "loss/d": 0.5}\n' + damaged + b'{"step": 4}\n{"step": 5, "lo')
    lines, faults = read_lines(path, metrics_line)
    assert lines == [{"step": 1, "loss/d": 0.5}, {"step": 4}]  # the last one was cut off by a kill
    assert [fault.partition(", line ")[2] for fault in faults] == [
        "2: it is no JSON object",
        "3: it has no step",
        "4: 'loss/d' is not a number",
        "5: it is not JSON",
        "6: 'step' is not a number",
        "7: it is not JSON",
    ]


def test_a_last_line_without_its_end_counts_if_it_is_whole(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}', encoding="utf-8")
    assert read_lines(path, metrics_line) == ([{"step": 1}, {"step": 2}], [])
