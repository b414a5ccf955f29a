//! Schedules as data: printed and counted.

use overlap_engine::activation::{Activation, Activations, Erf, Polynomial, Sign};
use overlap_engine::equations::Equations;
use overlap_engine::schedule::{Lanes, Operation, Statement, Value};
use overlap_layout::Shape;

fn schedule(student: &dyn Activation, teacher: &dyn Activation, trained: bool) -> Lanes {
    let mut equations = Equations::derive(Activations { student, teacher }).expect("closed forms");
    Lanes::new(&mut equations, trained)
}

#[test]
fn schedules_as_text() {
    insta::assert_snapshot!("erf", schedule(&Erf::UNIT, &Erf::UNIT, true));
    insta::assert_snapshot!("erf_of_sign", schedule(&Erf::UNIT, &Sign, false));
}

fn count(statements: &[Statement], values: &[&Value], wanted: Operation) -> usize {
    let mut found = 0;
    let mut see = |value: &Value| {
        found += usize::from(matches!(value, Value::Of(operation, _) if *operation == wanted))
    };
    statements.iter().flat_map(Statement::values).for_each(|value| value.walk(&mut see));
    values.iter().for_each(|value| value.walk(&mut see));
    found
}

/// One arcsine for every pair of nodes and pair of students, and no root that does not belong to a node: the rank-2 tilt.
#[test]
fn erf_takes_one_arcsine_a_pair() {
    let lanes = schedule(&Erf::UNIT, &Erf::UNIT, false);
    let noise = lanes.noise.expect("erf has one form");
    let [sum] = &noise.sums[..] else { panic!("one case") };
    let inner = |wanted| count(&sum.statements, &[&sum.argument], wanted);
    assert!(sum.asin && inner(Operation::Asin) == 0);
    assert_eq!(inner(Operation::Rsqrt) + inner(Operation::Sqrt) + inner(Operation::Div), 0);
    let roots = noise.loops.iter().map(|body| count(&body.statements, &[], Operation::Rsqrt)).sum::<usize>();
    assert_eq!(roots, 1);
    // (4,8): 36 pairs of students.
    let shape = Shape { k: 4, p: 8, trained: false };
    assert_eq!(36 * sum.pairs(shape), 2808);
}

/// Teachers and students of different kinds meet in as many pairs as all nodes do.
#[test]
fn cases_cover_every_pair() {
    let shape = Shape { k: 3, p: 5, trained: false };
    let all = schedule(&Erf::UNIT, &Erf::UNIT, false).noise.expect("one form").sums[0].pairs(shape);
    let he2 = Polynomial::hermite(2).expect("a degree");
    let mixed: [[&dyn Activation; 2]; 2] = [[&Erf::UNIT, &Sign], [&he2, &Erf::UNIT]];
    for [student, teacher] in mixed {
        let noise = schedule(student, teacher, true).noise.expect("one form");
        assert_eq!(noise.sums.iter().map(|sum| sum.pairs(shape)).sum::<usize>(), all);
    }
}

/// No statement uses a name before it is given.
#[test]
fn names_are_given_before_they_are_used() {
    let he3 = Polynomial::hermite(3).expect("a degree");
    let systems: [[&dyn Activation; 2]; 4] =
        [[&Erf::UNIT, &Erf::UNIT], [&Erf::UNIT, &Sign], [&he3, &he3], [&he3, &Erf::UNIT]];
    for [student, teacher] in systems {
        let noise = schedule(student, teacher, true).noise.expect("one form");
        let mut known = vec!["bracket".to_owned()];
        let mut check = |statements: &[Statement], values: &[&Value]| {
            let used = |value: &Value, known: &[String]| {
                value.walk(&mut |value| {
                    if let Value::Name(name) | Value::Element(name, _) = value {
                        assert!(known.contains(name), "{name} is not known in {value}");
                    }
                });
            };
            for statement in statements {
                statement.values().iter().for_each(|value| used(value, &known));
                let (Statement::Let(name, _) | Statement::Keep(name, _)) = statement else { continue };
                known.push(name.clone());
            }
            values.iter().for_each(|value| used(value, &known));
        };
        check(&noise.lane, &[&noise.start]);
        noise.loops.iter().for_each(|body| check(&body.statements, &[]));
        for sum in &noise.sums {
            check(&sum.statements, &[&sum.argument]);
            sum.front.iter().for_each(|front| check(&[], &[front]));
        }
        check(&[], &[&noise.result]);
    }
}
