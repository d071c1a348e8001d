"""Options that make no sense: the message lists what would."""

import json
import re

import pytest

CASES = {
    "--layers 0": ("--layers", "at least 1", "64,32"),
    "--layers 8,-1": ("--layers", "at least 1"),
    "--layers many": ("--layers", "at least 1"),
    "--layers 1000000000": ("7,000,000,000 weights", "--layers"),
    "--layers 90000,90000": ("weights", "--layers"),
    "--learning-rate -0.1": ("learning_rate", "above 0", "-0.1"),
    "--learning-rate 0": ("learning_rate", "above 0"),
    "--learning-rate nan": ("learning_rate", "above 0", "nan"),
    "--learning-rate fast": ("--learning-rate", "'fast'"),
    "--weight-decay -1": ("weight_decay", "at least 0", "-1"),
    "--dropout 1": ("dropout", "below 1"),
    "--dropout -0.5": ("dropout", "from 0"),
    "--batch-size 0": ("batch_size", "at least 1", '"all"'),
    "--batch-size some": ("--batch-size", '"some"', '"all"'),
    "--epochs 0": ("epochs", "at least 1"),
    "--epochs -3": ("epochs", "at least 1"),
    "--patience 0": ("patience", "at least 1"),
    "--seed -1": ("seed", "at least 0"),
    "--seed 99999999999999999999": ("seed", "at most"),
    "--validation 1.5": ("validation", "below 1"),
    "--validation absent.csv": ("absent.csv does not exist",),
    "--test-fraction 1": ("test_fraction", "below 1"),
    "--test-fraction nan": ("test_fraction", "nan"),
    "--loss hing": ('no loss "hing"', 'Did you mean "hinge"?', "Choices: ", "focal"),
    "--loss squared_error": ("for numbers", "y has 2 classes", "Losses for it: ", "focal"),
    "--optimizer rmsporp": ('no optimizer "rmsporp"', 'Did you mean "rmsprop"?', "adagrad"),
    "--schedule cosin": ('no schedule "cosin"', 'Did you mean "cosine"?', "one_cycle"),
    "--activation rleu": ("activation", 'Did you mean "relu"?', "tanh"),
    "--scale big": ('"big"', "standard, minmax, robust, none"),
    "--task clustering": ('"clustering"', "classification or regression"),
    "--task regression": ('"y" cannot be learned as a number',),
    "--class-weight uneven": ('"balanced"', "uneven"),
    "--kind a": ("COLUMN=KIND", '"a"'),
    "--kind a=colour": ('"colour"', "Kinds: ", "category"),
    "--kind q=number": ('no column "q"', "Columns: a, b, c, y"),
    "--drop q": ('no column "q"', "Columns: a, b, c, y"),
    "--weight q": ('no column "q"',),
    "--weight c": ('column "c"', "is not a number"),
    "--weight y": ('"y" cannot be both target and weight',),
    "--group q": ('no column "q"',),
    "--time c": ('"c" must hold dates or numbers',),
    "--delimiter foo": ("delimiter", "'foo'"),
    "--decimal x": ("decimal", "'x'"),
    "--bad-rows hide": ("--bad-rows", "'error', 'skip'"),
    "--plan absent.json": ("the plan absent.json cannot be read: No such file",),
    "--plan data.csv": ("data.csv is not a plan", "--dry-run --json"),
    "--layrs 3": ("--layrs", "--layers"),
}


@pytest.mark.parametrize("options", CASES)
def test_refused(descend, folder, good, options):
    (folder / "data.csv").write_text(good)
    target = () if "--plan" in options else ("-t", "y")
    descend("train", "data.csv", *target, *options.split()).refused(2, *CASES[options])


@pytest.mark.parametrize(
    ("arguments", "phrases"),
    [
        (["help"], ('no command "help"', 'Did you mean "--help"?')),
        (["version"], ('no command "version"', 'Did you mean "--version"?')),
        (["trian", "x.csv"], ('no command "trian"', 'Did you mean "train"?', "predict")),
        (["train"], ("missing argument 'FILE'",)),
        (["predict"], ("missing argument 'MODEL'",)),
        (["test", "model.descend"], ("missing argument 'FILE'",)),
        (["train", "a.csv", "b.csv"], ("unexpected extra argument",)),
        (["--colour"], ("no such option '--colour'",)),
    ],
)
def test_wrong_commands(descend, arguments, phrases):
    descend(*arguments).refused(2, *phrases)


def test_batch_larger_than_the_data_is_said(train, good):
    result = train(good, "--batch-size", "1000", "--dry-run")
    assert result.code == 0
    said = " ".join(result.err.split())
    assert re.search(r"batch \d\d \(all training rows, fewer than 1,000\)", said)


def test_names_are_found_however_they_are_written(train, good):
    for optimizer in ("AdamW", "ada-grad", "rmsprop", "RMS_Prop"):
        assert train(good, "--optimizer", optimizer, "--dry-run").code == 0


def test_several_targets_have_no_class_weight(train, good):
    train(good, "-t", "y,c", "--class-weight", "balanced").refused(2, "one target of classes")


class TestPlans:
    """Plans that do not fit."""

    @pytest.fixture
    def plan(self, train, good):
        return json.loads(train(good, "--dry-run", "--json").out)

    def given(self, descend, folder, plan, *options):
        (folder / "plan.json").write_text(json.dumps(plan))
        return descend("train", "data.csv", "--plan", "plan.json", *options)

    def test_options_that_the_plan_decides(self, descend, folder, plan):
        for option in ("--epochs 5", "--seed 1", "--target y", "--validation 0.3"):
            name, value = option.split()
            result = self.given(descend, folder, plan, name, value)
            result.refused(2, f"{name} does not go with --plan")

    def test_unknown_field(self, descend, folder, plan):
        result = self.given(descend, folder, plan | {"epoch": 3})
        result.refused(2, "plan.json", "no field 'epoch'")

    def test_unknown_layer(self, descend, folder, plan):
        plan["network"]["layers"][0]["kind"] = "Dens"
        result = self.given(descend, folder, plan)
        result.refused(2, "network.layers[0]", 'Did you mean "Dense"?')

    def test_not_a_plan(self, descend, folder, plan):
        self.given(descend, folder, plan["network"]).refused(2, "is not a plan")

    def test_table_without_its_columns(self, descend, folder, plan):
        (folder / "data.csv").write_text("a,y\n" + "1,yes\n2,no\n" * 5)
        self.given(descend, folder, plan).refused(2, "data.csv", '"b"')

    def test_table_with_more_classes(self, descend, folder, plan, good):
        (folder / "data.csv").write_text(good + ".1,.2,u,maybe\n.3,.4,v,maybe\n" * 4)
        self.given(descend, folder, plan).refused(2, "3 outputs")

    def test_network_too_large_for_a_model_file(self, descend, folder, plan):
        plan["network"]["layers"][0]["units"] = 10**9
        self.given(descend, folder, plan).refused(2, "weights")
