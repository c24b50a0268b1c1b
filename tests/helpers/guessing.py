"""Given equations in place of the network's guesses."""

from nsr.expressions.parsing import parse


def guess_instead(monkeypatch):
    """Gives a function of texts after whose call the network writes these, where their columns exist."""

    def use(*texts):
        guesses = [parse(text) for text in texts]
        monkeypatch.setattr(
            "nsr.search.asking.guess",
            lambda _, X, *__, **___: [g for g in guesses if max(g.variables) < X.shape[1]],
        )

    return use
