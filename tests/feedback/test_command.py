"""``descend optimize``: answers, files, pictures and errors."""

import json

import pytest
from click.testing import CliRunner

from descend.cli.optimize import command
from descend.errors import OutputError, TableError, UsageError

SQUARE = "4 4\n1 2 1\n2 3 1\n3 4 1\n4 1 1\n"
QUICK = ["--time-limit", "0.5", "--reads", "8", "--steps", "100", "--algorithm", "dsb"]


def run(*arguments):
    return CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def square(tmp_path):
    path = tmp_path / "square.txt"
    path.write_text(SQUARE)
    return path


def test_the_answer_goes_to_standard_output(square):
    result = run(square, *QUICK)
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["cost"] == 4.0
    assert answer["value"][0] != answer["value"][1]
    assert "cut 4" in result.stderr


@pytest.mark.parametrize("show", ["answer", "energy", "states"])
def test_result_file_and_pictures(square, tmp_path, show):
    out, picture = tmp_path / "result.json", tmp_path / "picture.svg"
    result = run(square, *QUICK, "-o", out, "--picture", picture, "--show", show, "--quiet")
    assert result.stderr == ""
    stored = json.loads(out.read_text())
    assert stored["kind"] == "max-cut"
    assert stored["answer"]["cost"] == 4.0
    assert picture.read_text().startswith("<svg")
    assert picture.read_text().rstrip().endswith("</svg>")


def test_fewest_colors_of_a_ring(tmp_path):
    path = tmp_path / "ring.col"
    path.write_text("p edge 5 5\ne 1 2\ne 2 3\ne 3 4\ne 4 5\ne 5 1\n")
    result = run(path, "--time-limit", "2", *QUICK[2:], "--json", "--picture", tmp_path / "c.svg")
    found = json.loads(result.stdout)
    assert found["answer"]["feasible"]
    assert len(set(found["answer"]["value"])) == 3
    impossible = json.loads(run(path, *QUICK, "--colors", "2", "--json").stdout)
    assert not impossible["answer"]["feasible"]
    assert impossible["violations"]


@pytest.mark.parametrize(
    ("name", "text", "objective"),
    [
        (
            "t.tsp",
            "DIMENSION: 3\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n1 0 0\n2 3 4\n3 0 4\n",
            12,
        ),
        ("q.dat", "2\n0 1\n1 0\n0 5\n5 0\n", 10),
        ("j.jsp", "2 2\n0 3 1 2\n1 2 0 4\n", 7),
        ("m.csv", "1,-3\n-3,1\n", -4),
        ("b.sparse", "2 2\n1 1 1\n1 2 -3\n", -5),
    ],
)
def test_every_kind_of_file(tmp_path, name, text, objective):
    path = tmp_path / name
    path.write_text(text)
    result = run(path, *QUICK, "--json", "--picture", tmp_path / "p.svg", "--quiet")
    assert json.loads(result.stdout)["answer"]["cost"] == objective
    assert (tmp_path / "p.svg").read_text().startswith("<svg")


def test_errors_name_the_file_and_what_to_do(square, tmp_path):
    square.write_text(SQUARE[:-6])
    with pytest.raises(TableError, match=r"square.txt, line 4: the header announces 4 edges"):
        run(square)
    with pytest.raises(UsageError, match='Did you mean "tsp"'):
        run(square, "--kind", "tps")
    square.write_text(SQUARE)
    with pytest.raises(UsageError, match="unknown algorithm"):
        run(square, "--algorithm", "sbb")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--colors", "3"], "colors are for colourings"),
        (["--time-limit", "0"], "--time-limit must be above 0"),
        (["--algorithm", "softassign"], "needs groups"),
    ],
)
def test_options_that_do_not_fit(square, options, message):
    with pytest.raises(UsageError, match=message):
        run(square, *options)


@pytest.mark.parametrize("option", ["--reads", "--steps", "--colors", "--seed"])
def test_numbers_out_of_range(square, option):
    result = run(square, option, "-1")
    assert result.exit_code == 2
    assert f"'{option}': -1 is not in the range" in result.stderr


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("n.tsp", "DIMENSION: 2\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: FULL_MATRIX\n"
         "EDGE_WEIGHT_SECTION\n0 -1 -1 0\n", "distance 1 to 2 is -1"),
        ("h.col", "p edge 9999999999999 0\n", "9,999,999,999,999 nodes"),
        ("l.jsp", "1 1\n0 99999999\n", "at most 1,000,000"),
        ("b.csv", "1e308,1e308\n1e308,1e308\n", "energies are beyond"),
    ],
)  # fmt: skip
def test_problems_that_cannot_be_posed_name_their_file(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(TableError, match=message) as caught:
        run(path)
    assert name in str(caught.value)


def test_two_cities_make_a_tour(tmp_path):
    path = tmp_path / "two.tsp"
    path.write_text("DIMENSION: 2\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n1 0 0\n2 3 4\n")
    assert json.loads(run(path, "--time-limit", "0.3", "--reads", "2").stdout)["cost"] == 10


@pytest.mark.parametrize("option", ["-o", "--picture"])
def test_a_place_that_cannot_be_written_is_told_before_the_search(square, option):
    with pytest.raises(OutputError, match="nowhere"):
        run(square, "--time-limit", "1h", option, "/nowhere/file.svg")
