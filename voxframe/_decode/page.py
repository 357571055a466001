"""The hinge between the two halves: one answer of the service, as bytes.

The request half makes these and never looks inside the rows; the table half
reads them and never asks where they came from.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RawPage:
    """One answer of GetCallHistory that is a result and not an error.

    Attributes
    ----------
    body : bytes
        The JSON text, inflated, exactly as it was received.
    asked : str
        What was asked for, in words fit for an error message: the window and
        the offset, never a filter's value (phone numbers are among them).
    """

    body: bytes = field(repr=False)
    asked: str = ""
