"""The search: a table in; equations, batch after batch, out.

The estimators call `engine`; its wings are `structure` and `evolution`.
"""
