

def _asin(x):
    """arcsin x; what rounding has put beyond -1 and 1 is there."""
    return xp.arcsin(xp.clip(x, -1.0, 1.0))
