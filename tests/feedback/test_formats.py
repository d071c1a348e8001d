"""Readers: real files, and errors that name the line."""

import json

import dimod
import numpy as np
import pytest

from descend.errors import TableError, UsageError
from descend.feedback.files import guess_kind, load_problem
from descend.feedback.formats import (
    read_beasley,
    read_dimacs,
    read_dimod,
    read_gset,
    read_job_shop,
    read_matrix,
    read_qaplib,
    read_tsplib,
)

TOUR = "TYPE: TSP\nDIMENSION: 3\nEDGE_WEIGHT_TYPE: {}\n{}EOF\n"
POINTS = "NODE_COORD_SECTION\n1 0 0\n2 3 4\n3 6 8\n"


def written(folder, text, name="problem.txt"):
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_gset, "", "empty"),
        (read_gset, "3\n", 'line 1: expected "nodes edges"'),
        (read_gset, "3 x\n", "line 1: the number of edges must be an integer"),
        (read_gset, "3 1\n1 4 1\n", "line 2: a node must be 1 to 3, got 4"),
        (read_gset, "3 1\n1 2 nan\n", "line 2: the weight must be finite"),
        (read_gset, "3 1\n1 1 1\n", "line 2: node 1 has an edge to itself"),
        (read_gset, "3 2\n1 2 1\n2 1 1\n", "line 3: edge 2 1 was already given in line 2"),
        (read_gset, "3 2\n1 2 1\n", "line 2: the header announces 2 edges, the file holds 1"),
        (read_gset, "3 1\n1\n", 'line 2: expected "i j"'),
        (read_dimacs, "c x\ne 1 2\n", "line 2: an edge before the problem line"),
        (read_dimacs, "c x\n", "line 1: there is no problem line"),
        (read_dimacs, "p edge 2\n", 'line 1: expected "p edge nodes edges"'),
        (read_dimacs, "p edge 2 1\np edge 2 1\n", "line 2: a second problem line"),
        (read_dimacs, "p edge 2 1\nx 1 2\n", "line 2: expected a line that starts with"),
        (read_dimacs, "p edge 2 2\ne 1 2\n", "announces 2 edges"),
        (read_qaplib, "2\n1 2 3 4\n1 2 3\n", "line 3: the file ends after 3 of 4 numbers"),
        (read_qaplib, "2 2\n", "line 1: expected the size alone"),
        (read_qaplib, "1\n1\n2\n3\n", "line 4: unexpected '3' after the end"),
        (read_qaplib, "1\n1\nx\n", "line 3: the second matrix must be a number"),
        (read_job_shop, "1 2\n0 3\n", "line 2: expected 2 pairs"),
        (read_job_shop, "2 1\n0 3\n", "line 2: the header announces 2 jobs, the file holds 1"),
        (read_job_shop, "1 1\n1 3\n", "line 2: a machine must be 0 to 0, got 1"),
        (read_job_shop, "1 1\n0 0\n", "line 2: a duration must be at least 1"),
        (read_job_shop, "1\n", 'line 1: expected "jobs machines"'),
        (read_matrix, "1,2\n3\n", "line 2: expected 2 numbers"),
        (read_matrix, "1,2\n", "expected as many rows as columns, got 1 rows of 2"),
        (read_matrix, "1,2\n3,4\n", "line 2: the matrix is not symmetric: row 1, column 2"),
        (read_matrix, "1,x\n3,4\n", "line 1: column 2 must be a number, got 'x'"),
        (read_matrix, "inf\n", "line 1: column 1 must be finite"),
        (read_beasley, "2 1\n1 3 4\n", "line 2: a variable must be 1 to 2, got 3"),
        (read_beasley, "2 2\n1 2 4\n2 1 4\n", "line 3: the pair 2 1 was already given in line 2"),
        (read_beasley, "2 2\n1 2 4\n", "announces 2 terms, the file holds 1"),
        (read_beasley, "2 1\n1 2\n", 'line 2: expected "i j q"'),
        (read_beasley, "2\n", 'line 1: expected "variables terms"'),
        (read_tsplib, "NAME: x\n", "line 1: there is no DIMENSION"),
        (read_tsplib, "hello\n", "line 1: expected"),
        (read_tsplib, TOUR.format("EUC_3D", POINTS), "'EUC_3D' is not one that can be read"),
        (read_tsplib, TOUR.format("EUC_2D", ""), "need a NODE_COORD_SECTION"),
        (
            read_tsplib,
            TOUR.format("EUC_2D", POINTS.replace("3 6 8\n", "")),
            "line 6: 1 of 3 cities have no coordinates, first 3",
        ),
        (
            read_tsplib,
            TOUR.format("EUC_2D", POINTS.replace("3 6", "2 6")),
            "line 7: city 2 was already given",
        ),
        (read_tsplib, TOUR.format("EXPLICIT", ""), "need an EDGE_WEIGHT_SECTION"),
        (
            read_tsplib,
            TOUR.format("EXPLICIT\nEDGE_WEIGHT_FORMAT: UPPER_ROW", "EDGE_WEIGHT_SECTION\n1 2\n"),
            "line 6: the file ends after 2 of 3 numbers",
        ),
        (
            read_tsplib,
            TOUR.format("EXPLICIT\nEDGE_WEIGHT_FORMAT: ROUND", "EDGE_WEIGHT_SECTION\n1 2\n"),
            "EDGE_WEIGHT_FORMAT must be one of",
        ),
        (read_dimod, "not a model", "not a binary quadratic model"),
        (read_gset, "1_0 0\n", "line 1: the number of nodes must be an integer, got '1_0'"),
        (read_matrix, "1_0\n", "line 1: column 1 must be a number, got '1_0'"),
        (read_job_shop, "1 1\n0 " + "9" * 30, "line 2: a duration must be at most"),
        (read_job_shop, "1 999999999999\n0 1\n", "line 2: expected 999999999999 pairs"),
        (read_beasley, "9999999999999 0\n", "line 1: the terms of 9,999,999,999,999 variables"),
        (read_tsplib, f"TYPE: CVRP\n{TOUR[10:].format('EUC_2D', POINTS)}", "line 1: TYPE must be"),
        (
            read_tsplib,
            TOUR.format("EUC_2D", f"FIXED_EDGES_SECTION\n1 2\n-1\n{POINTS}"),
            "line 4: a FIXED_EDGES_SECTION asks for more than a tour",
        ),
        (
            read_tsplib,
            f"NAME: x\n{TOUR.replace('3', '9999999').format('EUC_2D', POINTS)}",
            "line 3: the distances between 9,999,999 cities would need",
        ),
    ],
)
def test_malformed_files_name_the_line(tmp_path, read, text, message):
    path = written(tmp_path, text)
    with pytest.raises(TableError, match=r"problem\.txt") as caught:
        read(path)
    assert message in str(caught.value)


