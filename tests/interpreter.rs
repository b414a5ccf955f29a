//! The interpreted program against generated code.

#[path = "../benches/support/handwritten.rs"]
mod handwritten;
#[path = "support/random_problem.rs"]
mod random_problem;

use handwritten::Handwritten;
use overlap::{Activation, DynSystem, Parameters, Shape, System, simd::Level};
use random_problem::random_problem;
use std::time::Instant;

#[test]
fn erf() {
    for (k, p, trained) in [
        (1, 1, false),
        (1, 2, true),
        (2, 2, false),
        (2, 3, true),
        (4, 8, false),
        (4, 16, false),
        (8, 32, false),
        (3, 9, true),
    ] {
        let start = Instant::now();
        let dynamic = DynSystem::new(k, p, Activation::Erf, trained).unwrap();
        let ready = start.elapsed();
        let hand = Handwritten::new(k, p, trained);
        let shape = Shape { k, p, trained };
        let problem = random_problem(shape, 3, 0.8);
        let parameters = Parameters::new(&dynamic, &problem).unwrap();
        let state = problem.initial_state(trained);
        let [mut x, mut y] = [vec![0.0; shape.dim()], vec![0.0; shape.dim()]];
        for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
            level.force();
            hand.right_hand_side(&parameters, &state, &mut x);
            dynamic.right_hand_side(&parameters, &state, &mut y);
            let scale = x.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            let worst = x.iter().zip(&y).fold(0.0f64, |m, (x, y)| m.max((x - y).abs()));
            let risks = hand.risk(&parameters, &state) - dynamic.risk(&parameters, &state);
            let mut times = [f64::INFINITY; 4];
            for _ in 0..200 {
                let calls = (100_000 / (p * p * (k + p) * (k + p))).max(1);
                for which in 0..4 {
                    let start = Instant::now();
                    for _ in 0..calls {
                        match which {
                            0 => hand.right_hand_side(&parameters, &state, &mut x),
                            1 => dynamic.right_hand_side(&parameters, &state, &mut y),
                            2 => {
                                std::hint::black_box(hand.risk(&parameters, &state));
                            }
                            _ => {
                                std::hint::black_box(dynamic.risk(&parameters, &state));
                            }
                        }
                    }
                    times[which] = times[which].min(start.elapsed().as_secs_f64() * 1e9 / calls as f64);
                }
            }
            println!(
                "{k},{p} {trained} {level:?}: {:.1e} {:.1e} ready {ready:?} {:.0} {:.0} = {:.2}; risk {:.0} {:.0} = {:.2}",
                worst / scale,
                risks,
                times[0],
                times[1],
                times[1] / times[0],
                times[2],
                times[3],
                times[3] / times[2]
            );
        }
    }
}
