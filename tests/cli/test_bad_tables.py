"""Tables that cannot be learned from: what the message says, and that nothing is left behind."""

import gzip

import pytest


def rows_of(good: str, count: int) -> str:
    return "\n".join(good.splitlines()[: count + 1]) + "\n"


def with_targets(*targets: str) -> str:
    return "a,y\n" + "".join(f"{i * 7 % 31 / 31:.4f},{y}\n" for i, y in enumerate(targets))


def test_missing_file(descend, folder):
    (folder / "penguins.csv").write_text("a\n1\n")
    descend("train", "pengiuns.csv", "-t", "a").refused(
        2, "pengiuns.csv does not exist", 'Did you mean "penguins.csv"?'
    )


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"], ids=["none", "blank", "mark"])
def test_empty_file(train, content):
    train(content).refused(2, "data.csv is empty", "header")


def test_empty_gzip_file(train):
    train(gzip.compress(b""), name="data.csv.gz").refused(2, "data.csv.gz", "empty")


def test_damaged_gzip_file(train, good):
    train(gzip.compress(good.encode())[:-20], name="data.csv.gz").refused(2, "data.csv.gz")


def test_header_only(train):
    train("a,b,y\n").refused(2, "data.csv has columns (a, b, y) but no rows", "--no-header")


@pytest.mark.parametrize(
    ("name", "phrases"),
    [
        ("speces", ('no column "speces"', 'Did you mean "species"?', "Columns: size, species")),
        ("zzz", ('no column "zzz"', "Columns: size, species")),
    ],
)
def test_target_column_absent(train, name, phrases):
    train("size,species\n1,a\n2,b\n", "-t", name).refused(2, "data.csv", *phrases)


def test_no_target_lists_the_columns(descend, folder, good):
    (folder / "data.csv").write_text(good)
    descend("train", "data.csv").refused(2, "--target", "Columns: a, b, c, y")


def test_constant_target(train):
    train(with_targets(*["k"] * 30)).refused(2, "data.csv", '"y"', '"k" in all 30 rows')


def test_target_always_missing(train):
    train(with_targets(*[""] * 30)).refused(2, '"y" has no value in any of 30 rows')


def test_target_different_in_every_row(train):
    result = train(with_targets(*[f"name {i}" for i in range(30)]))
    result.refused(2, '"y" is different in every one of 30 rows', "Name another target")


def test_class_with_a_single_row_is_learned_with_a_warning(train):
    result = train(with_targets("z", *["u", "v"] * 15))
    assert result.code == 0, result.err
    assert "z has a single row" in result.err


def test_ragged_rows(train, good):
    result = train(good + "1,2\n3,4,u,no,5\n")
    result.refused(2, "expected 4 cells", "line 62 has 2, line 63 has 5", "--bad-rows skip")


def test_ragged_rows_left_out(train, good):
    result = train(good + "1,2\n3,4,u,no,5\n", "--bad-rows", "skip")
    assert result.code == 0
    assert "2 rows with too few or too many cells left out" in result.err
    assert "60 rows" in result.err


def test_unclosed_quote(train, good):
    train(good + '1,2,"u,yes\n3,4,u,no\n').refused(2, "data.csv, line 62", "quote", "--quote none")


def test_quotes_can_be_text(train, good):
    rows = "\n".join(f'.{i},.{i},"w{i},no' for i in range(3))
    assert train(f"{good}{rows}\n", "--quote", "none").code == 0


def test_wrong_encoding(train, good):
    data = good.replace("yes", "ja!").replace("no,", "ä,").replace("ja!", "ä").encode("latin-1")
    train(data, "--encoding", "utf-8").refused(2, "data.csv, line 3, byte", "UTF-8", "latin-1")
    train(data, "--encoding", "klingon").refused(2, 'unknown encoding "klingon"', "latin-1")


def test_nul_bytes(train, good):
    train(good[:100].encode() + b"\0" + good[100:].encode()).refused(2, "data.csv, line", "NUL")


def test_duplicate_column_names(train, good):
    train(good.replace("a,b", "a,a", 1)).refused(2, '2 columns are named "a" (columns 1, 2)')


@pytest.mark.parametrize("cell", ["1e999", "inf", "-inf", "Infinity"])
def test_infinite_numbers(train, good, cell):
    result = train(f"{good}{cell},.5,u,yes\n")
    result.refused(2, "data.csv", 'column "a"', "row 61", f'"{cell}" is infinite', "drop")


def test_nan_is_a_missing_number(train, good):
    result = train(f"{good}nan,.5,u,yes\nNaN,.6,v,no\n")
    assert result.code == 0
    assert "with gaps: filled and flagged" in result.err


def test_decimal_comma_among_decimal_points(train, good):
    result = train(f'{good}"1,5",.5,u,yes\n')
    result.refused(2, 'column "a"', '"1,5"', "is a number in 60 cells, but not in 1")


def test_decimal_commas_throughout(train, good):
    result = train(good.replace(",", ";").replace(".", ","))
    assert result.code == 0
    assert "2 numbers" in result.err
    assert 'separator ";"' in result.err


def test_a_million_columns(train):
    names = ",".join(f"c{i}" for i in range(1_000_000))
    result = train(f"{names}\n{names}\n")
    result.refused(2, "more than 100,000 columns", "transpose")


@pytest.mark.parametrize("rows", ["1 row", "2 rows", "3 rows"])
def test_too_few_rows(train, good, rows):
    train(rows_of(good, int(rows[0]))).refused(2, f"data.csv has {rows};", "at least 4")


def test_few_rows_with_a_known_target(train, good):
    unlabelled = "".join(f".{i},.1,u,\n" for i in range(10))
    train(rows_of(good, 3) + unlabelled).refused(2, "3 rows with a known target")


def test_four_rows_train(train, good):
    result = train(rows_of(good, 4))
    assert result.code == 0, result.err
    assert "fewer than 5 rows" in result.err


def test_nothing_left_to_learn_from(train, good):
    train(good, "--drop", "a,b,c").refused(2, "no column is left to learn from")


def test_validation_file_with_unknown_classes(train, folder, good):
    (folder / "held.csv").write_text("a,b,c,y\n.1,.2,u,maybe\n")
    result = train(good, "--validation", "held.csv")
    result.refused(2, '"maybe" is none of the classes', "Classes: no, yes")
    assert "data.csv" not in result.err
