"""From files to arrays, with NumPy and polars only; ``__all__`` lists the specs that are stored."""

from descend.data.columns import Column
from descend.data.encode_category import BooleanEncoder, CategoryEncoder
from descend.data.encode_date import DateEncoder
from descend.data.encode_image import ImageEncoder
from descend.data.encode_number import NumberEncoder
from descend.data.encode_series import SeriesEncoder
from descend.data.encode_sound import SoundEncoder
from descend.data.encode_text import TextEncoder
from descend.data.preprocessing import Preprocessing
from descend.data.targets import ClassTarget, NumberTarget

__all__ = [
    "BooleanEncoder",
    "CategoryEncoder",
    "ClassTarget",
    "Column",
    "DateEncoder",
    "ImageEncoder",
    "NumberEncoder",
    "NumberTarget",
    "Preprocessing",
    "SeriesEncoder",
    "SoundEncoder",
    "TextEncoder",
]
