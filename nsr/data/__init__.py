"""Tables: files and arrays in; checked, prepared and scaled arrays, with what was done to them, out.

Called by the estimators and the command line, and by benchmarks that read tables.
"""
