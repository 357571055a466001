"""The pandas type of each Arrow type; the only place that asks which pandas is here."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

# pandas 2 has nothing but the nullable "string" that works everywhere; 2.3's "str" is a preview.
_PANDAS_2 = pd.__version__.startswith("2.")

TEXT: Any = pd.StringDtype("pyarrow", **({} if _PANDAS_2 else {"na_value": np.nan}))

NULLABLE: dict[pa.DataType, Any] = {
    pa.int64(): pd.Int64Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): TEXT,
}
