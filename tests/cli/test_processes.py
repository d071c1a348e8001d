"""True processes: exit codes, signals, closed pipes, warnings, the width of the terminal."""

import os
import signal
import subprocess
import sys
import time

import pytest

from descend.cli.interrupts import quit_on_interrupt
from descend.models import load


@pytest.fixture
def surroundings(tmp_path):
    """Variables under which nothing of this machine's user is read or written."""
    names = ("PATH", "HOME", "TMPDIR", "PYTHONPATH")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return kept | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "JAX_PLATFORMS": "cpu"}


@pytest.fixture
def started(folder, surroundings):
    """Start a command; it is killed after the test if it still runs."""
    processes = []

    def command(*arguments, python=(), **changes):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        words = [sys.executable, *python, "-m", "descend", *map(str, arguments)]
        processes.append(subprocess.Popen(words, env=surroundings, **(options | changes)))
        return processes[-1]

    yield command
    for process in processes:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def test_exit_codes(started, class_model):
    assert started("show", class_model, stdout=subprocess.DEVNULL).wait() == 0
    assert started("show", "absent.descend").wait() == 4
    assert started("shew", "absent.descend").wait() == 2


@pytest.mark.parametrize("output", ["text", pytest.param("json", marks=pytest.mark.slow)])
def test_full_disk_behind_standard_output(started, class_model, output):
    options = ["--json"] if output == "json" else []
    with open("/dev/full", "w") as full:
        process = started("show", class_model, *options, stdout=full)
        _, err = process.communicate()
    assert err == "descend: cannot write the output: No space left on device\n"
    assert process.returncode == 5


@pytest.mark.parametrize("options", [[], pytest.param(["--json"], marks=pytest.mark.slow)])
def test_closed_pipe(started, folder, class_model, good, options):
    lines = good.splitlines()
    (folder / "long.csv").write_text("\n".join([lines[0], *(lines[1:] * 3000)]) + "\n")
    process = started("predict", class_model, "long.csv", "--quiet", *options)
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 0


def test_no_warnings(started, folder, class_model, good):
    (folder / "data.csv").write_text(good)
    process = started("predict", class_model, "data.csv", python=["-W", "error"])
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert len(out.splitlines()) == 61
    assert "Warning" not in err


@pytest.mark.slow
def test_no_warnings_in_training(started, folder, good):
    (folder / "data.csv").write_text(good)
    options = ["-t", "y", "--epochs", "2", "--quiet"]
    process = started("train", "data.csv", *options, python=["-W", "error"])
    assert process.communicate() == ("", "")
    assert process.returncode == 0


@pytest.mark.parametrize("command", ["", "train", "test", "predict", "show"])
def test_help_fits_a_narrow_terminal(started, surroundings, command):
    surroundings["COLUMNS"] = "60"
    out, err = started(*command.split(), "--help").communicate()
    assert err == ""
    assert "Usage: descend" in out
    assert max(map(len, out.splitlines())) <= 60


def test_plain_letters_where_the_terminal_has_no_others(started, surroundings, class_model):
    surroundings["PYTHONIOENCODING"] = "ascii"
    process = started("show", class_model)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert "accuracy" in out


@pytest.fixture
def endless(started, folder, good):
    """Start a training that would go on for hours, and wait for its first epoch."""
    (folder / "data.csv").write_text(good)
    options = ["--epochs", "100000000", "--patience", "100000000", "--layers", "4"]
    process = started("train", "data.csv", "-t", "y", *options)
    for line in process.stderr:
        if line.startswith("epoch"):
            return process
    raise AssertionError("training ended before its first epoch")


@pytest.mark.parametrize("seconds", [0.15, 0.8])
def test_interrupts_in_the_midst_of_imports_quit_without_a_word_too_many(
    started, class_model, seconds
):
    process = started("show", class_model)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    if not out:  # else it was over already
        assert (process.returncode, err) == (130, "descend: stopped\n")


def test_an_interrupt_before_all_imports_is_quiet(surroundings):
    code = """
import sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "descend.cli.interrupts":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
from descend.__main__ import main
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=surroundings, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_little_is_imported_before_interrupts_are_answered(surroundings):
    code = f"import sys; sys.path[:0] = {sys.path!r}; import descend; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env=surroundings, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert not {"typing", "enum", "signal"} & set(done.stdout.split())


def test_interrupts_that_are_ignored_stay_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        quit_on_interrupt()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_in_the_midst_of_writing_leaves_no_file(folder, surroundings):
    code = (
        "import time; from descend.cli.interrupts import quit_on_interrupt; quit_on_interrupt();"
        "from descend.data.files import write_atomically as write;"
        "write('a.csv', lambda file: (print('on', flush=True), time.sleep(60)))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=surroundings, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout.readline() == "on\n"
    assert list(folder.glob(".a.csv.*.part"))
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "descend: stopped\n"
    assert process.returncode == 130
    assert not list(folder.iterdir())


def test_first_interrupt_keeps_the_best_model(endless, folder):
    endless.send_signal(signal.SIGINT)
    out, err = endless.communicate(timeout=60)
    assert endless.returncode == 130
    assert out == ""
    assert "the best model is kept" in err
    assert "Saved" in err
    assert "Traceback" not in err
    model = load(folder / "data.descend")
    assert model.card.provenance.ended == "stopped"
    assert len(model.predict("data.csv")) == 60


@pytest.mark.slow
def test_termination_is_an_interrupt(endless, folder):
    endless.send_signal(signal.SIGTERM)
    _, err = endless.communicate(timeout=60)
    assert endless.returncode == 130, err
    assert load(folder / "data.descend").card.provenance.ended == "stopped"


@pytest.mark.slow
def test_second_interrupt_quits(endless, folder):
    endless.send_signal(signal.SIGINT)
    for line in endless.stderr:
        if "Ctrl-C again quits" in line:
            break
    time.sleep(0.01)
    endless.send_signal(signal.SIGINT)
    _, err = endless.communicate(timeout=60)
    assert endless.returncode == 130
    assert "Traceback" not in err
    assert not list(folder.glob(".*.part"))
    for path in folder.glob("*.descend"):  # written in the meantime, then whole
        load(path)
