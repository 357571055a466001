"""The name of pandas' type for text, which is the only one that its versions call differently."""

import pandas as pd

TEXT = "string" if pd.__version__.startswith("2.") else "str"
