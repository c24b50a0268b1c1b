"""Evolution: what was found so far in; equations bred from it out.

The other wing of the search, called by its engine only.
"""
