
/* E[sign sign sign sign] of four Gaussian fields of variance 1 with these correlations: Plackett's reduction (Biometrika 41,
   351, 1954), by double exponential quadrature over u = sin(phi). */
static double OVERLAP_four_signs(double a12, double a13, double a14, double a23, double a24, double a34)
{
    /* The pairs that are kept are those whose fields are most alike. */
    const double choices[3][6] = {
        {a12, a13, a14, a23, a24, a34}, {a13, a12, a14, a23, a34, a24}, {a14, a12, a13, a24, a34, a23}
    };
    const double *best = choices[0];
    double least_left = INFINITY, sum = 0.0;
    for (int choice = 0; choice < 3; choice++) {
        double left = 0.0;
        for (int other = 1; other < 5; other++)
            left = OVERLAP_larger(left, fabs(choices[choice][other]));
        if (left < least_left) {
            least_left = left;
            best = choices[choice];
        }
    }
    const double r12 = best[0], r13 = best[1], r14 = best[2], r23 = best[3], r24 = best[4], r34 = best[5];
    const double sign12 = copysign(1.0, r12), sign34 = copysign(1.0, r34);
    const double apart12 = 1.0 - fabs(r12), apart34 = 1.0 - fabs(r34);
    const double ki = -sign12 * apart12, lj = -sign34 * apart34, kk = 2.0 * apart12, ll = 2.0 * apart34;
    const double ways[4][4] = {
        {r13, r23, r14, r24}, {r14, r24, r13, r23}, {r23, r13, r24, r14}, {r24, r14, r23, r13}
    };
    for (int node = 0; node < 64; node++) {
        const double t = 0.1 * (node + 0.5 - 32.0), power = exp(3.141592653589793 * sinh(t));
        const double psi = 1.5707963267948966 / (1.0 + power), u = cos(psi), rest = sin(psi);
        const double weight = 1.5707963267948966 * 0.1 * 3.141592653589793 * cosh(t) * power / ((1.0 + power) * (1.0 + power));
        for (int way = 0; way < 4; way++) {
            const double rho = ways[way][0], xj = ways[way][1], iy = ways[way][2], xy = ways[way][3];
            const double r = u * rho, kj = u * (xj - sign12 * rho), li = u * (iy - sign34 * rho);
            const double kl = u * ((xy - sign12 * iy) - sign34 * (xj - sign12 * rho));
            const double determinant = rest * rest + u * u * ((1.0 - rho) * (1.0 + rho));
            const double k = kk * determinant - (ki * ki + kj * kj - 2.0 * r * ki * kj);
            const double l = ll * determinant - (li * li + lj * lj - 2.0 * r * li * lj);
            const double both = kl * determinant - (ki * li + kj * lj - r * (ki * lj + kj * li));
            /* A variance below 1e-15 is rounding; up to twice that it is faded in. */
            const double known_k = OVERLAP_larger(0.0, 1.0 - OVERLAP_larger(0.0, 2.0 - k * 1e15));
            const double known_l = OVERLAP_larger(0.0, 1.0 - OVERLAP_larger(0.0, 2.0 - l * 1e15));
            const double root = sqrt(OVERLAP_larger(k, 1e-15)) * sqrt(OVERLAP_larger(l, 1e-15));
            const double angle = OVERLAP_asin(known_k * known_l * both / root);
            sum += weight * rho * rest / sqrt(OVERLAP_larger(determinant, 1e-300)) * angle;
        }
    }
    return 0.4052847345693511 * (asin(fmin(1.0, fmax(-1.0, r12))) * asin(fmin(1.0, fmax(-1.0, r34))) + sum);
}
