//! Constant-size loops over lanes: the code for all but small systems. Its size does not grow with k and p.

use super::nest::{Level, Nest};
use super::scalar::{parameter_tokens, scalar};
use super::{Sizes, ident, literal};
use crate::equations::{B, Equations, I, J, L, M, N};
use crate::gaussian::rename;
use crate::symbol::{Index, Parameter, Symbol};
use proc_macro2::TokenStream;
use quote::quote;

/// The bodies of the two kernels, `(right_hand_side, risk)`. They see `s` (the instruction set), `parameters`, `state`,
/// and the constants K, P, N, WIDE, ROW, BAND; the first one fills `derivative`, the second one is an expression.
pub fn lanes(equations: &mut Equations, sizes: Sizes) -> (TokenStream, TokenStream) {
    let trained = sizes.trained;
    let nodes = quote!(let nodes = Nodes::<K, P, N, WIDE, ROW, BAND>::new(parameters, state, #trained););
    let mut counter = 0;
    let flow = flow(equations, sizes, &mut counter);
    let noise = noise(equations, &mut counter);
    let assembly = assembly(equations, sizes);
    let risk = risk(equations);
    (quote!(#nodes #flow #noise #assembly), quote!(#nodes #risk))
}

/// flow[b][i] = Σ_n c_n I3(i, b, n) = q_ib Σ_n c_n own + Σ_n q_nb c_n other: lanes over students i. The matrix product over n follows per pack.
fn flow(equations: &mut Equations, sizes: Sizes, counter: &mut usize) -> TokenStream {
    let load = |symbol: &Symbol| match *symbol {
        Symbol::Overlap(a, b) if a == I && b == I => quote!(s.load(&nodes.band[0], i)),
        Symbol::Overlap(a, b) if a == I || b == I => {
            let node = ident(&(if a == I { b } else { a }).to_string());
            quote!(s.load(&nodes.rows[#node], i))
        }
        Symbol::Overlap(a, b) => splat_omega(a, b),
        Symbol::Coefficient(n) => splat_coefficient(n),
        _ => unreachable!("no other symbol in the flow"),
    };
    let (own, other, two_point) = (equations.flow.own, equations.flow.other, equations.readout.expectation);
    let mut nest = Nest::new(&mut equations.pool, &[], (N, M), &load, counter);
    let own = nest.value(own, Level::Outer);
    let other = nest.value(other, Level::Outer);
    let readout = sizes.trained.then(|| nest.value(two_point, Level::Outer));
    let (lane, at_n) = (&nest.lane, &nest.at_n);
    let readout_start = readout.as_ref().map(|_| quote!(let mut readout_sum = s.splat(0.0);));
    let readout_add =
        readout.as_ref().map(|value| quote!(readout_sum = s.add_mul(readout_sum, c_n, #value);));
    let readout_end = readout.as_ref().map(|_| quote!(s.store(readout_sum, &mut readout, i);));
    let readout_array = readout.map(|_| quote!(let mut readout = [0.0; ROW];));
    quote! {
        // Gradient flow: lanes are students i.
        let mut flow = [[0.0; ROW]; N];
        #readout_array
        let mut i = 0;
        while i < P {
            #(#lane)*
            let mut own = s.splat(0.0);
            let mut other = [s.splat(0.0); N];
            #readout_start
            for n in 0..N {
                #(#at_n)*
                let c_n = s.splat(nodes.c[n]);
                own = s.add_mul(own, c_n, #own);
                other[n] = c_n * #other;
                #readout_add
            }
            for b in 0..N {
                let mut sum = s.load(&nodes.rows[b], i) * own;
                for n in 0..N {
                    sum = s.add_mul(sum, s.splat(nodes.omega[b][n]), other[n]);
                }
                s.store(sum, &mut flow[b], i);
            }
            #readout_end
            i += S::LANES;
        }
    }
}

/// noise[δ][j] = J2 (Σ_nm c_n c_m tilted + Δ): lanes over the pairs (j, l = j + δ), each pair once.
///
/// The sum over pairs of nodes is one loop over a table, so that no trip count varies, with a few arcsines side by side.
fn noise(equations: &mut Equations, counter: &mut usize) -> TokenStream {
    let load = |symbol: &Symbol| match *symbol {
        Symbol::Overlap(a, b) if a == J && b == J => quote!(s.load(&nodes.band[0], j)),
        Symbol::Overlap(a, b) if a == L && b == L => quote!(s.load(&nodes.band[0], l)),
        Symbol::Overlap(a, b) if (a.min(b), a.max(b)) == (J, L) => quote!(s.load(&nodes.band[delta], j)),
        Symbol::Overlap(a, b) if [a, b].contains(&J) || [a, b].contains(&L) => {
            let (student, node) = if a == J || a == L { (a, b) } else { (b, a) };
            let (student, node) = (ident(&student.to_string()), ident(&node.to_string()));
            quote!(s.load(&nodes.rows[#node], #student))
        }
        Symbol::Overlap(a, b) => splat_omega(a, b),
        Symbol::Coefficient(n) => splat_coefficient(n),
        _ => unreachable!("no other symbol in the noise"),
    };
    let symmetric = equations.tilted_is_symmetric();
    let (mass, tilted) = (equations.noise.mass, equations.noise.tilted);
    let mut nest = Nest::new(&mut equations.pool, &equations.noise.vectors, (N, M), &load, counter);
    let (front, tilted) = nest.split_lane_factors(tilted);
    let mass = nest.value(mass, Level::Lane);
    let front = nest.value(front, Level::Lane);
    let (argument, function) = nest.split_asin(tilted);
    let argument = nest.value(argument, Level::Inner);
    let function = function.then(|| quote!(let values = s.asin_each(values);));
    let (lane, at_n, at_m) = (&nest.lane, &nest.at_n, &nest.at_m);
    let arrays = &nest.kept_over_nodes;
    let noise = parameter_tokens(Parameter::Noise);
    quote! {
        // Noise of SGD: lanes are pairs of students j, l = j + δ; δ = p/2 has every pair twice, so half of it is left.
        let node_pairs = const { &NodePairs::<N, PAIRS>::new(#symmetric) };
        let weights = node_pairs.weights(&nodes.c);
        let mut noise = [[0.0; ROW]; BAND];
        #(let mut #arrays = [s.splat(0.0); N];)*
        for delta in 0..BAND {
            let count = if 2 * delta == P { delta } else { P };
            let mut j = 0;
            while j < count {
                let l = j + delta;
                #(#lane)*
                for n in 0..N {
                    #(#at_n)*
                }
                let mut sums = [s.splat(0.0); SIDE_BY_SIDE];
                let mut pair = 0;
                while pair < PAIRS {
                    let mut values = [s.splat(0.0); SIDE_BY_SIDE];
                    for side in 0..SIDE_BY_SIDE {
                        let (n, m) = node_pairs.nodes(pair + side);
                        #(#at_m)*
                        values[side] = #argument;
                    }
                    #function
                    for side in 0..SIDE_BY_SIDE {
                        sums[side] = s.add_mul(sums[side], s.splat(weights[pair + side]), values[side]);
                    }
                    pair += SIDE_BY_SIDE;
                }
                let sum = s.sum_each(sums);
                s.store(#mass * s.add_mul(s.splat(#noise), #front, sum), &mut noise[delta], j);
                j += S::LANES;
            }
        }
    }
}

/// Puts the sums together: dM, dQ and, where the second layer is trained, da.
fn assembly(equations: &Equations, sizes: Sizes) -> TokenStream {
    let pool = &equations.pool;
    let a_of = |symbol: &Symbol| match symbol {
        Symbol::Readout(index) => {
            let position = ident(&index.to_string());
            quote!(nodes.a[#position])
        }
        _ => unreachable!("rates hold parameters and a only"),
    };
    let rate_i = scalar(pool, equations.flow.rate, &a_of);
    let noise_rate = scalar(pool, equations.noise.rate, &a_of);
    let readout_rate = scalar(pool, equations.readout.rate, &a_of);
    let da = sizes.trained.then(|| {
        quote! {
            let offset = K * P + P * (P + 1) / 2;
            for i in 0..P {
                derivative[offset + i] = #readout_rate * readout[i];
            }
        }
    });
    quote! {
        let mut rate = [0.0; P];
        for i in 0..P {
            rate[i] = #rate_i;
            for r in 0..K {
                derivative[r * P + i] = rate[i] * flow[r][i];
            }
        }
        for delta in 0..BAND {
            let count = if 2 * delta == P { delta } else { P };
            for j in 0..count {
                let (l, position) = pair::<K, P>(j, delta);
                derivative[position] = rate[j] * flow[K + l][j] + rate[l] * flow[K + j][l]
                    + #noise_rate * noise[delta][j];
            }
        }
        #da
    }
}

/// R = Σ_n Σ_m summand + Δ/2: lanes over the nodes m, padded with c_m = 0.
fn risk(equations: &mut Equations) -> TokenStream {
    // The lane index is called b in the equations, so that n stays the loop.
    let summand = rename(&mut equations.pool, equations.risk, &|index| if index == M { B } else { index });
    let load = |symbol: &Symbol| match *symbol {
        Symbol::Overlap(a, b) if a == B && b == B => quote!(s.load(&nodes.variance, b)),
        Symbol::Overlap(a, b) if a == B || b == B => quote!(s.load(&nodes.omega[n], b)),
        Symbol::Overlap(a, b) => splat_omega(a, b),
        Symbol::Coefficient(n) if n == B => quote!(s.load(&nodes.c, b)),
        Symbol::Coefficient(n) => splat_coefficient(n),
        _ => unreachable!("no other symbol in the risk"),
    };
    let mut counter = 0;
    let mut nest = Nest::new(&mut equations.pool, &[], (N, M), &load, &mut counter);
    let summand = nest.value(summand, Level::Outer);
    let (lane, at_n) = (&nest.lane, &nest.at_n);
    let noise = parameter_tokens(Parameter::Noise);
    let half = literal(0.5);
    quote! {
        let mut sums = [0.0; WIDE];
        let mut b = 0;
        while b < WIDE {
            #(#lane)*
            let mut sum = s.splat(0.0);
            for n in 0..N {
                #(#at_n)*
                sum = sum + #summand;
            }
            s.store(sum, &mut sums, b);
            b += S::LANES;
        }
        let mut risk = #half * #noise;
        for b in 0..N {
            risk += sums[b];
        }
        risk
    }
}

fn splat_omega(a: Index, b: Index) -> TokenStream {
    // Ω is symmetric: row n, so that the loop over m runs along it.
    let (a, b) = (ident(&a.to_string()), ident(&b.to_string()));
    quote!(s.splat(nodes.omega[#b][#a]))
}

fn splat_coefficient(n: Index) -> TokenStream {
    let n = ident(&n.to_string());
    quote!(s.splat(nodes.c[#n]))
}
