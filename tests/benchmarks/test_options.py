"""Check that the sections refuse options without a meaning."""

import sys

import pytest

from benchmarks import accuracy, depth


@pytest.mark.parametrize(
    ("module", "words", "message"),
    [
        (accuracy, ["--epochs", "0"], "expected a whole number from 1; got '0'"),
        (accuracy, ["--seeds", "x"], "expected numbers with commas between them; got 'x'"),
        (depth, ["--depths", "20,21"], "expected 6n+2 layers, such as 20 or 56; got '21'"),
    ],
)
def test_an_invalid_option_is_refused(module, words, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [module.__name__, *words])
    with pytest.raises(SystemExit, match="2"):
        module.main()
    assert message in capsys.readouterr().err
