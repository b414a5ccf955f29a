//! p
#[path = "../tests/support/textbook.rs"]
mod textbook;
use overlap_runtime::*;
use textbook::Textbook;

fn main() {
    let a: Vec<String> = std::env::args().collect();
    let d: usize = a[1].parse().unwrap();
    let sim = if a[2] == "direct" { Simulator::Direct } else { Simulator::Reduced };
    let reps: usize = a[3].parse().unwrap();
    let steps: f64 = a[4].parse().unwrap();
    let system = Textbook::new(4, 8, false);
    let problem = Problem::builder(4, 8).initial(Initial::informed(0.3)).build().unwrap();
    let o = SimulateOptions::default().dimension(d).simulator(sim).replicas(reps).threads(1);
    let t = cpu_time::ProcessTime::now();
    simulate(&system, &problem, &[steps / d as f64], &o).unwrap();
    println!("{} ns", t.elapsed().as_secs_f64() * 1e9 / steps / reps as f64);
}
