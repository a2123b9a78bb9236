//! Properties of generated journals: whatever agents are asked, answer, call, refuse and die in the middle of.
//!
//! `PROPTEST_CASES` sets how many are generated, `PROPTEST_RNG_SEED` which; without them every run tries the same ones.

mod agents;
mod checks;
mod engine;
mod machine;
mod moves;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

/// As many cases as take a few seconds without optimisation, always the same ones unless the environment says otherwise.
fn config(cases: u32) -> Config {
    let given = Config::default();
    let chosen = |name: &str| std::env::var_os(name).is_some();
    Config {
        cases: if chosen("PROPTEST_CASES") { given.cases } else { cases },
        rng_seed: if chosen("PROPTEST_RNG_SEED") { given.rng_seed } else { RngSeed::Fixed(20_261_121) },
        failure_persistence: None,
        max_shrink_iters: 4_096,
        ..given
    }
}

proptest! {
    #![proptest_config(config(192))]

    /// Any prefix, replayed, has the same outstanding effects; no finished call is issued again; every loop ends within
    /// its limits.
    #[test]
    fn a_journal_of_any_world_keeps_the_contract(company in agents::company(), moves in moves::script()) {
        machine::live(&company, &moves);
    }
}

proptest! {
    #![proptest_config(config(64))]

    /// What the engine streams is what its journal replays, from every cut, whatever dies when.
    #[test]
    fn a_live_stream_equals_its_journal(company in agents::company(), story in engine::story()) {
        engine::live(&company, &story);
    }
}
