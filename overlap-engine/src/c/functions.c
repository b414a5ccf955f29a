/* arcsin x on [-1, 1], to 3 units in the last place: a polynomial, so that loops of it are vectorised. */
static inline double OVERLAP_asin(double x)
{
    const double size = fabs(x), wide = size > 0.5 ? 1.0 : 0.0;
    const double rest = 0.5 * (1.0 - size) > 0.0 ? 0.5 * (1.0 - size) : 0.0;
    const double square = size > 0.5 ? rest : size * size;
    const double base = size > 0.5 ? -2.0 * sqrt(rest) : size;
    double sum = 0.03191220606473421;
    sum = sum * square - 0.0162241608381056;
    sum = sum * square + 0.01952820774804057;
    sum = sum * square + 0.006527995637497318;
    sum = sum * square + 0.012169207121560286;
    sum = sum * square + 0.0138852361235386;
    sum = sum * square + 0.017359704699068654;
    sum = sum * square + 0.022371758054648805;
    sum = sum * square + 0.03038195913678787;
    sum = sum * square + 0.044642856828332925;
    sum = sum * square + 0.07500000000337008;
    sum = sum * square + 0.16666666666665408;
    sum = sum * square + 1.0;
    return copysign(wide * 1.5707963267948966 + base * sum, x);
}

/* arcsin x where sqrt(1 - x^2) >= 0 is known: exact at -1 and 1. */
static inline double OVERLAP_asin_with_cosine(double x, double cosine)
{
    const double wide = fabs(x) > 0.75 ? 1.0 : 0.0;
    const double angle = OVERLAP_asin(wide > 0.0 ? cosine : x);
    return wide > 0.0 ? copysign(1.5707963267948966 - angle, x) : angle;
}

static inline double OVERLAP_larger(double x, double y)
{
    return x > y ? x : y;
}
