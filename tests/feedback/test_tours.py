"""Local search on tours: moves, gains, and what no move improves."""

from itertools import permutations

import numpy as np
import pytest

from descend.feedback.problems.tours import improve, kick, length


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("cities", [3, 4, 5, 8, 30])
def test_improving_ends_in_a_tour_that_is_no_longer(cities, symmetric):
    rng = np.random.default_rng(cities)
    d = rng.random((cities, cities))
    d = d + d.T if symmetric else d
    start = np.concatenate([[0], 1 + rng.permutation(cities - 1)])
    end = improve(start, d)
    assert sorted(end.tolist()) == list(range(cities))
    assert end[0] == 0
    assert length(end, d) <= length(start, d)
    np.testing.assert_array_equal(improve(end, d), end)


def test_kicks_and_moves_find_the_shortest_tour_of_eight_cities():
    rng = np.random.default_rng(1)
    places = rng.random((8, 2))
    d = np.linalg.norm(places[:, None] - places, axis=2)
    shortest = min(length(np.array([0, *rest]), d) for rest in permutations(range(1, 8)))
    best = improve(np.arange(8), d)
    for _ in range(20):
        other = improve(kick(best, rng), d)
        best = other if length(other, d) < length(best, d) else best
    assert length(best, d) == pytest.approx(shortest)


def test_a_kick_keeps_every_city_once():
    rng = np.random.default_rng(0)
    kicked = kick(np.arange(9), rng)
    assert sorted(kicked.tolist()) == list(range(9))
    assert kicked.tolist() != list(range(9))
