//! The law of the chain against the weights themselves, and the books it keeps.

use super::super::options::{SimulateOptions, Simulator};
use super::super::setting::Setting;
use super::super::unit::{Start, Unit};
use crate::{Initial, Parameters, Problem, ProblemBuilder, System};
use nalgebra::DMatrix;
use rayon::prelude::*;
use textbook::Textbook;

#[path = "../../../../tests/support/textbook.rs"]
#[allow(unreachable_pub, dead_code)]
mod textbook;

/// Order-one overlaps, no two alike.
fn builder(k: usize, p: usize) -> ProblemBuilder {
    let m = DMatrix::from_fn(k, p, |r, i| 0.3 * f64::sin((3 * r + 5 * i) as f64) / (k as f64).sqrt());
    let own = DMatrix::from_fn(p, p, |i, j| if i == j { 0.4 + 0.05 * i as f64 } else { 0.05 });
    let q = m.tr_mul(&m) + own;
    Problem::builder(k, p).initial(Initial::Given { m, q })
}

fn start(problem: &Problem, system: &Textbook, d: usize, simulator: Simulator) -> Start {
    let parameters = Parameters::new(system, problem).unwrap();
    let setting = Setting::new(system.shape(), [system.activation(); 2], parameters, problem, d);
    Start::new(&SimulateOptions::default().dimension(d).simulator(simulator), setting, problem, None).unwrap()
}

/// State and risk of every replica at two times, replica by replica.
fn sample(system: &Textbook, start: &Start, units: Vec<Unit<'_>>, steps: [u64; 2]) -> Vec<[Vec<f64>; 2]> {
    let rows = |mut unit: Unit<'_>| {
        let mut rows = vec![[vec![], vec![]]; unit.replicas()];
        let mut done = 0;
        for (time, step) in steps.into_iter().enumerate() {
            unit.advance(step - done).unwrap();
            done = step;
            for (replica, row) in rows.iter_mut().enumerate() {
                let mut state = unit.state(replica).unwrap();
                state.push(system.risk(&start.setting().parameters, &state));
                row[time] = state;
            }
        }
        rows
    };
    units.into_par_iter().flat_map_iter(rows).collect()
}

/// One at a time, as a simulation of a single replica does.
fn singles(start: &Start, count: usize, seed: u64) -> Vec<Unit<'_>> {
    (0..count as u64).flat_map(|replica| start.units(1, seed + replica)).collect()
}

/// Kolmogorov's and Smirnov's two-sample statistic as √(n m / (n + m)) max |F - G|.
fn distance(x: &mut [f64], y: &mut [f64]) -> f64 {
    x.sort_by(f64::total_cmp);
    y.sort_by(f64::total_cmp);
    let (n, m) = (x.len(), y.len());
    let (mut i, mut j, mut largest) = (0, 0, 0.0_f64);
    while i < n && j < m {
        let value = x[i].min(y[j]);
        i += x[i..].iter().take_while(|&&x| x <= value).count();
        j += y[j..].iter().take_while(|&&y| y <= value).count();
        largest = largest.max((i as f64 / n as f64 - j as f64 / m as f64).abs());
    }
    largest * ((n * m) as f64 / (n + m) as f64).sqrt()
}

/// P(distance > 3) = 2 exp(-18) = 3e-8 for two samples of the same law.
const LIMIT: f64 = 3.0;

/// The largest distance over the risk and `count` overlaps at both times.
fn largest_distance(x: &[[Vec<f64>; 2]], y: &[[Vec<f64>; 2]], count: usize) -> f64 {
    let entries = x[0][0].len();
    let column = |rows: &[[Vec<f64>; 2]], time: usize, entry: usize| -> Vec<f64> {
        rows.iter().map(|row| row[time][entry]).collect()
    };
    let mut largest = 0.0_f64;
    for time in 0..2 {
        // The risk is last; the overlaps are spread over M and Q.
        for entry in (0..count).map(|index| index * (entries - 1) / count).chain([entries - 1]) {
            let distance = distance(&mut column(x, time, entry), &mut column(y, time, entry));
            largest = largest.max(distance);
        }
    }
    largest
}

