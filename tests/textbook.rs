//! The typed-in equations against right-hand sides computed with 40 digits.

#[path = "support/reference.rs"]
#[allow(dead_code)]
mod reference;
#[path = "support/textbook.rs"]
mod textbook;

use overlap::evaluate;
use textbook::Textbook;

#[test]
fn textbook_right_hand_sides_match_forty_digits() {
    let cases = reference::cases("rhs_");
    assert_eq!(cases.len(), 9);
    for name in cases {
        let case = reference::json(&name);
        let (k, p) = reference::sizes(&case);
        let system = Textbook::new(k, p, reference::trained(&case));
        let found = evaluate(&system, &reference::problem(&case)).unwrap();
        // Near convergence the sums cancel.
        let tolerance = if name.contains("nearly_aligned") { 5e-12 } else { 1e-14 };
        let risk = case["risk"].as_f64().unwrap();
        let mut errors = vec![("risk", (found.risk - risk).abs() / risk.abs())];
        for (block, found) in [("dM", &found.d_m), ("dQ", &found.d_q)] {
            let truth = reference::matrix(&case[block]);
            errors.push((block, (found - &truth).amax() / truth.amax()));
        }
        let truth = reference::vector(&case["da"]);
        errors.push(("da", (&found.d_a - &truth).amax() / truth.amax().max(1e-300)));
        println!("{name}: {errors:?}");
        for (block, error) in errors {
            assert!(error <= tolerance, "{name}: {block} is off by {error:e}");
        }
    }
}
