"""workqueue dlq, as a user calls it: what is refused before anything is touched."""

from typing import Any

import pytest

from workqueue_operator.cli.main import main


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit code and what is said, of a call that prints nothing else."""
    try:
        code: Any = main(["dlq", *words])
    except SystemExit as left:
        code = left.code
    heard = capsys.readouterr()
    assert heard.out == ""
    return code, heard.err


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["list"], "the following arguments are required: NAME"),
        (["list", "mail", "--limit", "0"], "argument --limit: '0' is no whole number above 0"),
        (["list", "mail", "--limit", "²"], "argument --limit: '²' is no whole number above 0"),
        (["list", "mail", "--older-than", "2"], "'2' is no age: write it as in 90s, 2h30m or 7d"),
        (["list", "mail", "--reason", "Bad"], "'Bad' is none of MaxAttempts, DeadLetter, MaxC"),
        (["list", "mail", "--direct", "--port-forward"], "not allowed with argument --direct"),
        (["show", "mail"], "the following arguments are required: ID"),
        (["replay", "mail"], "say which dead letters are meant: --all, or --id or another filter"),
        (["replay", "mail", "--limit", "5"], "say which dead letters are meant"),
        (["replay", "mail", "--all", "--rate", "0"], "argument --rate: '0' is no number above 0"),
        (["replay", "mail", "--all", "--rate", "inf"], "'inf' is no number above 0"),
        (["replay", "mail", "--all", "--id", "x"], "--all means every one, and a filter some"),
        (["purge", "mail"], "say which dead letters are meant"),
        (["purge", "mail", "--all"], "purge asks before it removes anything, and nobody is there"),
    ],
)
def test_a_call_that_is_wrong_is_refused_with_a_way_out(
    words: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = refusal(capsys, *words)
    assert what in said
    assert code == 2


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--kubeconfig", "/nowhere"], id="no kubeconfig"),
        pytest.param(["--context", "nobody"], id="no context"),
    ],
)
def test_without_a_cluster_nothing_is_reached_and_the_way_out_is_named(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = refusal(capsys, "list", "mail", *words)
    assert code == 3
    assert "no way to a Kubernetes API server" in said
    assert "--kubeconfig FILE, --context NAME" in said


@pytest.mark.parametrize("verb", ["list", "show", "replay", "purge"])
def test_each_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["dlq", verb, "--help"])
    told = capsys.readouterr().out
    assert left.value.code == 0
    assert "exit codes:" in told
    assert "--port-forward" in told
