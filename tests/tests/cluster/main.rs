//! The real operator and the real runtime over one real API server, each with its own rights and no others: what only the two of
//! them together show. `cargo test -p troupe-tests --test cluster`.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod conditions;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod managed;
#[cfg(test)]
mod place;
#[cfg(test)]
mod sandbox;
