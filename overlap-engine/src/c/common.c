/* The overlaps of one state. Rows are continued periodically over students, so that a pack of students may begin anywhere. */
typedef struct {
    double omega[OVERLAP_N][OVERLAP_ROW], variance[OVERLAP_ROW], a[OVERLAP_ROW];
    double band[OVERLAP_BAND][OVERLAP_LINE], c[OVERLAP_WIDE];
} OVERLAP_nodes;

/* Position of Q_jl in a state. */
static int OVERLAP_q(int j, int l)
{
    const int low = j < l ? j : l, high = j < l ? l : j;
    return OVERLAP_K * OVERLAP_P + low * OVERLAP_P + high - low * (low + 1) / 2;
}

static void OVERLAP_lay_out(const OVERLAP_parameters *parameters, const double *state, OVERLAP_nodes *x)
{
    for (int r = 0; r < OVERLAP_K; r++) {
        for (int s = 0; s < OVERLAP_K; s++)
            x->omega[r][s] = parameters->P[r * OVERLAP_K + s];
        for (int i = 0; i < OVERLAP_P; i++)
            x->omega[r][OVERLAP_K + i] = x->omega[OVERLAP_K + i][r] = state[r * OVERLAP_P + i];
    }
    for (int i = 0; i < OVERLAP_P; i++)
        for (int j = 0; j < OVERLAP_P; j++)
            x->omega[OVERLAP_K + i][OVERLAP_K + j] = state[OVERLAP_q(i, j)];
    for (int n = 0; n < OVERLAP_N; n++)
        for (int m = OVERLAP_N; m < OVERLAP_ROW; m++)
            x->omega[n][m] = x->omega[n][m - OVERLAP_P];
    for (int n = 0; n < OVERLAP_ROW; n++) {
        const int m = n < OVERLAP_N ? n : OVERLAP_K + (n - OVERLAP_K) % OVERLAP_P;
        const int i = m - OVERLAP_K;
        x->variance[n] = x->omega[m][m];
        x->a[n] = m < OVERLAP_K ? 0.0 : OVERLAP_TRAINED ? state[OVERLAP_q(0, 0) + OVERLAP_P * (OVERLAP_P + 1) / 2 + i] : parameters->a[i];
    }
    for (int n = 0; n < OVERLAP_WIDE; n++)
        x->c[n] = n < OVERLAP_K ? parameters->teacher_scale * parameters->a_star[n] : n < OVERLAP_N ? -parameters->student_scale * x->a[n] : 0.0;
    for (int delta = 0; delta < OVERLAP_BAND; delta++)
        for (int j = 0; j < OVERLAP_LINE; j++)
            x->band[delta][j] = x->omega[OVERLAP_K + j % OVERLAP_P][OVERLAP_K + j % OVERLAP_P + delta];
}
