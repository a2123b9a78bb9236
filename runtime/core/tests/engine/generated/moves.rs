//! Generates what happens in a world: which of the outstanding effects comes next, and what comes of it.

use proptest::collection::vec;
use proptest::prelude::*;

/// What happens, move by move, and what the world is like when the moves are used up.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) moves: Vec<Move>,
    /// From then on the root's model asks for tools for ever; else it answers.
    pub(crate) stubborn: bool,
    /// From then on tools, approvals and sub-agents fail; else they succeed.
    pub(crate) hostile: bool,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    /// How long after the last thing, in microseconds.
    pub(crate) gap: i64,
    pub(crate) what: What,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// The effect at this place of the list (modulo its length) is performed.
    Perform { which: usize, answer: Answer },
    /// The process dies and another takes over.
    Die,
    /// Someone cancels the root.
    Cancel { forced: bool },
}

/// What comes of an effect; models, tools and people read different parts of it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) manner: Manner,
    pub(crate) calls: Vec<Wish>,
    pub(crate) tokens: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// An answer, a result, a yes.
    Good,
    /// The same with more about it: reasoning, an edited argument, a large result.
    Rich,
    /// An answer that the schema refuses, an error result, a no.
    Bad,
    /// The provider refuses for now.
    Busy,
    /// The provider refuses for good.
    Broken,
    /// The answer breaks off.
    Torn,
}

/// A call that a model asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    /// The place of the tool among those that it sees; beyond them, one that does not exist.
    pub(crate) tool: usize,
    /// Its arguments are no JSON.
    pub(crate) garbled: bool,
}

pub(crate) fn script() -> impl Strategy<Value = Script> {
    (vec(a_move(), 0..=60), any::<bool>(), any::<bool>()).prop_map(|(moves, stubborn, hostile)| Script {
        moves,
        stubborn,
        hostile,
    })
}

fn a_move() -> impl Strategy<Value = Move> {
    let gap = prop_oneof![8 => 0..=50_i64, 2 => 50..=5_000_i64, 1 => Just(3_000_000_i64)];
    let perform = (0..8_usize, answer()).prop_map(|(which, answer)| What::Perform { which, answer });
    let cancel = any::<bool>().prop_map(|forced| What::Cancel { forced });
    let what = prop_oneof![30 => perform, 3 => Just(What::Die), 1 => cancel];
    (gap, what).prop_map(|(gap, what)| Move { gap, what })
}

pub(crate) fn answer() -> impl Strategy<Value = Answer> {
    let manner = prop_oneof![
        6 => Just(Manner::Good),
        2 => Just(Manner::Rich),
        2 => Just(Manner::Bad),
        1 => Just(Manner::Busy),
        1 => Just(Manner::Broken),
        1 => Just(Manner::Torn),
    ];
    let wish = (0..6_usize, prop::bool::weighted(0.2)).prop_map(|(tool, garbled)| Wish { tool, garbled });
    let calls = prop_oneof![1 => Just(Vec::new()), 3 => vec(wish, 1..=3)];
    (manner, calls, 0..=20_u64).prop_map(|(manner, calls, tokens)| Answer { manner, calls, tokens })
}

impl Answer {
    /// A plain success without calls.
    pub(crate) fn plain(manner: Manner) -> Self {
        Self { manner, calls: Vec::new(), tokens: 3 }
    }
}
