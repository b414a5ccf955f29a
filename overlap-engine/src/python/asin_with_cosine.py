

def _asin_with_cosine(x, cosine):
    """arcsin x where sqrt(1 - x^2) >= 0 is known: exact at -1 and 1. The cosine is the root of a difference of products, which compilers
    round in ways of their own: below LEAST it is rounding."""
    return xp.arctan2(x, xp.where(cosine > LEAST, cosine, 0.0))


def _sqrt(x):
    """The root, with derivative 0 at 0: where a node meets itself, what is under the root stays 0."""
    return xp.where(x > 0.0, xp.sqrt(xp.where(x > 0.0, x, 1.0)), 0.0)
