"""Help in sections: every option stands in one."""

from collections import Counter

from click.testing import CliRunner

from descend.cli.train import SECTIONS, command


def test_every_option_of_train_stands_in_one_section():
    named = Counter(name for names in SECTIONS.values() for name in names)
    options = {parameter.name for parameter in command.params} - {"file"}
    assert named == Counter(options)


def test_help_shows_each_option_once_under_its_heading():
    lines = CliRunner().invoke(command, ["--help"]).output.splitlines()
    places = {heading: lines.index(f"{heading}:") for heading in SECTIONS}
    assert sorted(places.values()) == list(places.values())
    (target,) = (i for i, line in enumerate(lines) if line.startswith("  -t, --target"))
    assert places["What to learn"] < target < places["What comes of it"]
    assert lines[-2] == "Other:"
    assert "--help" in lines[-1]
