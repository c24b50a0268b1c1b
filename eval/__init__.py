"""Problems, methods and metrics: how NSR is measured."""
