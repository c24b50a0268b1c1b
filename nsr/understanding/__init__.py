"""Understanding: what an equation, a table, a network or an expensive function says, by tools on the search.

Fitted equations, tables, networks and functions come in; importance, statements, laws, concepts, emulators
and pages go out. The user and the command line call them; nothing below knows of them.
"""
