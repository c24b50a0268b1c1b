"""What a fit leaves as JSON, and back: the whole front with all that is known of it, and the settings.

Called by the estimators' `save` and by `nsr.results`, which reads files. Nothing is pickled, and no text is
executed.
"""
