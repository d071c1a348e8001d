"""The card of a model: everything about it but its tensors."""

from __future__ import annotations

from dataclasses import dataclass

from descend.data.fields import check_specs
from descend.data.form import Form, Wanted
from descend.data.preprocessing import Preprocessing
from descend.data.targets import ClassTarget, NumberTarget
from descend.data.wanted import wanted_by
from descend.errors import SpecError
from descend.models.files.provenance import Provenance
from descend.models.plan import Plan
from descend.models.report import Report
from descend.models.trust.calibration import Temperature
from descend.models.trust.decision import Decision
from descend.spec import Spec

__all__ = ["ModelCard"]


@dataclass(frozen=True)
class ModelCard(Spec):
    """Everything about a model but its tensors.

    Attributes
    ----------
    plan : Plan
    preprocessing : Preprocessing
    targets : tuple of ClassTarget and NumberTarget
    report : Report or None
        The scores on the test rows set aside in training; None if there were none.
    provenance : Provenance
    temperatures : tuple of Temperature or None
        One a target, or none at all where there were no validation rows.
    decisions : tuple of Decision or None
        One a target, or none at all where the likeliest class serves the metric.
    form : Form or None
        How the examples were written, where they were a text table or a folder of texts.
    """

    plan: Plan
    preprocessing: Preprocessing
    targets: tuple[ClassTarget | NumberTarget, ...]
    report: Report | None
    provenance: Provenance
    temperatures: tuple[Temperature | None, ...] = ()
    decisions: tuple[Decision | None, ...] = ()
    form: Form | None = None

    def __post_init__(self) -> None:
        fields = (
            ("plan", Plan),
            ("preprocessing", Preprocessing),
            ("report", Report | None),
            ("provenance", Provenance),
            ("form", Form | None),
        )
        for name, kind in fields:
            if not isinstance(getattr(self, name), kind):
                raise SpecError(f"ModelCard: {name} is of the wrong kind")
        check_specs(self, "targets", (ClassTarget, NumberTarget))
        check_specs(self, "temperatures", (Temperature, type(None)))
        check_specs(self, "decisions", (Decision, type(None)))
        for name in ("temperatures", "decisions"):
            if len(getattr(self, name)) not in (0, len(self.targets)):
                raise SpecError(f"ModelCard: {name} must be one for each target, or none")
        for target, decision in zip(self.targets, self.decisions, strict=False):
            classes = len(target.classes) if isinstance(target, ClassTarget) else 0
            if decision is not None and len(decision.weights) != classes:
                raise SpecError(f"ModelCard: the decision needs a weight for each of {classes}")
        if self.preprocessing.columns != self.plan.columns:
            raise SpecError("ModelCard: the columns of the preprocessing are not those of the plan")
        names = tuple(target.name for target in self.targets)
        if names != self.plan.targets:
            raise SpecError(f"ModelCard: targets are {names}, but the plan has {self.plan.targets}")

    @property
    def wanted(self) -> Wanted:
        """What a file to predict or to test must have, and how the examples were written."""
        plan = self.plan
        return wanted_by(self.preprocessing, self.targets, self.form, plan.forecast, plan.sequences)
