"""Optimizers: one file per family; ``__all__`` is the one list of them."""

from descend.optimizers.adam import Adam, AdaMax, AdamW, AMSGrad, NAdam, RAdam
from descend.optimizers.adaptive import AdaDelta, AdaGrad, RMSProp
from descend.optimizers.averaged import AveragedSGD
from descend.optimizers.group_adam import GroupAdam
from descend.optimizers.implicit import ImplicitSGD
from descend.optimizers.layerwise import LAMB, Adafactor, Lion, Muon
from descend.optimizers.optimizer import Optimizer
from descend.optimizers.quasi_newton import LBFGS
from descend.optimizers.schedule_free import ScheduleFreeAdamW, ScheduleFreeSGD
from descend.optimizers.sgd import SGD, Momentum, Nesterov

__all__ = [
    "AMSGrad",
    "AdaDelta",
    "AdaGrad",
    "AdaMax",
    "Adafactor",
    "Adam",
    "AdamW",
    "AveragedSGD",
    "GroupAdam",
    "ImplicitSGD",
    "LAMB",
    "LBFGS",
    "Lion",
    "Momentum",
    "Muon",
    "NAdam",
    "Nesterov",
    "Optimizer",
    "RAdam",
    "RMSProp",
    "SGD",
    "ScheduleFreeAdamW",
    "ScheduleFreeSGD",
]
