"""The card of a language model: everything about it but its weights."""

from __future__ import annotations

from dataclasses import dataclass

from descend.data.tokens.tokens import Tokens
from descend.errors import SpecError
from descend.models.files.provenance import Provenance
from descend.models.language.plan import LanguagePlan
from descend.models.language.report import LanguageReport
from descend.spec import Spec

__all__ = ["LanguageCard"]


@dataclass(frozen=True)
class LanguageCard(Spec):
    """Everything about a language model but its weights.

    Attributes
    ----------
    plan : LanguagePlan
    tokens : Tokens
        Fitted: the vocabulary.
    report : LanguageReport or None
        The score on the last part of the text; None if nothing was set aside.
    provenance : Provenance
    """

    plan: LanguagePlan
    tokens: Tokens
    report: LanguageReport | None
    provenance: Provenance

    def __post_init__(self) -> None:
        fields = (
            ("plan", LanguagePlan),
            ("tokens", Tokens),
            ("report", LanguageReport | None),
            ("provenance", Provenance),
        )
        for name, kind in fields:
            if not isinstance(getattr(self, name), kind):
                raise SpecError(f"LanguageCard: {name} is of the wrong kind")
