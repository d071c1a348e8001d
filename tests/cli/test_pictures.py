"""Folders of pictures and sounds on the command line, right and wrong."""

import csv
import gzip
import io
import json
import sys

import numpy as np
import pytest
import soundfile
from PIL import Image

from descend.data.media import readable

TINY = ("--epochs", "2", "--layers", "conv4,pool,mean")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("DESCEND_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def photos(folder, classes=("dark", "light"), count=15, colour=False):
    """Make a folder of small pictures whose brightness is their class."""
    rng = np.random.default_rng(0)
    for place, name in enumerate(classes):
        (folder / "my photos" / name).mkdir(parents=True)
        for i in range(count):
            level = 40 + 150 * place
            pixels = rng.integers(level - 30, level + 30, (12, 10, 3) if colour else (12, 10))
            Image.fromarray(pixels.astype(np.uint8)).save(
                folder / "my photos" / name / f"bild {i} é.png"
            )
    return folder / "my photos"


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_train_test_predict_and_show_a_folder(descend, folder):
    path = photos(folder)
    (path / "dark" / "notes.txt").write_text("not a picture")
    (path / "dark" / "broken.png").write_text("not a picture")  # 1 of 31
    trained = descend("train", path, *TINY, "-o", "m.descend")
    assert trained.code == 0, trained.err
    assert "Data      30 rows, 2 columns" in trained.err
    assert "1 file cannot be read, left out:" in trained.err
    assert "pictures, 12x10 grey" in trained.err
    assert "images/s" in trained.err
    left_out = f"warning: 1 file cannot be read, left out: {path}/dark/broken.png"
    for asked in ("test", "explain"):
        told = descend(asked, "m.descend", path)
        assert told.code == 0, told.err
        assert left_out in told.err
    predicted = descend("predict", "m.descend", path / "light")
    rows = rows_of(predicted.out)
    assert len(rows) == 15
    assert {"path", "prediction", "probability_dark", "probability_light"} <= set(rows[0])
    one = rows_of(
        descend("predict", "m.descend", path / "light" / "bild 3 é.png", "--top", "5").out
    )
    assert [row["path"] for row in one] == ["bild 3 é.png"]
    assert float(one[0]["probability_1"]) >= float(one[0]["probability_2"])
    assert "probability_dark" not in one[0]
    shown = descend("show", "m.descend", "--layer", "1", "--examples", path, "-o", "l.png")
    assert shown.code == 0, shown.err
    assert left_out in shown.err
    kept = descend("show", "m.descend", "--layer", "1", "--examples", path, "-o", "m.descend")
    assert (kept.code, "would replace it" in kept.err) == (2, True)
    with Image.open(folder / "l.png") as picture:
        assert picture.size[1] == 4 * 60 + 4


def test_a_table_with_a_column_of_paths_and_a_number(descend, folder):
    path = photos(folder)
    lines = ["photo,level,heavy"]
    for place, name in enumerate(("dark", "light")):
        lines += [f"{path.name}/{name}/bild {i} é.png,{place + i / 100},{i}" for i in range(15)]
    (folder / "t.csv").write_text("\n".join(lines))
    trained = descend("train", "t.csv", "-t", "level", *TINY)
    assert trained.code == 0, trained.err
    assert "photo: pictures, 12x10 grey" in trained.err
    named = descend("train", "t.csv", "-t", "level", "--kind", "photo=category", "--dry-run")
    assert "pictures" not in named.err


def test_explanations_look_for_pictures_beside_the_table(descend, folder):
    path = photos(folder)
    lines = ["photo,note,level"]
    for place, name in enumerate(("dark", "light")):
        lines += [f"{name}/bild {i} é.png,a note of {i} words,{place + i / 100}" for i in range(15)]
    (path / "t.csv").write_text("\n".join(lines))
    trained = descend("train", path / "t.csv", "-t", "level", "--kind", "note=text", *TINY)
    assert trained.code == 0, trained.err
    why = descend("predict", "t.descend", path / "t.csv", "--why")
    assert why.code == 0, why.err
    assert len(rows_of(why.out)) == 30
    explained = descend("explain", "t.descend", path / "t.csv")
    assert explained.code == 0, explained.err
    assert "photo" in explained.out


def test_a_colour_picture_and_a_grey_model(descend, folder):
    descend("train", photos(folder), *TINY, "-o", "m.descend")
    Image.new("RGB", (30, 30), (200, 190, 210)).save(folder / "colour.png")
    predicted = descend("predict", "m.descend", "colour.png")
    assert rows_of(predicted.out)[0]["prediction"] in ("dark", "light")


def test_an_array_file(descend, folder):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = (rng.integers(0, 60, (60, 8, 8)) + 150 * y[:, None, None]).astype(np.uint8)
    np.savez(folder / "set.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    trained = descend("train", "set.npz", *TINY, "--json")
    assert trained.code == 0, trained.err
    assert "test 20" in trained.err
    assert json.loads(trained.out)["model"] == "set.descend"
    predicted = descend("predict", "set.descend", "set.npz")
    assert "image" not in rows_of(predicted.out)[0]


def test_an_idx_file_is_followed_by_another(descend, folder):
    rng = np.random.default_rng(0)
    y = np.arange(40, dtype=np.uint8) % 2
    x = (rng.integers(0, 60, (40, 8, 8)) + 150 * y[:, None, None]).astype(np.uint8)
    (folder / "mnist").mkdir()
    for word, array in (("images-idx3", x), ("labels-idx1", y)):
        shape = b"".join(n.to_bytes(4, "big") for n in array.shape)
        content = bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()
        for part in ("train", "t10k"):
            (folder / "mnist" / f"{part}-{word}-ubyte.gz").write_bytes(gzip.compress(content))
    trained = descend("train", "mnist", *TINY)
    assert trained.code == 0, trained.err
    assert "test 40" in trained.err
    assert "descend predict mnist.descend new/" in trained.err
    again = descend("train", "mnist/train-images-idx3-ubyte.gz", *TINY)
    assert "new-idx3-ubyte.gz" in again.err
    assert len(rows_of(descend("predict", "mnist.descend", "mnist").out)) == 80


def test_folders_that_cannot_be_learned_from_are_refused(descend, folder):
    (folder / "empty").mkdir()
    descend("train", "empty").refused(2, "holds no picture")
    one = photos(folder, ("only",))
    descend("train", one).refused(2, "only")
    descend("train", one / "only").refused(2, "no target")
    for i in range(3):
        (one / "only" / f"bad {i}.png").write_text("text")
    refused = descend("train", one)
    assert refused.code == 2
    assert "3 files of 18 cannot be read" in refused.err
    assert "bad 0.png: it is no picture of a known format" in refused.err


def test_layers_for_pictures_are_checked(descend, folder):
    path = photos(folder)
    descend("train", path, "--layers", "conv4,blah").refused(2, '"blah" is no layer')
    descend("train", path, "--layers", "dense4,conv4").refused(2, "stand before dense ones")
    descend("train", path, "--layers", "conv4,pool,pool,pool,pool").refused(2, "does not fit")


@pytest.mark.slow
def test_sounds(descend, folder):
    rng = np.random.default_rng(0)
    for name, hertz in (("low", 300), ("high", 1500)):
        (folder / "clips" / name).mkdir(parents=True)
        for i in range(12):
            time = np.arange(int(rng.integers(1200, 2400))) / 8000
            tone = 0.3 * np.sin(2 * np.pi * hertz * time) + 0.01 * rng.normal(size=len(time))
            soundfile.write(folder / "clips" / name / f"{i}.wav", tone, 8000)
    trained = descend("train", "clips", "--epochs", "2", "-o", "m.descend")
    assert trained.code == 0, trained.err
    assert "sounds, up to" in trained.err
    rows = rows_of(descend("predict", "m.descend", "clips/low").out)
    assert len(rows) == 12
    assert {"path", "prediction", "probability_high"} <= set(rows[0])


def test_without_soundfile_the_extra_is_named_once(descend, folder, monkeypatch):
    for name in ("low", "high"):
        (folder / "clips" / name).mkdir(parents=True)
        for i in range(6):
            (folder / "clips" / name / f"{i}.wav").write_bytes(b"no matter what")
    monkeypatch.setitem(sys.modules, "soundfile", None)
    descend("train", "clips").refused(2, "pip install 'descend[sound]'")


def test_the_limit_of_pixels_is_an_option(descend, folder, monkeypatch):
    monkeypatch.setenv("DESCEND_MAX_PIXELS", "")  # what the option sets is undone at the end
    monkeypatch.setattr(readable, "_sound", set())
    path = photos(folder)
    refused = descend("train", path, *TINY, "--max-pixels", "119")
    assert refused.code == 2
    assert "claims 10 x 12 pixels" in refused.err
    assert "--max-pixels 120 allows it" in refused.err
    assert descend("train", path, *TINY, "--max-pixels", "120").code == 0


def test_random_changes_are_those_asked_for(descend, folder):
    path = photos(folder)
    once = ("--epochs", "1", "--layers", "conv4,pool,mean", "-o", "m.descend")
    changed = descend("train", path, *once, "--augment", "flip,rotate10", "--mixup", "0.2")
    assert changed.code == 0, changed.err
    assert "flip" in changed.err
    assert "rotate 10" in changed.err
    noise = descend("train", path, *once, "--augment", "noise")
    assert noise.code == 2
    assert '"noise" does not change pictures' in noise.err
    table = descend("train", table_of(folder), "-t", "y", "--augment", "none")
    assert table.code == 2
    assert "no input is one" in table.err


def table_of(folder):
    (folder / "t.csv").write_text("x,y\n" + "".join(f"{i % 7},{i % 2}\n" for i in range(40)))
    return folder / "t.csv"
