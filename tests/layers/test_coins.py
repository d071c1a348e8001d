"""Coins: the share that is true, and no pattern along rows, along columns or from key to key."""

import jax
import numpy as np
import pytest

from descend.layers.coins import coins

ROWS, COLUMNS = 512, 256
CHANCE = 5 / np.sqrt(ROWS * COLUMNS)


def flips(seed: int, probability: float = 0.5) -> np.ndarray:
    return np.asarray(coins(jax.random.key(seed), probability, (ROWS, COLUMNS)), float)


@pytest.mark.parametrize("probability", [0.02, 0.5, 0.85])
def test_the_share_is_the_probability_as_a_whole_and_in_each_row_and_column(probability):
    found = flips(0, probability)
    deviation = np.sqrt(probability * (1 - probability))
    assert abs(found.mean() - probability) < CHANCE * deviation
    for axis, size in ((0, ROWS), (1, COLUMNS)):
        z = (found.mean(axis=axis) - probability) / deviation * np.sqrt(size)
        assert np.abs(z).max() < 5
        assert 0.75 < z.var() < 1.3  # neither too even nor too uneven


@pytest.mark.parametrize("ways", [(0, 1), (1, 0), (1, 1), (0, 2), (0, 128), (7, 3)])
def test_neighbours_have_nothing_to_do_with_one_another(ways):
    found = flips(1) - 0.5
    assert abs(4 * (found * np.roll(found, ways, axis=(0, 1))).mean()) < CHANCE


def test_keys_have_nothing_to_do_with_one_another():
    found = np.stack([flips(seed).ravel() for seed in range(8)]) - 0.5
    between = np.corrcoef(found)
    assert np.abs(between - np.eye(8)).max() < CHANCE


def test_never_and_always():
    assert not flips(0, 0.0).any()
    assert flips(0, 1.0).all()


def test_the_same_key_gives_the_same_coins_and_members_have_their_own():
    np.testing.assert_array_equal(flips(3), flips(3))
    keys = jax.random.split(jax.random.key(0), 3)
    both = jax.vmap(lambda key: coins(key, 0.5, (64,)))(keys)
    np.testing.assert_array_equal(both[1], coins(keys[1], 0.5, (64,)))
    assert np.any(both[0] != both[1])
