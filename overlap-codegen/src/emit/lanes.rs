//! The schedule's loops over lanes, written in constant sizes: the code for all but small systems. Its length does not grow
//! with k and p.

use super::write::{bounds, over_nodes, parameter_tokens, range, scalar, statements, tables, value};
use super::{MAX_LANES, Sizes, count, ident, literal};
use overlap_engine::equations::Equations;
use overlap_engine::schedule::{Flow, Forms, Lanes, Noise, PairSum, Rates, Risk, RiskSum, Statement, Value};
use overlap_engine::symbol::Parameter;
use proc_macro2::TokenStream;
use quote::quote;

/// The bodies of the two kernels, `(right_hand_side, risk)`. They see `s` (the instruction set), `parameters`, `state`,
/// and the constants K, P, N, WIDE, LINE, ROW, BAND; the first one fills `derivative`, the second one is an expression.
pub fn lanes(equations: &mut Equations<'_>, sizes: Sizes) -> (TokenStream, TokenStream) {
    let trained = sizes.trained;
    let schedule = Lanes::new(equations, trained);
    let nodes = quote!(Nodes::<K, P, N, WIDE, LINE, ROW, BAND>);
    let in_place = quote!(let nodes = #nodes::in_place(parameters, state, #trained););
    let apart = quote!(let nodes = #nodes::new(parameters, state, #trained););
    let flow = flow(&schedule.flow, trained);
    let (weights, noise) = match &schedule.noise {
        Some(schedule) => noise(schedule, sizes),
        None => (quote!(), super::patterns::noise(&Forms::new(equations, false))),
    };
    let assembly = assembly(&schedule.rates, sizes);
    let risk = risk(&schedule.risk);
    (quote!(#in_place #weights #flow #noise #assembly), quote!(#apart #risk))
}

/// The gradient flow. The matrix product over n follows per pack.
fn flow(flow: &Flow, trained: bool) -> TokenStream {
    let loops = flow.sums.iter().map(|sum| {
        let (range, at_n) = (range(sum.n), statements(&sum.statements));
        let [own, other] = [&sum.own, &sum.other].map(value);
        let readout = sum.readout.as_ref().map(|readout| {
            let readout = value(readout);
            quote!(readout_sum = s.add_mul(readout_sum, c_n, #readout);)
        });
        quote! {
            for n in #range {
                #at_n
                let c_n = s.splat(nodes.c[n]);
                own = s.add_mul(own, c_n, #own);
                other[n] = c_n * #other;
                #readout
            }
        }
    });
    let (lane, tables) = (statements(&flow.lane), tables(&flow.tables));
    let readout_start = trained.then(|| quote!(let mut readout_sum = s.splat(0.0);));
    let readout_end = trained.then(|| quote!(s.store(readout_sum, &mut readout, i);));
    let readout_array = trained.then(|| quote!(let mut readout = [0.0; LINE];));
    quote! {
        // Gradient flow: lanes are students i.
        #tables
        let mut flow = [[0.0; LINE]; N];
        #readout_array
        let mut i = 0;
        while i < P {
            #lane
            let mut own = s.splat(0.0);
            let mut other = [s.splat(0.0); N];
            #readout_start
            #(#loops)*
            for b in 0..N {
                let mut sum = s.load(&nodes.omega[b], K + i) * own;
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

/// noise[δ][j]: lanes over the pairs (j, l = j + δ), each pair once.
///
/// A sum over pairs of nodes runs over one table, so that no trip count varies: a few arcsines side by side, then the
/// rest. Weights come first, apart: they need c only, and fill the time until rows can be loaded.
fn noise(noise: &Noise, sizes: Sizes) -> (TokenStream, TokenStream) {
    let (mut tables, mut sums) = (Vec::new(), Vec::new());
    for (position, sum) in noise.sums.iter().enumerate() {
        // One case needs no numbers.
        let name = |word: &str| match noise.sums.len() {
            1 => ident(word),
            _ => ident(&format!("{word}_{}", position + 1)),
        };
        let (table, weights) = (name("node_pairs"), name("weights"));
        let (n, m, symmetric) = (bounds(sum.n), bounds(sum.m), sum.symmetric);
        let all = sum.pairs(sizes);
        let [all, length] = [all, all + MAX_LANES].map(count);
        tables.push(quote! {
            let #table = const { &NodePairs::<#length>::new(#n, #m, #symmetric) };
            let #weights = #table.weights(s, &nodes.c);
        });
        let PairSum { statements: at_m, argument, asin, front, .. } = sum;
        let (at_m, argument) = (statements(at_m), value(argument));
        let add = match front {
            Some(front) => {
                let front = value(front);
                quote!(bracket = s.add_mul(bracket, #front, s.sum_each(sums));)
            }
            None => quote!(bracket = bracket + s.sum_each(sums);),
        };
        // Without arcsines what runs into the padding costs little, and has the weight 0.
        let (within, function, last) = if *asin {
            let last = quote! {
                while pair < #all {
                    let (n, m) = #table.nodes(pair);
                    #at_m
                    sums[0] = s.add_mul(sums[0], s.splat(#weights[pair]), s.asin(#argument));
                    pair += 1;
                }
            };
            (quote!(pair + SIDE_BY_SIDE <= #all), quote!(let values = s.asin_each(values);), last)
        } else {
            (quote!(pair < #all), quote!(), quote!())
        };
        sums.push(quote! {
            let mut sums = [s.splat(0.0); SIDE_BY_SIDE];
            let mut pair = 0;
            while #within {
                let mut values = [s.splat(0.0); SIDE_BY_SIDE];
                for side in 0..SIDE_BY_SIDE {
                    let (n, m) = #table.nodes(pair + side);
                    #at_m
                    values[side] = #argument;
                }
                #function
                for side in 0..SIDE_BY_SIDE {
                    sums[side] = s.add_mul(sums[side], s.splat(#weights[pair + side]), values[side]);
                }
                pair += SIDE_BY_SIDE;
            }
            #last
            #add
        });
    }
    let (start, result, lane) = (value(&noise.start), value(&noise.result), statements(&noise.lane));
    let (loops, arrays) = (noise.loops.iter().map(over_nodes), packs_of_nodes(&noise.arrays));
    let code = quote! {
        // Noise of SGD: lanes are pairs of students j, l = j + δ; δ = p/2 has every pair twice, so half of it is left.
        let mut noise = [[0.0; LINE]; BAND];
        #arrays
        for delta in 0..BAND {
            let count = if 2 * delta == P { delta } else { P };
            let mut j = 0;
            while j < count {
                let l = j + delta;
                #lane
                #(#loops)*
                let mut bracket = #start;
                #(#sums)*
                s.store(#result, &mut noise[delta], j);
                j += S::LANES;
            }
        }
    };
    (quote!(#(#tables)*), code)
}

/// Arrays of packs over nodes.
pub(super) fn packs_of_nodes(names: &[String]) -> TokenStream {
    let names = names.iter().map(|name| ident(name));
    quote!(#(let mut #names = [s.splat(0.0); N];)*)
}

/// Puts the sums together: dM, dQ and, where the second layer is trained, da.
fn assembly(rates: &Rates, sizes: Sizes) -> TokenStream {
    let [rate_i, noise_rate, readouts, readout_rate] =
        [&rates.flow, &rates.noise, &rates.readouts, &rates.readout].map(scalar);
    let first_a = count(sizes.a(0));
    let da = sizes.trained.then(|| {
        quote! {
            for i in 0..P {
                derivative[#first_a + i] = #readout_rate * readout[i];
            }
        }
    });
    let dim = count(sizes.dim());
    quote! {
        // Of known length: one check.
        let derivative = &mut derivative[..#dim];
        let mut rate = [0.0; P];
        let noise_rate = #noise_rate;
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
                    + noise_rate * #readouts * noise[delta][j];
            }
        }
        #da
    }
}

/// R = Σ_nm summand + Δ/2.
fn risk(risk: &Risk) -> TokenStream {
    let noise = parameter_tokens(Parameter::Noise);
    let half = literal(0.5);
    let sum = match risk {
        Risk::OverNodes { tables, lane, statements, summand } => {
            let start = self::tables(tables);
            risk_over_nodes(&start, lane, statements, summand)
        }
        Risk::ByCases { arrays, lane, loops, sums } => {
            let fill = loops.iter().map(over_nodes);
            let (arrays, lane) = (packs_of_nodes(arrays), self::statements(lane));
            let start = quote!(#arrays #lane #(#fill)*);
            risk_by_cases(&start, sums)
        }
    };
    quote! {
        let mut risk = #half * #noise;
        #sum
        risk
    }
}

/// Lanes over the nodes m, padded with c_m = 0.
fn risk_over_nodes(
    start: &TokenStream,
    lane: &[Statement],
    at_n: &[Statement],
    summand: &Value,
) -> TokenStream {
    let (lane, at_n, summand) = (statements(lane), statements(at_n), value(summand));
    quote! {
        #start
        let mut sums = [0.0; WIDE];
        let mut b = 0;
        while b < WIDE {
            #lane
            let mut sum = s.splat(0.0);
            for n in 0..N {
                #at_n
                sum = sum + #summand;
            }
            s.store(sum, &mut sums, b);
            b += S::LANES;
        }
        for b in 0..N {
            risk += sums[b];
        }
    }
}

/// Teachers and students apart, one pair of nodes at a time: every lane holds the same.
fn risk_by_cases(start: &TokenStream, sums: &[RiskSum]) -> TokenStream {
    let loops = sums.iter().map(|sum| {
        let (n, m) = (range(sum.n), range(sum.m));
        let (at_m, summand) = (statements(&sum.statements), value(&sum.summand));
        quote! {
            for n in #n {
                for m in #m {
                    #at_m
                    sum = sum + #summand;
                }
            }
        }
    });
    quote! {
        #start
        let mut sum = s.splat(0.0);
        #(#loops)*
        let mut sums = [0.0; WIDE];
        s.store(sum, &mut sums, 0);
        risk += sums[0];
    }
}