def test_a_byte_order_mark_is_no_number(tmp_path):
    path = tmp_path / "problem.txt"
    path.write_bytes(b"\xef\xbb\xbf2 1\n1 2 3\n")
    assert read_gset(path).weights.tolist() == [3.0]


@pytest.mark.parametrize("path", [0, None, "a\0b"])
def test_what_names_no_file_is_refused(path):
    with pytest.raises(UsageError, match="the path of a file"):
        read_gset(path)


@pytest.mark.parametrize("read", [read_gset, read_tsplib, read_dimod])
def test_missing_and_binary_files(tmp_path, read):
    with pytest.raises(TableError, match="cannot be read"):
        read(tmp_path / "absent")
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(TableError, match="not a"):
        read(path)


def test_small_files(tmp_path):
    graph = read_gset(written(tmp_path, "3 2\n1 2 -1\n2 3 2.5\n"))
    assert graph.weights.tolist() == [-1.0, 2.5]
    assert (graph.first.tolist(), graph.second.tolist()) == ([0, 1], [1, 2])
    twice = read_dimacs(written(tmp_path, "c x\np edge 3 3\ne 1 2\ne 2 1\ne 2 3\n"))
    assert len(twice.first) == 2
    energy = read_beasley(written(tmp_path, "2 2\n1 1 3\n1 2 -4\n")).ising()
    assert energy.energies([[1, 1], [1, -1], [-1, -1]]).tolist() == [-5.0, 3.0, 0.0]
    cities = read_tsplib(written(tmp_path, TOUR.format("EUC_2D", POINTS)))
    assert cities.distances[0].tolist() == [0.0, 5.0, 10.0]


