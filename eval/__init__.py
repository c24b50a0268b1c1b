"""Methods, runs and reports: how NSR is measured on the suites of `nsr.problems`."""
