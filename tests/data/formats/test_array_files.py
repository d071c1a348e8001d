"""Files of arrays: idx with its labels, .npz with its parts, .npy, and what is wrong with them."""

import gzip

import numpy as np
import pytest

from descend.data.reading import read_table
from descend.errors import TableError

PIXELS = np.arange(5 * 3 * 2, dtype=np.uint8).reshape(5, 3, 2)


def idx(array, code=8):
    head = bytes([0, 0, code, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return head + array.tobytes()


def test_idx_finds_the_labels_beside_it(tmp_path):
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(PIXELS)))
    labels = np.array([3, 1, 4, 1, 5], np.uint8)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    table = read_table(tmp_path / "train-images-idx3-ubyte.gz")
    np.testing.assert_array_equal(table.frame["image"].to_numpy(), PIXELS)
    assert table.frame["class"].to_list() == labels.tolist()
    assert (table.target, table.kinds) == ("class", {"image": "image"})
    assert "labels from train-labels" in table.notes[0]


def test_folders_of_idx_files_are_one_table_in_parts(tmp_path):
    labels = np.array([3, 1, 4, 1, 5], np.uint8)
    for part, rows in (("train", 5), ("t10k", 2)):
        pictures = tmp_path / f"{part}-images-idx3-ubyte.gz"
        pictures.write_bytes(gzip.compress(idx(PIXELS[:rows])))
        (tmp_path / f"{part}-labels.idx1-ubyte").write_bytes(idx(labels[:rows]))
    (tmp_path / ".DS_Store").write_bytes(b"")
    table = read_table(tmp_path)
    assert sorted(zip(table.frame["split"], table.frame["class"], strict=True)) == [
        *[("test", 1), ("test", 3)],
        *[("train", n) for n in sorted(labels)],
    ]
    assert (table.target, table.kinds) == ("class", {"image": "image", "split": "split"})
    (tmp_path / "t10k-labels.idx1-ubyte").unlink()
    with pytest.raises(TableError, match="its parts have different arrays"):
        read_table(tmp_path)


def test_big_endian_numbers_are_turned(tmp_path):
    (tmp_path / "a.idx").write_bytes(idx((PIXELS.astype(int) * 7).astype(">i4"), 12))
    np.testing.assert_array_equal(
        read_table(tmp_path / "a.idx").frame["image"].to_numpy(), PIXELS.astype(int) * 7
    )


def test_npz_of_parts_becomes_one_table(tmp_path):
    path = tmp_path / "set.npz"
    y = np.array([0, 1, 0, 1, 0])
    np.savez(path, x_train=PIXELS, y_train=y[:, None], x_test=PIXELS[:2], y_test=y[:2, None])
    table = read_table(path)
    assert table.frame["split"].to_list() == ["train"] * 5 + ["test"] * 2
    assert table.frame["class"].to_list() == [*y, 0, 1]
    assert table.kinds == {"image": "image", "split": "split"}
    assert table.target == "class"


def test_npy_is_pictures_or_a_table(tmp_path):
    np.save(tmp_path / "p.npy", PIXELS)
    assert read_table(tmp_path / "p.npy").kinds == {"image": "image"}
    np.save(tmp_path / "t.npy", np.eye(3))
    assert read_table(tmp_path / "t.npy").frame.columns == ["column_1", "column_2", "column_3"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a-idx3-ubyte", idx(PIXELS)[:-1], "30 bytes, but only 29 follow"),
        ("a-idx3-ubyte", idx(PIXELS) + b"x", "but more follow"),
        ("a-idx3-ubyte", b"\x89PNG", "is no idx file"),
        ("a-idx1-ubyte", idx(PIXELS[:, 0, 0]), "labels, no pictures"),
        ("a-idx3-ubyte", bytes([0, 0, 8, 3]) + b"\xff" * 12, "more than is read at once"),
        ("a-idx3-ubyte.gz", gzip.compress(idx(PIXELS), mtime=0)[:-9], "cannot be read as arrays"),
        ("a.npy", b"\x93NUMPY nothing", "cannot be read as arrays"),
        ("a.npz", b"PK nothing", "cannot be read as arrays"),
        ("a.npz", b"\x80garbage", r"\(it does not begin as .npz files do, which numpy.savez"),
        ("a.npy", b"\x80garbage", r"\(it does not begin as .npy files do, which numpy.save w"),
    ],
)
def test_damaged_files_are_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=message) as caught:
        read_table(tmp_path / name)
    assert name in str(caught.value)


def test_pickles_are_never_opened(tmp_path):
    path = tmp_path / "objects.npy"
    np.save(path, np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(TableError, match="pickled objects are never opened") as caught:
        read_table(path)
    assert "allow_pickle" not in str(caught.value)


def test_arrays_of_different_lengths_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=PIXELS, y=np.zeros(3))
    with pytest.raises(TableError, match="different numbers of rows: image 5, class 3"):
        read_table(tmp_path / "a.npz")
