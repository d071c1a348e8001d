"""Pictures of reports: valid SVG, with what the report says."""

import xml.etree.ElementTree as ET

import pytest

from descend.cli.pictures import bars_svg, draw_report
from descend.errors import UsageError
from descend.models import Report


def test_picture_of_a_test(descend, folder, good, class_model):
    (folder / "data.csv").write_text(good)
    result = descend("test", class_model, "data.csv", "--picture", "trust.svg")
    assert result.code == 0, result.err
    drawn = ET.parse(folder / "trust.svg").getroot()
    assert drawn.tag.endswith("svg")
    assert "reliability on 60 rows" in "".join(drawn.itertext())
    assert descend("show", class_model, "--picture", "again.svg").code == 0
    assert (folder / "again.svg").exists()


def test_names_and_reports_that_are_refused(descend, class_model, tmp_path):
    result = descend("show", class_model, "--picture", "trust.png")
    assert (result.code, "trust.png.svg" in result.err) == (2, True)
    with pytest.raises(UsageError, match="nothing to draw"):
        draw_report(Report("rows", 1, 0, ()), tmp_path / "no.svg")


def test_bars_with_odd_names_and_negative_values():
    drawn = ET.fromstring(bars_svg("a < b", ["x & y", "z" * 90], [-1.0, 2.0], [(-2, 0), (1, 3)]))
    assert "x & y" in "".join(drawn.itertext())