@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ("FULL_MATRIX", "0 1 2 1 0 3 2 3 0"),
        ("UPPER_ROW", "1 2 3"),
        ("LOWER_ROW", "1 2 3"),
        ("UPPER_DIAG_ROW", "0 1 2 0 3 0"),
        ("LOWER_DIAG_ROW", "0 1 0 2 3 0"),
    ],
)
def test_explicit_distances(tmp_path, form, numbers):
    body = f"EXPLICIT\nEDGE_WEIGHT_FORMAT: {form}"
    path = written(tmp_path, TOUR.format(body, f"EDGE_WEIGHT_SECTION\n{numbers}\n"))
    assert read_tsplib(path).distances.tolist() == [[0, 1, 2], [1, 0, 3], [2, 3, 0]]


@pytest.mark.parametrize(
    ("name", "best"), [("ulysses16", 6859), ("bays29", 2020), ("berlin52", 7542)]
)
def test_published_tours_have_their_published_length(shared_data, name, best):
    folder = shared_data / "optimisation" / "tsplib"
    words = (folder / f"{name}.opt.tour").read_text().split("TOUR_SECTION")[1].split()
    tour = np.array([int(w) for w in words[: words.index("-1")]]) - 1
    distances = read_tsplib(folder / f"{name}.tsp").distances
    assert distances[tour, np.roll(tour, -1)].sum() == best


@pytest.mark.parametrize("name", ["nug12", "had12", "chr12a"])
def test_published_assignments_have_their_published_cost(shared_data, name):
    folder = shared_data / "optimisation" / "qaplib"
    numbers = [int(w) for w in (folder / f"{name}.sln").read_text().replace(",", " ").split()]
    problem = load_problem(folder / f"{name}.dat").problem
    places = np.array(numbers[2:]) - 1
    costs = {problem.judge(places).cost, problem.judge(np.argsort(places)).cost}
    assert numbers[1] in costs


def test_kinds_are_told_apart(tmp_path, shared_data):
    folder = shared_data / "optimisation"
    for name, kind in {
        "gset/G1.txt": "max-cut",
        "jobshop/ft06": "job-shop",
        "qubo/gka1a.sparse": "qubo",
        "tsplib/gr17.tsp": "tsp",
        "qaplib/nug12.dat": "qap",
        "dimacs/jean.col": "coloring",
    }.items():
        assert guess_kind(folder / name) == kind
        assert load_problem(folder / name).kind == kind
    with pytest.raises(UsageError, match="Give --kind"):
        guess_kind(written(tmp_path, "hello"))
    with pytest.raises(UsageError, match='Did you mean "tsp"'):
        load_problem(written(tmp_path, "hello"), "tps")


def test_dimod_models_survive_their_files(tmp_path):
    model = dimod.BinaryQuadraticModel({"a": 1.0, "b": -2.0}, {"ab": 0.5}, 0.25, "BINARY")
    binary = tmp_path / "model.bqm"
    with model.to_file() as file:
        binary.write_bytes(file.read())
    text = tmp_path / "model.json"
    text.write_text(json.dumps(model.to_serializable()))
    for path in (binary, text):
        loaded = load_problem(path)
        assert loaded.problem.labels == ["a", "b"]
        assert loaded.problem.energy.energies([[-1, 1]])[0] == pytest.approx(-1.75)


def test_matrices_in_every_meaning(tmp_path):
    path = written(tmp_path, "0,1\n1,0\n", "m.csv")
    objectives = {
        k: load_problem(path, k).objective
        for k in ("matrix", "matrix-ising", "matrix-cut", "matrix-tsp")
    }
    assert list(objectives.values()) == ["energy", "energy", "cut", "length"]
