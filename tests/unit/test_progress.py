import io
import sys

from pipeline.progress import hidden, track, waiting


def terminal(monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def test_a_terminal_sees_how_far_a_stage_is(monkeypatch):
    screen = terminal(monkeypatch)
    assert list(track([3, 4], "neighbours", "rows", total=7, step=[3, 4])) == [3, 4]
    assert "neighbours" in screen.getvalue() and "7 rows" in screen.getvalue()


def test_what_is_hidden_shows_nothing(monkeypatch):
    screen = terminal(monkeypatch)
    with hidden(), waiting("trying"):
        assert list(track([3, 4], "neighbours", "rows", total=2)) == [3, 4]
    assert screen.getvalue() == ""
    with waiting("reading"):
        pass
    assert "reading" in screen.getvalue()
