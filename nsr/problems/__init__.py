"""Problems whose equations are known: suites by name in, problems and data drawn from them out; and metrics.

Called by benchmarks, by pretraining, and by the generators, which hold out every suite that is a benchmark.
"""
