"""The page in the browser: tables and wishes come in, searches go on in a thread, equations are shown.

Called by `nsr app` alone; nothing below knows of it. All but `widgets`, which draw it, needs no browser.
"""
