"""The one evaluator: expressions and tables in; values, and derivatives by constants, out.

Whoever needs numbers from expressions asks `program.Program`; nobody writes a second interpreter.
"""
