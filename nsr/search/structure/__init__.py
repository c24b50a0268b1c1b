"""Structure: a table in; equations that its symmetries, separability and sparsity show, out.

One wing of the search, called by its engine only.
"""
