"""Where the two halves meet: plans ask, threads fetch and decode, pages become results."""
