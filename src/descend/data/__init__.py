"""From files to arrays, with NumPy and polars only; ``__all__`` lists the specs that are stored."""

from descend.data.columns import Column
from descend.data.encoders.category import BooleanEncoder, CategoryEncoder
from descend.data.encoders.date import DateEncoder
from descend.data.encoders.image import ImageEncoder
from descend.data.encoders.number import NumberEncoder
from descend.data.encoders.series import SeriesEncoder
from descend.data.encoders.sound import SoundEncoder
from descend.data.encoders.text import TextEncoder
from descend.data.forecasting.clock import Clock
from descend.data.forecasting.forecast import Forecast
from descend.data.form import Form
from descend.data.long_tables import LongTable
from descend.data.preprocessing import Preprocessing
from descend.data.targets import ClassTarget, NumberTarget
from descend.data.tokens.byte_tokens import ByteTokens
from descend.data.tokens.characters import CharacterTokens
from descend.data.tokens.pieces import PieceTokens

__all__ = [
    "BooleanEncoder",
    "ByteTokens",
    "CategoryEncoder",
    "CharacterTokens",
    "ClassTarget",
    "Clock",
    "Column",
    "DateEncoder",
    "Forecast",
    "Form",
    "ImageEncoder",
    "LongTable",
    "NumberEncoder",
    "NumberTarget",
    "PieceTokens",
    "Preprocessing",
    "SeriesEncoder",
    "SoundEncoder",
    "TextEncoder",
]
