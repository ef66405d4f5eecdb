"""Generated files are as fresh as their source."""

import pytest

from tools.generate import BEGIN, END, generated, with_table


def test_generated_files_are_up_to_date() -> None:
    stale = [path.name for path, text in generated().items() if path.read_text() != text]

    assert not stale, f"run `make generate` and commit {', '.join(stale)}"


def test_given_no_markers_when_generating_then_the_table_is_not_lost_silently() -> None:
    with pytest.raises(ValueError, match="fields:begin"):
        with_table("# A README without markers\n")


def test_text_around_the_table_stays() -> None:
    text = with_table(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    assert text.startswith(f"before\n{BEGIN}\n| Field |")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text.split("\n")
