from processor_time import own_time

__all__ = ["own_time"]
