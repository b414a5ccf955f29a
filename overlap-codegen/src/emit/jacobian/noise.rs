//! What the noise of SGD adds to the rows of Q: lanes over pairs of students, each pair once.

use super::chain::{AtNode, BRACKET, Case, Chain, Part, SUM, WEIGHT, numbered};
use super::rate_derivative;
use crate::emit::lanes::packs_of_nodes;
use crate::emit::write::{self, bounds, range};
use crate::emit::{MAX_LANES, SIDE_BY_SIDE, Sizes, count};
use overlap_engine::equations::{Equations, J, L, M, Pair};
use overlap_engine::schedule::{Level, Nest, Statement, Value, roles};
use overlap_engine::symbol::{Index, Parameter, Symbol};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// A sum over nodes by its number, in the expressions that come after it.
const BY_LANE: &str = "by";

/// Fills the rows of Q. What they held before is lost where q_nm of two nodes are concerned.
pub(super) fn noise(equations: &mut Equations<'_>, sizes: Sizes) -> TokenStream {
    let rows = rows(equations, sizes);
    let pairs = equations.pairs.clone();
    let (mass, label) = (equations.noise.mass, equations.noise.label);
    let chain = Chain::new(&mut equations.pool, &pairs, &equations.noise.vectors);
    let mut counter = 0;
    let mut nest = Nest::new(&mut equations.pool, &chain.definitions, &mut counter);
    let mass_value = chain.write(&nest.value(mass, Level::Lane));
    let mut scales = Scales::default();
    let (mut tables, mut over_pairs) = (Vec::new(), Vec::new());
    for case in chain.cases.iter().filter(|case| pairs_apart(case.pair, sizes) > 0) {
        let in_front = nest.pool().mul([mass, case.front]);
        let scale = scales.name(chain.write(&nest.value(in_front, Level::Lane)));
        let (table, body) = over_pairs_of(&mut nest, &chain, case, &scale, sizes);
        tables.push(table);
        over_pairs.push(body);
    }
    let before_pairs = chain.write_all(&nest.take_lane());
    let fill: Vec<TokenStream> = roles(&pairs)
        .into_iter()
        .filter_map(|n| {
            let (range, at_n) = (range(n), chain.write_all(nest.at_n(n)));
            (!at_n.is_empty()).then(|| quote!(for n in #range { #at_n }))
        })
        .collect();

    nest.next_loops();
    let (mut over_nodes, mut by_lane): (Vec<TokenStream>, Vec<Symbol>) = (Vec::new(), Vec::new());
    for role in roles(&pairs) {
        let at_node = chain.at_node(nest.pool(), role);
        over_nodes.push(over_nodes_of(&mut nest, &chain, at_node, role, sizes, &mut by_lane));
    }
    let before_nodes = chain.write_all(&nest.take_lane());

    let parameter = nest.pool().symbol(Symbol::Parameter(Parameter::Noise));
    let added = nest.pool().mul([parameter, label]);
    let mut summed = Vec::new();
    for (number, symbol) in by_lane.iter().enumerate() {
        summed.push((symbol.clone(), nest.pool().symbol(Symbol::Defined(BY_LANE, vec![numbered(number)]))));
    }
    let added_value = chain.write(&nest.value(added, Level::Lane));
    let before_bracket = chain.write_all(&nest.take_lane());
    let mut stores = Vec::new();
    for (symbol, derivative) in chain.at_lane(nest.pool(), summed, mass, added) {
        let field = match symbol {
            Symbol::Overlap(J, J) => quote!(by_ii),
            Symbol::Overlap(L, L) => quote!(by_bb),
            Symbol::Overlap(..) => quote!(by_ib),
            // Δ has a column of its own.
            _ => continue,
        };
        let value = chain.write(&nest.value(derivative, Level::Lane));
        stores.push(quote!(s.store(#value, &mut rows.#field, 0);));
    }
    let label = nest.pool().mul([mass, label]);
    let label = chain.write(&nest.value(label, Level::Lane));
    let after_nodes = chain.write_all(&nest.take_lane());

    let arrays = packs_of_nodes(&nest.kept_over_nodes);
    let sums = chain.sums.iter().enumerate().map(|(number, sum)| {
        let name = sum_name(number);
        match sum.at {
            Some(_) => quote!(let mut #name = [s.splat(0.0); N];),
            None => quote!(let mut #name = s.splat(0.0);),
        }
    });
    let coefficient_sums = sizes.trained.then(|| quote!(let mut c_sums = [s.splat(0.0); N];));
    let by_lane = (0..by_lane.len()).map(by_lane_name);
    let (starts_of_scales, scaled) = scales.tokens();
    let rate = rate_derivative(equations, equations.noise.rate, None);
    quote! {
        // Noise of SGD: lanes are pairs of students j, l = j + δ.
        #(#tables)*
        #arrays
        for delta in 0..BAND {
            let count = if 2 * delta == P { delta } else { P };
            let mut j = 0;
            while j < count {
                let l = j + delta;
                let lanes = S::LANES.min(count - j);
                #before_pairs
                let (mut starts, mut rates) = ([0; MAX_LANES], [0.0; MAX_LANES]);
                #starts_of_scales
                for lane in 0..lanes {
                    let j = j + lane;
                    let (l, position) = pair::<K, P>(j, delta);
                    starts[lane] = position * COLUMNS;
                    rates[lane] = #rate;
                    #scaled
                }
                let mut rows = Rows::<N>::zero();
                #(#fill)*
                let mut bracket = s.splat(0.0);
                #(#sums)*
                #coefficient_sums
                #(#over_pairs)*
                #before_nodes
                #(let mut #by_lane = s.splat(0.0);)*
                #(#over_nodes)*
                #before_bracket
                let bracket = bracket + #added_value;
                #after_nodes
                #(#stores)*
                let (mut mass, mut value, mut label): (Lanes, Lanes, Lanes) =
                    ([0.0; MAX_LANES], [0.0; MAX_LANES], [0.0; MAX_LANES]);
                s.store(#mass_value, &mut mass, 0);
                s.store(#mass_value * bracket, &mut value, 0);
                s.store(#label, &mut label, 0);
                for lane in 0..lanes {
                    mass[lane] *= rates[lane];
                }
                rows.scale(s, &mass);
                // dQ_jl is the flow of j along l, that of l along j, and the noise.
                rows.add_flow(s, &flow, &nodes, j, Along::Students(l));
                rows.swap();
                rows.add_flow(s, &flow, &nodes, l, Along::Students(j));
                rows.swap();
                for lane in 0..lanes {
                    let j = j + lane;
                    let (l, _) = pair::<K, P>(j, delta);
                    let row = &mut jacobian[starts[lane]..][..COLUMNS];
                    rows.add_to_row(row, columns, [K + j, K + l], lane);
                    #rows
                }
                j += S::LANES;
            }
        }
    }
}

/// Derivatives by what stands in front of the noise: γ, Δ and the second layer.
pub(super) fn rows(equations: &mut Equations<'_>, sizes: Sizes) -> TokenStream {
    let rate = equations.noise.rate;
    let by_gamma = rate_derivative(equations, rate, Some(Symbol::Parameter(Parameter::Gamma)));
    let trained = sizes.trained.then(|| {
        let by_a_j = rate_derivative(equations, rate, Some(Symbol::Readout(J)));
        let by_a_l = rate_derivative(equations, rate, Some(Symbol::Readout(L)));
        quote! {
            row[FIRST_A + j] += rows.by_a_i[lane] + #by_a_j * value[lane];
            row[FIRST_A + l] += rows.by_a_b[lane] + #by_a_l * value[lane];
            // c_i = -s a_i
            for i in 0..P {
                row[FIRST_A + i] -= parameters.s * rows.by_c[K + i][lane];
            }
        }
    });
    quote! {
        row[DIM] += rows.by_gamma[lane] + #by_gamma * value[lane];
        row[DIM + 1] += rates[lane] * label[lane];
        #trained
    }
}

/// One case of the sum over pairs of different nodes: its table, and the loop.
fn over_pairs_of(
    nest: &mut Nest<'_>,
    chain: &Chain,
    case: &Case,
    scale: &Ident,
    sizes: Sizes,
) -> (TokenStream, TokenStream) {
    let pair = case.pair;
    // One case needs no numbers.
    let name = |word: &str| match chain.cases.iter().position(|other| std::ptr::eq(other, case)) {
        Some(position) if chain.cases.len() > 1 => format_ident!("{word}_{}", position + 1),
        _ => format_ident!("{word}"),
    };
    let (table, table_weights) = (name("pairs_apart"), name("weights_apart"));
    let (n, m, symmetric) = (bounds(pair.n), bounds(pair.m), pair.symmetric);
    let real = pairs_apart(pair, sizes);
    let padded = real.next_multiple_of(SIDE_BY_SIDE);
    let (length, padded, real) = (count(padded + MAX_LANES), count(padded), count(real));
    let table_tokens = quote! {
        let #table = const { &NodePairs::<#length>::apart(#n, #m, #symmetric) };
        let #table_weights = #table.weights(s, &nodes.c);
    };
    nest.enter(pair.n, pair.m);
    let (argument, function) = nest.split_asin(case.value);
    let argument = chain.write(&nest.value(argument, Level::Inner));
    let function = function.then(|| quote!(let values = s.asin_each(values);));
    let adds: Vec<TokenStream> = case.parts.iter().map(|part| add_part(nest, chain, part)).collect();
    let direct = case.direct.map(|direct| {
        let direct = chain.write(&nest.value(direct, Level::Inner));
        quote!(s.store(#direct, &mut entries[side], 0);)
    });
    let scatter = direct.is_some().then(|| {
        quote! {
            for side in 0..SIDE_BY_SIDE {
                if pair + side < #real {
                    let (n, m) = #table.nodes(pair + side);
                    let column = columns.of(n, m);
                    for lane in 0..lanes {
                        jacobian[starts[lane] + column] = #scale[lane] * entries[side][lane];
                    }
                }
            }
        }
    });
    let entries = direct.is_some().then(|| quote!(let mut entries = [[0.0; MAX_LANES]; SIDE_BY_SIDE];));
    let front = chain.write(&nest.value(case.front, Level::Lane));
    let by_c = sizes.trained.then(|| {
        quote! {
            let (n, m) = #table.nodes(pair + side);
            let value = s.splat(#table.times(pair + side)) * #front * values[side];
            c_sums[n] = s.add_mul(c_sums[n], s.splat(nodes.c[m]), value);
            c_sums[m] = s.add_mul(c_sums[m], s.splat(nodes.c[n]), value);
        }
    });
    let at_m = chain.write_all(&nest.at_m);
    let body = quote! {{
        let weights = &#table_weights;
        let mut sums = [s.splat(0.0); SIDE_BY_SIDE];
        let mut pair = 0;
        while pair < #padded {
            let mut values = [s.splat(0.0); SIDE_BY_SIDE];
            #entries
            for side in 0..SIDE_BY_SIDE {
                let (n, m) = #table.nodes(pair + side);
                #at_m
                values[side] = #argument;
                #(#adds)*
                #direct
            }
            #function
            for side in 0..SIDE_BY_SIDE {
                sums[side] = s.add_mul(sums[side], s.splat(weights[pair + side]), values[side]);
                #by_c
            }
            #scatter
            pair += SIDE_BY_SIDE;
        }
        bracket = s.add_mul(bracket, #front, s.sum_each(sums));
    }};
    (table_tokens, body)
}

fn add_part(nest: &mut Nest<'_>, chain: &Chain, part: &Part) -> TokenStream {
    let sum = sum_name(part.sum);
    let sum = match part.at {
        Some(at) => {
            let at = format_ident!("{}", at.to_string());
            quote!(#sum[#at])
        }
        None => quote!(#sum),
    };
    let left = chain.write(&nest.value(part.left, Level::Inner));
    match part.right {
        Some(right) => {
            let right = chain.write(&nest.value(right, Level::Inner));
            quote!(#sum = s.add_mul(#sum, #left, #right);)
        }
        None => quote!(#sum = #sum + #left;),
    }
}

/// The loop over nodes in one role after the sums over pairs. `by_lane` numbers the sums over nodes.
fn over_nodes_of(
    nest: &mut Nest<'_>,
    chain: &Chain,
    at_node: AtNode,
    role: Index,
    sizes: Sizes,
    by_lane: &mut Vec<Symbol>,
) -> TokenStream {
    nest.enter(role, M);
    let value = chain.write(&nest.value(at_node.value, Level::Outer));
    let mut results = vec![quote!(bracket = bracket + #value;)];
    for (symbol, derivative) in at_node.own {
        let field = match symbol {
            Symbol::Overlap(a, b) if a == b => quote!(by_nn),
            Symbol::Overlap(a, b) if a == J || b == J => quote!(by_in),
            Symbol::Overlap(..) => quote!(by_bn),
            Symbol::Coefficient(_) if sizes.trained => quote!(by_c),
            _ => continue,
        };
        let mut value = chain.write(&nest.value(derivative, Level::Outer));
        if matches!(symbol, Symbol::Coefficient(_)) {
            value = quote!(c_sums[n] + #value);
        }
        results.push(quote!(s.store(#value, &mut rows.#field[n], 0);));
    }
    for (symbol, derivative) in at_node.lanes {
        let number = by_lane.iter().position(|known| *known == symbol).unwrap_or_else(|| {
            by_lane.push(symbol);
            by_lane.len() - 1
        });
        let (name, value) = (by_lane_name(number), chain.write(&nest.value(derivative, Level::Outer)));
        results.push(quote!(#name = #name + #value;));
    }
    let (range, at_n) = (range(role), chain.write_all(nest.at_n(role)));
    quote! {
        for n in #range {
            #at_n
            #(#results)*
        }
    }
}

/// The factors in front of derivatives by q_nm, mostly one for all cases, each lane with its rate.
#[derive(Default)]
struct Scales(Vec<String>, Vec<TokenStream>);

impl Scales {
    fn name(&mut self, value: TokenStream) -> Ident {
        let text = value.to_string();
        let position = self.0.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.0.push(text);
            self.1.push(value);
            self.0.len() - 1
        });
        format_ident!("scale_{}", position + 1)
    }

    /// Their declarations, and what every lane does to them.
    fn tokens(&self) -> (TokenStream, TokenStream) {
        let names: Vec<Ident> = (1..=self.0.len()).map(|number| format_ident!("scale_{number}")).collect();
        let values = &self.1;
        (
            quote!(#(let mut #names = [0.0; MAX_LANES]; s.store(#values, &mut #names, 0);)*),
            quote!(#(#names[lane] *= rates[lane];)*),
        )
    }
}

impl Chain {
    /// A value, whose symbols may be sums.
    fn write(&self, value: &Value) -> TokenStream {
        write::value_with(value, &|symbol| given(self, symbol))
    }

    fn write_all(&self, statements: &[Statement]) -> TokenStream {
        write::statements_with(statements, &|symbol| given(self, symbol))
    }
}

fn given(chain: &Chain, symbol: &Symbol) -> TokenStream {
    let number = |index: &Index| match index {
        Index::Student(number) => usize::from(*number),
        _ => unreachable!("sums are numbered"),
    };
    match symbol {
        Symbol::Defined(WEIGHT, _) => quote!(s.splat(weights[pair + side])),
        Symbol::Defined(SUM, indices) => {
            let number = number(&indices[0]);
            let name = sum_name(number);
            if chain.sums[number].at.is_some() { quote!(#name[n]) } else { quote!(#name) }
        }
        Symbol::Defined(BY_LANE, indices) => {
            let name = by_lane_name(number(&indices[0]));
            quote!(#name)
        }
        Symbol::Defined(BRACKET, _) => quote!(bracket),
        other => write::given(other),
    }
}

fn sum_name(number: usize) -> Ident {
    format_ident!("sums_{}", number + 1)
}

fn by_lane_name(number: usize) -> Ident {
    format_ident!("over_n_{}", number + 1)
}

/// Number of pairs of different nodes.
fn pairs_apart(pair: Pair, sizes: Sizes) -> usize {
    let (n, m) = (pair.n.units(sizes), pair.m.units(sizes));
    if pair.symmetric { n * (n - 1) / 2 } else { n * m }
}