/// 10⁴ replicas of both forms of the chain and of the weights themselves, at k = 4, p = 8, γ = 12, Δ = 0.1: no distance
/// beyond 3 in risk and eleven overlaps at t = 1 and 3. 144 comparisons: false-alarm rate below 5e-6. A rest in one
/// dimension more is found out at d = 20, by d = 50 it takes all k + p.
#[test]
fn chain_and_weights_have_the_same_law() {
    const REPLICAS: usize = 10_000;
    let system = Textbook::new(4, 8, false);
    let problem = builder(4, 8).learning_rate(12.0).noise(0.1).build().unwrap();
    for (d, falsified) in [(20, 1), (50, 12), (200, 12)] {
        let steps = [d as u64, 3 * d as u64];
        let direct = start(&problem, &system, d, Simulator::Direct);
        let truth = sample(&system, &direct, direct.units(REPLICAS, 1), steps);
        let mut chain = start(&problem, &system, d, Simulator::Reduced);
        let octets = sample(&system, &chain, chain.units(REPLICAS, 2), steps);
        let single = sample(&system, &chain, singles(&chain, REPLICAS, 3), steps);
        let (octets, single) = (largest_distance(&octets, &truth, 11), largest_distance(&single, &truth, 11));
        let Start::Reduced(inner) = &mut chain else { unreachable!() };
        inner.rest += falsified;
        let wrong = sample(&system, &chain, chain.units(REPLICAS, 2), steps);
        let wrong_single = sample(&system, &chain, singles(&chain, REPLICAS, 3), steps);
        let wrong = largest_distance(&wrong, &truth, 11).min(largest_distance(&wrong_single, &truth, 11));
        println!("d = {d}: {octets:.2} {single:.2}, with {falsified} dimensions more {wrong:.2}");
        assert!(octets < LIMIT && single < LIMIT, "d = {d}: {octets} {single}");
        assert!(wrong > LIMIT, "d = {d}: {wrong}");
    }
}

/// Trained second layer, correlated teachers, batches, noise, rates that fall: all overlaps and a at d = 12 (barely more
/// than k + p = 5, so that blocks run out of directions) and 40. 2 x 2 x 4 x 15 comparisons: false-alarm rate below 1e-5.
#[test]
fn the_law_holds_with_everything_switched_on() {
    let system = Textbook::new(2, 3, true);
    for (batch, seed) in [(1, 10), (3, 20), (20, 30)] {
        let problem = builder(2, 3)
            .teacher_overlaps(DMatrix::from_row_slice(2, 2, &[1.0, 0.3, 0.3, 0.8]))
            .a_star([1.0, -0.7])
            .a([0.8, -1.1, 0.6])
            .learning_rate(6.0)
            .second_layer_rate(2.0)
            .noise(0.3)
            .batch(batch)
            .learning_rate_schedule(crate::Schedule::PowerLaw { time: 1.0, exponent: 0.5 })
            .noise_schedule(crate::Schedule::Piecewise(vec![(1.0, 3.0)]))
            .build()
            .unwrap();
        for d in [5, 12, 40] {
            let steps = [d as u64, 3 * d as u64];
            let direct = start(&problem, &system, d, Simulator::Direct);
            let chain = start(&problem, &system, d, Simulator::Reduced);
            let truth = sample(&system, &direct, direct.units(4000, seed), steps);
            let octets = sample(&system, &chain, chain.units(4000, seed + 1), steps);
            let single = sample(&system, &chain, singles(&chain, 4000, seed + 2), steps);
            let (octets, single) =
                (largest_distance(&octets, &truth, 14), largest_distance(&single, &truth, 14));
            println!("b = {batch}, d = {d}: {octets:.2} {single:.2}");
            assert!(octets < LIMIT && single < LIMIT, "b = {batch}, d = {d}: {octets} {single}");
        }
    }
}
