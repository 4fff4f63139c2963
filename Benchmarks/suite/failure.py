"""The one error that the benchmark reports."""


class BenchmarkFailure(Exception):
    """A measurement that must not be trusted, or a tool that is missing."""
