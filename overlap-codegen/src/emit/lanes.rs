//! Constant-size loops over lanes: the code for all but small systems. Its size does not grow with k and p.

use super::nest::{Level, Nest};
use super::parts::split;
use super::scalar::{parameter_tokens, scalar};
use super::{MAX_LANES, Sizes, count, ident, literal};
use overlap_engine::equations::{B, Equations, I, J, L, M, N, Pair};
use overlap_engine::expr::{Expr, Node, Pool};
use overlap_engine::gaussian::rename;
use overlap_engine::symbol::{Index, Kind, Parameter, Symbol};
use proc_macro2::TokenStream;
use quote::quote;

/// The bodies of the two kernels, `(right_hand_side, risk)`. They see `s` (the instruction set), `parameters`, `state`,
/// and the constants K, P, N, WIDE, LINE, ROW, BAND; the first one fills `derivative`, the second one is an expression.
pub fn lanes(equations: &mut Equations<'_>, sizes: Sizes) -> (TokenStream, TokenStream) {
    let trained = sizes.trained;
    let nodes = quote!(Nodes::<K, P, N, WIDE, LINE, ROW, BAND>);
    let in_place = quote!(let nodes = #nodes::in_place(parameters, state, #trained););
    let apart = quote!(let nodes = #nodes::new(parameters, state, #trained););
    let mut counter = 0;
    let flow = flow(equations, sizes, &mut counter);
    let (weights, noise) = if equations.by_coincidence {
        (quote!(), super::patterns::noise(equations))
    } else {
        noise(equations, sizes, &mut counter)
    };
    let assembly = assembly(equations, sizes);
    let risk = risk(equations);
    (quote!(#in_place #weights #flow #noise #assembly), quote!(#apart #risk))
}

/// flow[b][i] = Σ_n c_n I3(i, b, n) = q_ib Σ_n c_n own + Σ_n q_nb c_n other: lanes over students i. The matrix product over n follows per pack.
fn flow(equations: &mut Equations<'_>, sizes: Sizes, counter: &mut usize) -> TokenStream {
    let forces = equations.forces.clone();
    let mut nest = Nest::new(&mut equations.pool, &[], &load_of_student, counter);
    nest.want_roots_of_nodes();
    let mut loops = Vec::new();
    for force in forces {
        nest.enter(force.n, M);
        nest.degenerate = force.degenerate;
        let own = nest.value(force.own, Level::Outer);
        let other = nest.value(force.other, Level::Outer);
        let readout = sizes.trained.then(|| nest.value(force.two_point, Level::Outer));
        let readout_add = readout.map(|value| quote!(readout_sum = s.add_mul(readout_sum, c_n, #value);));
        let (range, at_n) = (range(force.n), nest.at_n(force.n));
        loops.push(quote! {
            for n in #range {
                #(#at_n)*
                let c_n = s.splat(nodes.c[n]);
                own = s.add_mul(own, c_n, #own);
                other[n] = c_n * #other;
                #readout_add
            }
        });
    }
    let (lane, roots) = (&nest.lane, &nest.roots_of_nodes);
    let readout_start = sizes.trained.then(|| quote!(let mut readout_sum = s.splat(0.0);));
    let readout_end = sizes.trained.then(|| quote!(s.store(readout_sum, &mut readout, i);));
    let readout_array = sizes.trained.then(|| quote!(let mut readout = [0.0; LINE];));
    quote! {
        // Gradient flow: lanes are students i.
        #(#roots)*
        let mut flow = [[0.0; LINE]; N];
        #readout_array
        let mut i = 0;
        while i < P {
            #(#lane)*
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

/// noise[δ][j] = mass (Σ_nm c_n c_m tilted + Δ label): lanes over the pairs (j, l = j + δ), each pair once.
///
/// A sum over pairs of nodes runs over one table, so that no trip count varies: a few arcsines side by side, then the
/// rest. Weights come first, apart: they need c only, and fill the time until rows can be loaded.
fn noise(equations: &mut Equations<'_>, sizes: Sizes, counter: &mut usize) -> (TokenStream, TokenStream) {
    let pairs = equations.pairs.clone();
    let (mass, label) = (equations.noise.mass, equations.noise.label);
    let one = equations.pool.integer(1);
    let mut nest = Nest::new(&mut equations.pool, &equations.noise.vectors, &load_of_pair, counter);
    let (mut tables, mut sums) = (Vec::new(), Vec::new());
    for (position, pair) in pairs.iter().enumerate() {
        // One case needs no numbers.
        let name = |word: &str| match pairs.len() {
            1 => ident(word),
            _ => ident(&format!("{word}_{}", position + 1)),
        };
        let (table, weights) = (name("node_pairs"), name("weights"));
        let (n, m, symmetric) = (bounds(pair.n), bounds(pair.m), pair.symmetric);
        let all = node_pairs(*pair, sizes);
        let [all, length] = [all, all + MAX_LANES].map(count);
        tables.push(quote! {
            let #table = const { &NodePairs::<#length>::new(#n, #m, #symmetric) };
            let #weights = #table.weights(s, &nodes.c);
        });
        nest.enter(pair.n, pair.m);
        nest.degenerate = pair.degenerate;
        let (front, tilted) = nest.split_lane_factors(pair.tilted);
        let front = (front != one).then(|| nest.value(front, Level::Lane));
        // Arcsines side by side, unless each needs its cosine.
        let (argument, function) = if pair.degenerate { (tilted, false) } else { nest.split_asin(tilted) };
        let argument = nest.value(argument, Level::Inner);
        let at_m = &nest.at_m;
        let add = match front {
            Some(front) => quote!(bracket = s.add_mul(bracket, #front, s.sum_each(sums));),
            None => quote!(bracket = bracket + s.sum_each(sums);),
        };
        // Without arcsines what runs into the padding costs little, and has the weight 0.
        let (within, function, last) = if function {
            let last = quote! {
                while pair < #all {
                    let (n, m) = #table.nodes(pair);
                    #(#at_m)*
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
                    #(#at_m)*
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
    let noise = parameter_tokens(Parameter::Noise);
    let start = if label == one {
        quote!(s.splat(#noise))
    } else {
        let label = nest.value(label, Level::Lane);
        quote!(s.splat(#noise) * #label)
    };
    let mass = if mass == one {
        quote!(bracket)
    } else {
        let mass = nest.value(mass, Level::Lane);
        quote!(#mass * bracket)
    };
    let loops = loops_over_nodes(&nest, &pairs);
    let (lane, arrays) = (&nest.lane, &nest.kept_over_nodes);
    let code = quote! {
        // Noise of SGD: lanes are pairs of students j, l = j + δ; δ = p/2 has every pair twice, so half of it is left.
        let mut noise = [[0.0; LINE]; BAND];
        #(let mut #arrays = [s.splat(0.0); N];)*
        for delta in 0..BAND {
            let count = if 2 * delta == P { delta } else { P };
            let mut j = 0;
            while j < count {
                let l = j + delta;
                #(#lane)*
                #(#loops)*
                let mut bracket = #start;
                #(#sums)*
                s.store(#mass, &mut noise[delta], j);
                j += S::LANES;
            }
        }
    };
    (quote!(#(#tables)*), code)
}

/// The pack of a symbol where lanes are students i.
pub(super) fn load_of_student(symbol: &Symbol) -> TokenStream {
    match *symbol {
        Symbol::Overlap(a, b) if a == I && b == I => quote!(s.load(&nodes.variance, K + i)),
        Symbol::Overlap(a, b) if a == I || b == I => {
            let node = ident(&(if a == I { b } else { a }).to_string());
            quote!(s.load(&nodes.omega[#node], K + i))
        }
        Symbol::Overlap(a, b) => splat_omega(a, b),
        Symbol::Coefficient(n) => splat_coefficient(n),
        _ => unreachable!("no other symbol in the flow"),
    }
}

/// The pack of a symbol where lanes are pairs of students j, l = j + δ.
pub(super) fn load_of_pair(symbol: &Symbol) -> TokenStream {
    match *symbol {
        Symbol::Overlap(a, b) if a == J && b == J => quote!(s.load(&nodes.variance, K + j)),
        Symbol::Overlap(a, b) if a == L && b == L => quote!(s.load(&nodes.variance, K + l)),
        Symbol::Overlap(a, b) if (a.min(b), a.max(b)) == (J, L) => quote!(s.load(&nodes.band[delta], j)),
        Symbol::Overlap(a, b) if [a, b].contains(&J) || [a, b].contains(&L) => {
            let (student, node) = if a == J || a == L { (a, b) } else { (b, a) };
            let (student, node) = (ident(&student.to_string()), ident(&node.to_string()));
            quote!(s.load(&nodes.omega[#node], K + #student))
        }
        Symbol::Overlap(a, b) => splat_omega(a, b),
        Symbol::Coefficient(n) => splat_coefficient(n),
        _ => unreachable!("no other symbol in the noise"),
    }
}

/// The loops over n that fill the arrays over nodes.
fn loops_over_nodes(nest: &Nest<'_>, pairs: &[Pair]) -> Vec<TokenStream> {
    let filled = roles(pairs).into_iter().filter(|&n| !nest.at_n(n).is_empty());
    let body = |n| {
        let (range, at_n) = (range(n), nest.at_n(n));
        quote!(for n in #range { #(#at_n)* })
    };
    filled.map(body).collect()
}

/// The roles that a node takes in the cases.
pub(super) fn roles(pairs: &[Pair]) -> Vec<Index> {
    pairs.iter().filter(|pair| pair.n.kind() == pair.m.kind()).map(|pair| pair.n).collect()
}

/// How many pairs of nodes a case has.
fn node_pairs(pair: Pair, sizes: Sizes) -> usize {
    let (n, m) = (pair.n.units(sizes), pair.m.units(sizes));
    if pair.symmetric { n * (n + 1) / 2 } else { n * m }
}

/// The nodes a role runs over.
pub(super) fn range(role: Index) -> TokenStream {
    match role.kind() {
        Kind::Node => quote!(0..N),
        Kind::Teacher => quote!(0..K),
        Kind::Student => quote!(K..N),
    }
}

/// The same as first node and end.
pub(super) fn bounds(role: Index) -> TokenStream {
    match role.kind() {
        Kind::Node => quote!((0, N)),
        Kind::Teacher => quote!((0, K)),
        Kind::Student => quote!((K, N)),
    }
}

/// Puts the sums together: dM, dQ and, where the second layer is trained, da.
fn assembly(equations: &mut Equations<'_>, sizes: Sizes) -> TokenStream {
    let pool = &mut equations.pool;
    let a_of = |symbol: &Symbol| match symbol {
        Symbol::Readout(index) => {
            let position = ident(&index.to_string());
            quote!(nodes.a[#position])
        }
        _ => unreachable!("rates hold parameters and a only"),
    };
    let rate_i = scalar(pool, equations.flow_rate, &a_of);
    // Divided once, not for every pair.
    let readouts = |pool: &Pool, factor: Expr| matches!(pool.node(factor), Node::Symbol(Symbol::Readout(_)));
    let (readouts, noise_rate) = split(pool, equations.noise.rate, &readouts);
    let [readouts, noise_rate] = [readouts, noise_rate].map(|expr| scalar(pool, expr, &a_of));
    let readout_rate = scalar(pool, equations.readout_rate, &a_of);
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
fn risk(equations: &mut Equations<'_>) -> TokenStream {
    let noise = parameter_tokens(Parameter::Noise);
    let half = literal(0.5);
    let sum = match equations.pairs[..] {
        [pair] => risk_over_lanes(equations, pair),
        _ => risk_by_cases(equations),
    };
    quote! {
        let mut risk = #half * #noise;
        #sum
        risk
    }
}

/// Lanes over the nodes m, padded with c_m = 0.
fn risk_over_lanes(equations: &mut Equations<'_>, pair: Pair) -> TokenStream {
    // The lane index is called b in the equations, so that n stays the loop.
    let summand = rename(&mut equations.pool, pair.risk, &|index| if index == M { B } else { index });
    let load = |symbol: &Symbol| match *symbol {
        Symbol::Overlap(a, b) if a == B && b == B => quote!(s.load(&nodes.variance, b)),
        Symbol::Overlap(a, b) if a == B || b == B => quote!(s.load(&nodes.omega[n], b)),
        Symbol::Overlap(a, b) => splat_omega(a, b),
        Symbol::Coefficient(n) if n == B => quote!(s.load(&nodes.c, b)),
        Symbol::Coefficient(n) => splat_coefficient(n),
        _ => unreachable!("no other symbol in the risk"),
    };
    let mut counter = 0;
    let mut nest = Nest::new(&mut equations.pool, &[], &load, &mut counter);
    nest.want_roots_of_nodes();
    nest.enter(N, M);
    nest.degenerate = pair.degenerate;
    let summand = nest.value(summand, Level::Outer);
    let (lane, at_n, roots) = (&nest.lane, nest.at_n(N), &nest.roots_of_nodes);
    quote! {
        #(#roots)*
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
        for b in 0..N {
            risk += sums[b];
        }
    }
}

/// Teachers and students apart, one pair of nodes at a time: every lane holds the same.
fn risk_by_cases(equations: &mut Equations<'_>) -> TokenStream {
    let pairs = equations.pairs.clone();
    let load = |symbol: &Symbol| match *symbol {
        Symbol::Overlap(a, b) => splat_omega(a, b),
        Symbol::Coefficient(n) => splat_coefficient(n),
        _ => unreachable!("no other symbol in the risk"),
    };
    let mut counter = 0;
    let mut nest = Nest::new(&mut equations.pool, &[], &load, &mut counter);
    let mut loops = Vec::new();
    for pair in &pairs {
        nest.enter(pair.n, pair.m);
        nest.degenerate = pair.degenerate;
        let summand = nest.value(pair.risk, Level::Inner);
        let (n, m, at_m) = (range(pair.n), range(pair.m), &nest.at_m);
        loops.push(quote! {
            for n in #n {
                for m in #m {
                    #(#at_m)*
                    sum = sum + #summand;
                }
            }
        });
    }
    let fill = loops_over_nodes(&nest, &pairs);
    let (lane, arrays) = (&nest.lane, &nest.kept_over_nodes);
    quote! {
        #(let mut #arrays = [s.splat(0.0); N];)*
        #(#lane)*
        #(#fill)*
        let mut sum = s.splat(0.0);
        #(#loops)*
        let mut sums = [0.0; WIDE];
        s.store(sum, &mut sums, 0);
        risk += sums[0];
    }
}

fn splat_omega(a: Index, b: Index) -> TokenStream {
    // Ω is symmetric: row n, so that the loop over m runs along it.
    let (row, column) = (ident(&b.to_string()), ident(&a.to_string()));
    if a == b { quote!(s.splat(nodes.variance[#row])) } else { quote!(s.splat(nodes.omega[#row][#column])) }
}

fn splat_coefficient(n: Index) -> TokenStream {
    let n = ident(&n.to_string());
    quote!(s.splat(nodes.c[#n]))
}
