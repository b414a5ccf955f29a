//! What is solved and simulated: a [`System`] with its [`Shape`], a [`Problem`] with its [`Parameters`], its initial state and schedules.

pub(crate) mod activation;
pub(crate) mod dynamic;
pub mod generated;
pub(crate) mod initial;
pub(crate) mod jacobian;
pub(crate) mod numerical;
pub(crate) mod orthant;
pub(crate) mod problem;
pub mod problem_file;
pub(crate) mod problem_json;
pub(crate) mod program;
pub(crate) mod schedule;
pub(crate) mod state;
pub(crate) mod system;
pub(crate) mod weighted;
pub(crate) mod weights;
pub(crate) mod words;
