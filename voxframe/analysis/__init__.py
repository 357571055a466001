"""What a call history says: cost, traffic, concurrency, durations, failures, whom was missed.

Pure functions. Each takes a ``CallHistory``, or the mapping of its four Arrow tables,
and gives a DataFrame; what a figure means, and by which source, stands in its docstring.
Those that count, add up or measure take a ``Dataset`` of ``voxframe.open_dataset`` as well:
they read it some days at a time and give the same figures, to the last digit, quantiles
too, which are exact from counts of whole seconds. Those that look for a number's other calls
(``called_back``, ``missed``, ``repeat_callers``), ``custom_data`` and ``reconcile`` need all
rows at once and say so: give them ``dataset.read(from_date, to_date)``.
Instants are taken to the second, the service's resolution.
"""

from voxframe.analysis import plots as plots
from voxframe.analysis._agents import agents
from voxframe.analysis._attribution import cost_by_agent, cost_by_caller
from voxframe.analysis._callers import called_back, repeat_callers
from voxframe.analysis._clock import leg_clock
from voxframe.analysis._concurrency import busy_hour, concurrency
from voxframe.analysis._costs import cost_breakdown
from voxframe.analysis._custom_data import custom_data
from voxframe.analysis._durations import duration_histogram, duration_stats
from voxframe.analysis._ledger import reconcile
from voxframe.analysis._load import erlang_b, erlang_c, lines_needed, peak_load
from voxframe.analysis._numbers import unanswered_numbers
from voxframe.analysis._outcomes import inbound_outcomes, missed
from voxframe.analysis._periods import compare
from voxframe.analysis._reasons import end_reasons, finish_reasons
from voxframe.analysis._service_level import service_level
from voxframe.analysis._sessions import session_totals
from voxframe.analysis._sides import far_ends
from voxframe.analysis._talk import minutes
from voxframe.analysis._traffic import traffic
from voxframe.analysis._weeks import typical_week

__all__ = [
    "agents",
    "busy_hour",
    "called_back",
    "compare",
    "concurrency",
    "cost_breakdown",
    "cost_by_agent",
    "cost_by_caller",
    "custom_data",
    "duration_histogram",
    "duration_stats",
    "end_reasons",
    "erlang_b",
    "erlang_c",
    "far_ends",
    "finish_reasons",
    "inbound_outcomes",
    "leg_clock",
    "lines_needed",
    "minutes",
    "missed",
    "peak_load",
    "reconcile",
    "repeat_callers",
    "service_level",
    "session_totals",
    "traffic",
    "typical_week",
    "unanswered_numbers",
]
