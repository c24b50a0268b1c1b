"""The transformer: arrays in, guesses at the equation behind them out.

Whoever asks the network asks `guess`; training and export use its model, tokenizer and checkpoints.
"""
