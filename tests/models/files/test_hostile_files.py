"""Files that are damaged or made to do harm: each is refused, quickly, and nothing else happens."""

import copy
import gzip
import json
import os
import pickle
import random
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile

import pytest

import descend
from descend.errors import ModelFileError
from descend.models.files.modelfile import MAX_TENSORS

MOST_MEMORY = 200 * 1024**2


def refused(path):
    """Check that loading fails as it should, and return the message."""
    began = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError) as caught:
            descend.load(path)
        memory = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert memory < MOST_MEMORY
    assert time.process_time() - began < 10  # a second without the tracing, which slows it down
    message = str(caught.value)
    assert str(path) in message
    assert len(message) < 1000
    return message


@pytest.fixture
def written(tmp_path):
    """Write bytes and see that they are refused."""

    def write(data: bytes) -> str:
        path = tmp_path / "bad.descend"
        path.write_bytes(data)
        return refused(path)

    return write


@pytest.fixture
def taken(model_file, by_hand):
    """Header and buffer of a good model, free to change, and what puts them together."""
    signed, parts = by_hand
    header, buffer = parts(model_file.read_bytes())
    return header, buffer, signed


def framed(header: bytes, buffer: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + buffer


FILES = {
    "empty": (b"", "empty"),
    "short": (b"\x10\0\0", "cut short"),
    "length zero": (bytes(8), "cut short"),
    "huge length": (b"\xff" * 8 + b"{}" * 50, "cut short"),
    "length past the end": (struct.pack("<Q", 100) + b"{}      ", "cut short"),
    "not an object": (framed(b"[1, 2, 3]"), "cut short"),
    "not JSON": (framed(b"{hello}"), "not valid JSON"),
    "not UTF-8": (framed(b'{"\xff\xfe": 1}'), "not UTF-8"),
    "no metadata": (framed(b"{}"), "is a safetensors file"),
    "metadata a list": (framed(b'{"__metadata__":[]}'), "is a safetensors file"),
    "other format": (framed(b'{"__metadata__":{"format":"pt"}}'), "is a safetensors file"),
    "no version": (framed(b'{"__metadata__":{"format":"descend.model"}}'), "format version None"),
    "number as version": (
        framed(b'{"__metadata__":{"format":"descend.model","version":1}}'), "version 1"),
    "version zero": (
        framed(b'{"__metadata__":{"format":"descend.model","version":"0"}}'), "the first is 1"),
    "odd version": (
        framed('{"__metadata__":{"format":"descend.model","version":"²"}}'.encode()), "version"),
    "newer version": (
        framed(b'{"__metadata__":{"format":"descend.model","version":"2"}}'), "newer Descend"),
    "vast version": (
        framed(b'{"__metadata__":{"format":"descend.model","version":"' + b"9" * 9999 + b'"}}'),
        "newer Descend"),
    "no checksum": (
        framed(b'{"__metadata__":{"format":"descend.model","version":"1"}}'), "no checksum"),
    "deep": (framed(b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"), "nested too deeply"),
    "rather deep": (framed(b'{"a":' + b"[" * 90 + b"]" * 90 + b"}"), "nested too deeply"),
    "key twice": (framed(b'{"a":1,"a":2}'), "a key occurs twice"),
    "NaN": (framed(b'{"a":NaN}'), "NaN is not"),
    "infinite": (framed(b'{"a":1e999}'), "1e999 is too large"),
    "long number": (framed(b'{"a":' + b"9" * 5000 + b"}"), "not valid JSON"),
    "pickle": (pickle.dumps([1, 2]), "pickle"),
    "zip": (b"PK\x03\x04" + bytes(30), "zip"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
    "Parquet": (b"PAR1" + bytes(100), "Parquet"),
    "gzip": (gzip.compress(b"{}" * 100, mtime=0), "gzip"),
    "text": (b"a,b,c\n1,2,3\n" * 100, "looks like a table"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_no_models(written, name):
    content, phrase = FILES[name]
    assert phrase in written(content)


def test_archives(written, tmp_path):
    with zipfile.ZipFile(tmp_path / "model.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weights", bytes(10**8))
    assert "zip" in written((tmp_path / "model.zip").read_bytes())


def test_too_many_tensors(written):
    entries = ",".join(
        f'"{i}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}' for i in range(300_000)
    )
    message = written(framed(f'{{"__metadata__":{{}},{entries}}}'.encode()))
    assert f"300,000 tensors, more than {MAX_TENSORS:,}" in message


class TestPlaces:
    """Paths that are no regular files."""

    def test_folder(self, tmp_path):
        assert "folder" in refused(tmp_path)

    def test_absent(self, tmp_path):
        assert "no file" in refused(tmp_path / "absent")

    def test_pipe(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        assert "not a regular file" in refused(tmp_path / "pipe")

    def test_link_to_a_device(self, tmp_path):
        (tmp_path / "link").symlink_to("/dev/zero")
        assert "not a regular file" in refused(tmp_path / "link")

    def test_link_to_itself(self, tmp_path):
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        refused(tmp_path / "loop")

    def test_larger_than_any_model(self, tmp_path):
        with (tmp_path / "huge").open("wb") as file:
            file.truncate(3 * 1024**3)  # takes no room on the disk
        assert "models end at" in refused(tmp_path / "huge")


def test_every_97th_byte_flipped(written, model_file):
    data = model_file.read_bytes()
    for place in range(0, len(data), 97):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        written(bytes(changed))


def test_cut_anywhere(written, model_file):
    data = model_file.read_bytes()
    for end in range(0, len(data), max(1, len(data) // 40)):
        written(data[:end])


def test_bytes_after_the_end(written, model_file):
    assert "checksum" in written(model_file.read_bytes() + b"\0")


class TestTensors:
    """Files with a right checksum whose tensors are wrong."""

    def test_the_tools_of_these_tests_write_good_models(self, taken, tmp_path, model):
        header, buffer, signed = taken
        (tmp_path / "good.descend").write_bytes(signed(header, buffer))
        assert descend.load(tmp_path / "good.descend").card == model.card

    def changed(self, taken, written, name="fingerprints", **changes):
        header, buffer, signed = taken
        header[name] |= changes
        return written(signed(header, buffer))

    @pytest.mark.parametrize(
        "changes",
        [
            {"shape": [3]},
            {"shape": [-1]},
            {"shape": [2**62, 2**62]},
            {"shape": [0, 2**62], "data_offsets": [0, 0]},
            {"shape": [1.5]},
            {"shape": None},
            {"shape": [True]},
            {"dtype": "F64"},
            {"dtype": "BOOL"},
            {"dtype": "Q99"},
            {"dtype": ["F32"]},
            {"dtype": None},
            {"data_offsets": [0, 4]},
            {"data_offsets": [4, 0]},
            {"data_offsets": [2**63, 2**64]},
            {"data_offsets": [-4, 0]},
            {"data_offsets": []},
            {"extra": 1},
        ],
        ids=str,
    )
    def test_bad_entry(self, taken, written, changes):
        self.changed(taken, written, **changes)

    @pytest.mark.parametrize("entry", [None, 1, "F32", [], {}], ids=str)
    def test_no_entry(self, taken, written, entry):
        header, buffer, signed = taken
        header["fingerprints"] = entry
        written(signed(header, buffer))

    def test_overlap_and_hole(self, taken, written):
        header, buffer, signed = taken
        names = sorted(set(header) - {"__metadata__"})
        first, second = header[names[0]], header[names[1]]
        length = first["data_offsets"][1]
        second["data_offsets"] = [place - length for place in second["data_offsets"]]
        written(signed(header, buffer))

    def test_trailing_bytes(self, taken, written):
        header, buffer, signed = taken
        written(signed(header, buffer + b"1234"))
        written(signed(header, buffer[:-4]))

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
    def test_weights_that_are_no_numbers(self, taken, written, value):
        header, buffer, signed = taken
        name = next(name for name in header if name.startswith("params/"))
        place = header[name]["data_offsets"][0]
        changed = buffer[:place] + struct.pack("<f", value) + buffer[place + 4 :]
        assert name in written(signed(header, changed))

    def test_missing_tensor(self, taken, written):
        header, buffer, signed = taken
        last = max(name for name in header if name.startswith("params/"))
        start = header[last]["data_offsets"][0]
        for name in set(header) - {"__metadata__"}:  # the tensors behind it, which may be absent
            if header[name]["data_offsets"][0] >= start:
                del header[name]
        assert f"lacks the tensor {last}" in written(signed(header, buffer[:start]))

    def test_missing_fingerprints(self, taken, written):
        header, buffer, signed = taken
        header["fingerprinz"] = header.pop("fingerprints")
        assert "fingerprints" in written(signed(header, buffer))

    def test_extra_tensor(self, taken, written):
        header, buffer, signed = taken
        end = len(buffer)
        header["spy"] = {"dtype": "F32", "shape": [1], "data_offsets": [end, end + 4]}
        assert "tensors that no layer has: ['spy']" in written(signed(header, buffer + bytes(4)))

    def test_trust_of_a_wrong_form(self, taken, written):
        header, buffer, signed = taken
        name = next(name for name in header if name.startswith("trust/residuals/"))
        header[name.replace("/1", "/0")] = header.pop(name)  # of a target of classes
        assert "trust/residuals/0 is not of the right shape" in written(signed(header, buffer))

    def test_renamed_tensor(self, taken, written):
        header, buffer, signed = taken
        name = next(name for name in header if name.startswith("params/"))
        header[name + "s"] = header.pop(name)
        assert f"lacks the tensor {name}" in written(signed(header, buffer))

    def test_turned_tensor(self, taken, written):
        header, buffer, signed = taken
        name = next(n for n in header if n.startswith("params/") and len(header[n]["shape"]) == 2)
        header[name]["shape"].reverse()
        assert f"tensor {name} is" in written(signed(header, buffer))

    def test_other_type(self, taken, written):
        header, buffer, signed = taken
        name = next(name for name in header if name.startswith("params/"))
        header[name]["dtype"] = "I32"
        assert "int32" in written(signed(header, buffer))

    @pytest.mark.parametrize("extra", ["author", "spec "])
    def test_more_metadata(self, taken, written, extra):
        header, buffer, signed = taken
        header["__metadata__"][extra] = "x"
        assert extra in written(signed(header, buffer))


ODD = (None, True, -1, 0, 1e308, 10**30, "", "x" * 1000, "\0", "\ud800", [], [[]], {}, {"kind": 1})


def places(value, path=()):
    """Yield the path of every value in plain JSON."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def replaced(value, path, new):
    """Return a copy in which one value is another."""
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], new)
    return changed


class TestPlans:
    """Files with a right checksum whose plan is wrong."""

    @pytest.fixture
    def planned(self, taken, tmp_path):
        """Write a model file with another plan, given as JSON values or text."""
        header, buffer, signed = taken
        path = tmp_path / "plan.descend"

        def write(plan):
            text = plan if isinstance(plan, str) else json.dumps(plan)
            header["__metadata__"]["spec"] = text
            path.write_bytes(signed(header, buffer))
            return path

        return write

    @pytest.mark.parametrize(
        ("text", "phrase"),
        [
            ("", "not valid JSON"),
            ("null", "not that of a model"),
            ("[" * 1000 + "]" * 1000, "nested too deeply"),
            ('{"a":1e999}', "too large"),
            ('{"a":1,"a":1}', "occurs twice"),
            ('{"kind":"os.system"}', "unknown kind 'os.system'"),
            ('{"kind":"Dense","units":3}', "not that of a model"),
        ],
    )
    def test_no_plan(self, planned, text, phrase):
        assert phrase in refused(planned(text[:2000]))

    def test_unknown_and_missing_fields(self, planned, spec):
        assert "no field 'spy'" in refused(planned(spec | {"spy": 1}))
        known = {"kind", "temperatures", "decisions", "form"}  # the last three: not in files of old
        for name in spec.keys() - known:
            less = {key: value for key, value in spec.items() if key != name}
            assert repr(name) in refused(planned(less))

    def test_a_vast_network_in_a_tiny_file(self, planned, spec):
        for units in (10**6, 10**12, 10**30):
            dense = spec["plan"]["network"]["layers"][-1] | {"units": units}
            layers = [*spec["plan"]["network"]["layers"][:-1], dense, dense]
            refused(planned(replaced(spec, ("plan", "network", "layers"), layers)))

    def test_a_network_of_very_many_layers(self, planned, spec):
        layers = spec["plan"]["network"]["layers"]
        many = [*layers[:-1], *[{"kind": "Activation", "activation": "relu"}] * 50_000, layers[-1]]
        message = refused(planned(replaced(spec, ("plan", "network", "layers"), many)))
        assert "at most 1,000 layers" in message

    @pytest.mark.parametrize("share", range(4))
    def test_odd_values_everywhere(self, planned, spec, share):
        """Every value of a plan by odd ones: a refusal, or a model that works."""
        draw = random.Random(share)
        tried = list(places(spec))[share::4]
        for path in tried:
            for new in draw.sample(ODD, 3):
                file = planned(replaced(spec, path, new))
                model = loaded(file)
                assert model is None or show(model), path

    @pytest.mark.slow
    def test_all_odd_values_everywhere(self, planned, spec):
        for path in places(spec):
            for new in ODD:
                model = loaded(planned(replaced(spec, path, new)))
                assert model is None or show(model), path


def loaded(path):
    """Load a model; None where it is refused as it should be."""
    try:
        return descend.load(path)
    except ModelFileError:
        return None


def show(model):
    """Write a model as ``descend show`` does; None of it may fail."""
    from descend.cli import render

    lines = []
    talk = render.Talk()
    talk.say = lines.append
    talk.model(model)
    return lines


AUDIT = """
import sys
import descend, jax, polars
from descend.models import load
from descend.models.files.names import spec_classes
load(sys.argv[1])  # all imports are done
opened = []
def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        writes = isinstance(mode, str) and set(mode) & set("wax+") or flags & 3
        if writes or str(path) != sys.argv[1]:
            opened.append((event, str(path), mode))
    elif event.split(".")[0] in ("socket", "subprocess", "pickle", "marshal", "ctypes"):
        opened.append((event, str(arguments)[:200]))
    elif event in ("exec", "compile", "os.system", "os.exec", "os.posix_spawn", "os.fork"):
        opened.append((event, str(arguments)[:200]))
    elif event == "import":
        opened.append((event, arguments[0]))
sys.addaudithook(watch)
load(sys.argv[1])
print(opened)
"""


def test_loading_does_nothing_else(model_file):
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, str(model_file)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "[]\n", done.stdout + done.stderr
