"""Files that are no models, and tables that do not fit a model."""

import pickle

import pytest

from descend.models.files.modelfile import VERSION


@pytest.fixture
def damaged(descend, folder):
    """Write some bytes as a model file, and run each command that reads one."""

    def write(content: bytes, *phrases: str) -> None:
        (folder / "broken").write_bytes(content)
        (folder / "data.csv").write_text("a,b,c,y\n.1,.2,u,no\n")
        for command in (["show"], ["predict"], ["test"]):
            files = ["broken"] if command == ["show"] else ["broken", "data.csv"]
            descend(*command, *files).refused(4, "broken", *phrases)

    return write


def test_truncated(damaged, class_model):
    data = class_model.read_bytes()
    damaged(data[:-1], "damaged", "checksum", "Copy it again")
    damaged(data[:1000], "cut short")
    damaged(data[:5], "cut short")
    damaged(b"", "empty")


@pytest.mark.parametrize("place", [0.1, 0.99])
def test_a_flipped_bit(damaged, class_model, place):
    data = bytearray(class_model.read_bytes())
    header = 8 + int.from_bytes(data[:8], "little")
    data[header + int((len(data) - header) * place)] ^= 4
    damaged(bytes(data), "damaged", "checksum")


def test_a_flipped_bit_in_the_header(damaged, class_model):
    data = bytearray(class_model.read_bytes())
    data[8 + int.from_bytes(data[:8], "little") // 2] ^= 4
    damaged(bytes(data), "broken")


def test_newer_version(damaged, class_model):
    old, new = f'"version":"{VERSION}"', f'"version":"{VERSION + 1}"'
    data = class_model.read_bytes().replace(old.encode(), new.encode(), 1)
    damaged(data, "newer Descend", f"format {VERSION + 1}", "pip install --upgrade")


def test_names_that_are_empty(descend, folder, class_model):
    for command in (
        ("train", "", "-t", "y"),
        ("test", class_model, ""),
        ("predict", class_model, ""),
    ):
        descend(*command).refused(2, "the name of the file is empty")
    descend("predict", "", "data.csv").refused(4, "the name of the model file is empty")


def test_a_target_of_nearly_the_same_name(descend, folder, class_model):
    (folder / "data.csv").write_text("a,b,c,Y\n.1,.2,u,no\n")
    told = descend("test", class_model, "data.csv")
    told.refused(2, 'no column "y"', 'Did you mean "Y"? Columns: a, b, c, Y')


@pytest.mark.parametrize("text", ["a,b,c\n1,2,3\n", "Once upon a time, é" * 60, "é" * 501])
def test_a_table_in_the_place_of_the_model(damaged, text):
    damaged(text.encode(), "looks like a table", "The model is named first")


def test_pickle(damaged):
    damaged(pickle.dumps({"weights": [1.0]}), "pickle", "run code")


def test_other_files(damaged):
    damaged(b"PK\3\4" + bytes(100), "zip")
    damaged(b"a,b\n1,2\n" * 40, "not a Descend model")


def test_no_file(descend, folder):
    descend("show", "absent.descend").refused(4, "no file absent.descend")
    descend("show", folder).refused(4, "is a folder")
    descend("show", "/dev/null").refused(4, "not a regular file")


def test_arguments_exchanged(descend, folder, class_model, good):
    (folder / "data.csv").write_text(good)
    descend("predict", "data.csv", class_model).refused(4, "data.csv is not a Descend model")


class TestTables:
    """Predicting and testing on tables that differ from the one trained on."""

    @pytest.fixture
    def predict(self, descend, folder, class_model):
        def command(content, *options, verb="predict"):
            (folder / "new.csv").write_text(content)
            return descend(verb, class_model, "new.csv", *options)

        return command

    def test_missing_column(self, predict):
        predict("a,b\n1,2\n").refused(2, 'new.csv: a column "c" is needed', "Columns: a, b")

    def test_missing_columns(self, predict):
        predict("z,b\n1,2\n").refused(2, "2 needed columns", "a, c")

    def test_renamed_column(self, predict):
        predict("a,bb,c\n1,2,u\n").refused(2, 'column "b" is needed', 'Did you mean "bb"?')

    def test_text_where_numbers_were(self, predict):
        result = predict("a,b,c\n1,2,u\nhello,2,u\n")
        result.refused(2, "new.csv", 'column "a", row 2', '"hello" is not a number')

    def test_infinite_number(self, predict):
        predict("a,b,c\n1,1e999,u\n").refused(2, 'column "b", row 1', "infinite")

    def test_extra_column_is_kept_and_named(self, predict):
        result = predict("a,more,b,c\n.1,7,.2,u\n")
        assert result.code == 0
        assert result.out.startswith("a,more,b,c,prediction,")
        assert "not used: more" in result.err

    def test_order_of_columns_does_not_matter(self, predict):
        straight = predict("a,b,c\n.1,.2,u\n.9,.8,w\n").out
        turned = predict("c,a,b\nu,.1,.2\nw,.9,.8\n").out
        answers = [[line.split(",")[3:] for line in out.splitlines()] for out in (straight, turned)]
        assert answers[0] == answers[1]

    def test_new_category_is_counted(self, predict):
        result = predict("a,b,c\n.1,.2,zebra\n")
        assert result.code == 0
        assert "zebra" in result.err

    def test_numbers_where_categories_were(self, predict):
        result = predict("a,b,c\n.1,.2,77\n")
        assert result.code == 0
        assert '1 with a value that was not learned ("77")' in result.err

    def test_missing_and_far_values_are_noted(self, predict):
        result = predict("a,b,c\n,1e300,\n")
        assert result.code == 0
        assert "a: 1 missing" in result.err
        assert "b: 1 beyond the training range" in result.err

    def test_empty_tables(self, predict):
        predict("").refused(2, "new.csv is empty")
        predict("a,b,c\n").refused(2, "no rows")

    def test_one_row(self, predict):
        assert len(predict("a,b,c\n.1,.2,u\n").out.splitlines()) == 2

    def test_test_without_the_target(self, predict):
        result = predict("a,b,c\n.1,.2,u\n", verb="test")
        result.refused(2, 'new.csv has no column "y"', "Columns: a, b, c")

    def test_test_without_labels(self, predict):
        result = predict("a,b,c,y\n.1,.2,u,\n", verb="test")
        result.refused(2, "no row with every target known")

    def test_test_with_unknown_labels(self, predict):
        result = predict("a,b,c,y\n.1,.2,u,yess\n", verb="test")
        result.refused(2, '"yess" is none of the classes', 'Did you mean "yes"?')
